/** Records as samples: a line each, of `KEY VALUE;` for every series that it counts for, so that a request that is given up
 *  and read again counts once. The keys mean something in this process alone. */
import { Batch } from '../../batch/batch.ts';
import type { RecordFacts } from '../../encode/document.ts';
import { type GroupShape, isRecord, type Room, type Rows } from '../../encode/group-shape.ts';
import type { EncodeResult } from '../../kernel/kernel.ts';
import type { Sampler } from './sampler.ts';
import type { SampledContainer, SeriesTable } from './series-table.ts';

export interface MetricShapeDeps {
  /** Of each metric of the table, in order. */
  readonly samplers: readonly Sampler[];
  readonly table: SeriesTable;
  /** So many fields held what cannot be a sample. */
  readonly invalid: (samples: number) => void;
}

export class MetricShape implements GroupShape {
  readonly #facts: RecordFacts;
  readonly #deps: MetricShapeDeps;
  #invalid = 0;

  constructor(facts: RecordFacts, deps: MetricShapeDeps) {
    this.#facts = facts;
    this.#deps = deps;
  }

  write({ kernel, first, end }: Rows, room: Room, wrote: (row: number) => void): EncodeResult {
    const { samplers, table, invalid } = this.#deps;
    const batch = new Batch(kernel);
    const container = table.container(this.#facts);
    for (const sampler of samplers) sampler.begin(batch, this.#facts);
    let out = room.start;
    let records = 0;
    let row = first;
    for (; row < end; row++) {
      if (!isRecord(kernel.table.flags(row))) continue;
      if (out >= room.softEnd) break;
      const line = this.#line(batch, row, container);
      if (out + line.length > room.hardEnd) break;
      out += kernel.memory.write(line, out, 'latin1');
      records++;
      wrote(row);
      if (this.#invalid > 0) invalid(this.#invalid);
    }
    return { nextRow: row, records, writtenBytes: out - room.start };
  }

  #line(batch: Batch, row: number, container: SampledContainer): string {
    const { samplers, table } = this.#deps;
    this.#invalid = 0;
    let line = '';
    for (const [metric, sampler] of samplers.entries()) {
      const sample = sampler.sample(batch, row);
      if (sample === undefined) continue;
      if (Number.isNaN(sample)) this.#invalid++;
      else line += `${table.keyOf(container, metric, sampler.labels(batch, row))} ${sample};`;
    }
    return `${line}\n`;
  }
}

/** @param body lines as a MetricShape writes them */
export function addSamples(body: Uint8Array, table: SeriesTable): void {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  for (const line of text.split('\n')) {
    for (let at = 0; at < line.length; ) {
      const space = line.indexOf(' ', at);
      const end = line.indexOf(';', space);
      table.add(Number(line.slice(at, space)), Number(line.slice(space + 1, end)));
      at = end + 1;
    }
  }
}
