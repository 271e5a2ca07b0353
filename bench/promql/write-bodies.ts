/** Remote-write requests as Prometheus sends them by default: protocol 1.0, 2,000 samples each. Labels are encoded once; a
 *  scrape writes its values and times between them, so that the harness costs little beside what it measures. */
import { ProtoWriter } from '@vigie/wire/protobuf/writer';
import { compress } from '@vigie/wire/snappy';
import type { ClusterSeries } from './cluster-series.ts';

const SERIES_PER_REQUEST = 2_000;
/** A time of this century takes six bytes as a varint, so a sample always has the same length. */
const TIME_BYTES = 6;
const SAMPLE_BYTES = 1 + 8 + 1 + TIME_BYTES;

export class WriteBodies {
  readonly #batches: readonly Batch[];

  constructor(series: readonly ClusterSeries[]) {
    const batches: Batch[] = [];
    for (let from = 0; from < series.length; from += SERIES_PER_REQUEST) {
      batches.push(new Batch(series.slice(from, from + SERIES_PER_REQUEST), from));
    }
    this.#batches = batches;
  }

  /** Compressed bodies with a sample of every series.
   *  @param timeOf Unix ms by target */
  *at(values: Float64Array, timeOf: (target: number) => number): Generator<Buffer> {
    for (const batch of this.#batches) yield compress(batch.filled(values, timeOf));
  }
}

class Batch {
  readonly #from: number;
  readonly #body: Buffer;
  readonly #targets: readonly number[];
  /** Where the double of each series begins; its time stands nine bytes behind. */
  readonly #valueAt: Uint32Array;

  constructor(series: readonly ClusterSeries[], from: number) {
    this.#from = from;
    this.#targets = series.map(({ target }) => target);
    this.#valueAt = new Uint32Array(series.length);
    const parts: Buffer[] = [];
    let length = 0;
    for (const [index, { labels }] of series.entries()) {
      const encoded = encodeLabels(labels);
      const head = header(encoded.length + 2 + SAMPLE_BYTES);
      const sample = Buffer.alloc(2 + SAMPLE_BYTES);
      // Field 2, its length, field 1 as a double; then field 2 as a varint.
      sample.set([0x12, SAMPLE_BYTES, 0x09], 0);
      sample[11] = 0x10;
      this.#valueAt[index] = length + head.length + encoded.length + 3;
      parts.push(head, encoded, sample);
      length += head.length + encoded.length + sample.length;
    }
    this.#body = Buffer.concat(parts);
  }

  filled(values: Float64Array, timeOf: (target: number) => number): Buffer {
    for (let index = 0; index < this.#valueAt.length; index++) {
      const at = this.#valueAt[index]!;
      this.#body.writeDoubleLE(values[this.#from + index]!, at);
      writeTime(this.#body, at + 9, timeOf(this.#targets[index]!));
    }
    return this.#body;
  }
}

function encodeLabels(labels: Readonly<Record<string, string>>): Buffer {
  const writer = new ProtoWriter();
  for (const name of Object.keys(labels).sort()) {
    writer.message(1, () => {
      writer.string(1, name);
      writer.string(2, labels[name]!);
    });
  }
  return writer.finish();
}

/** Of a series in the request: field 1, its length. */
function header(length: number): Buffer {
  const bytes = [0x0a];
  for (let rest = length; ; rest >>>= 7) {
    if (rest < 0x80) {
      bytes.push(rest);
      return Buffer.from(bytes);
    }
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function writeTime(into: Buffer, at: number, timeMs: number): void {
  let rest = timeMs;
  for (let index = 0; index < TIME_BYTES; index++) {
    const low = rest % 128;
    rest = (rest - low) / 128;
    into[at + index] = index < TIME_BYTES - 1 ? low | 0x80 : low;
  }
}
