import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { WriteRequestReader } from '@vigie/wire/remote-write/write-request-reader';
import { decompress } from '@vigie/wire/snappy';
import { describe, expect, it } from 'vitest';
import { Batch } from '../../src/remote-write/batch.ts';
import { Delivery } from '../../src/remote-write/delivery.ts';
import type { OutgoingSeries } from '../../src/remote-write/outgoing-series.ts';
import { Progress } from '../../src/remote-write/progress.ts';
import { DEFAULT_QUEUE } from '../../src/remote-write/remote-write-options.ts';
import { RemoteWriteCounts } from '../../src/remote-write/telemetry.ts';
import type { WriteClient } from '../../src/remote-write/write-client.ts';
import { status } from './receiver-bed.ts';

const { signal } = new AbortController();

/** As Prometheus receives 1.0: the newest time of each series, and a request with an older one is refused as a whole. */
class StrictReceiver implements WriteClient {
  readonly samples = new Map<string, Map<number, number>>();
  requests = 0;

  async post(body: Uint8Array) {
    this.requests++;
    const names: string[] = [];
    const reader = new WriteRequestReader((labels) => names.push(labels[1]!) - 1);
    const { count, refs, timestampsMs, values } = reader.read(decompress(body, 1e6), '1.0');
    const taken = new Map([...this.samples].map(([name, samples]) => [name, new Map(samples)]));
    for (let row = 0; row < count; row++) {
      const of = taken.get(names[refs[row]!]!) ?? new Map<number, number>();
      taken.set(names[refs[row]!]!, of);
      const newest = Math.max(...of.keys(), Number.NEGATIVE_INFINITY);
      if (timestampsMs[row]! < newest) return status(400);
      of.set(timestampsMs[row]!, values[row]!);
    }
    for (const [name, samples] of taken) this.samples.set(name, samples);
    return status(204);
  }

  close(): void {}

  get count(): number {
    return [...this.samples.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

function series(names: number): readonly OutgoingSeries[] {
  return Array.from({ length: names }, (_, ref) => ({
    ref,
    labels: ['__name__', `s${ref}`],
    lastMs: Number.NaN,
    lastValue: 0,
    endsWithHistogram: false,
  }));
}

/** Rows of scrapes of all series, one behind the other. */
function batchOf(rows: number, from: number, all: readonly OutgoingSeries[], mayBeKnown: boolean): Batch {
  const batch = new Batch({ isLate: false, mayBeKnown }, rows, 0);
  const mark = new Progress().begin({ segment: 1, byte: 16 });
  for (let row = from; row < from + rows; row++) {
    const words = new Uint32Array(Float64Array.of(row).buffer);
    batch.addFloat(all[row % all.length]!, 1_000 * (1 + Math.floor(row / all.length)), words, 0, 0, mark);
  }
  return batch;
}

function deliveryTo(client: WriteClient, counts: RemoteWriteCounts): Delivery {
  const log = createLog('error', { write: () => undefined });
  const deps = { client, clock: new FakeClock(), random: seededRandom(1), log, userAgent: 'vigie/test', counts };
  const config = { version: '1.0', queue: DEFAULT_QUEUE } as const;
  return new Delivery(config, { ...deps, metadataOf: () => undefined, observeSeconds: () => undefined });
}

describe('a receiver that refuses a request for one old sample', () => {
  it('gets every sample that it does not have, wherever the first sending had come to', async () => {
    const random = seededRandom(20_261_129);
    for (let round = 0; round < 200; round++) {
      const receiver = new StrictReceiver();
      const all = series(1 + Math.floor(random() * 30));
      const rows = 2 + Math.floor(random() * 120);
      const sent = Math.floor(random() * (rows + 1));
      const case_ = `${all.length} series, ${rows} rows, ${sent} sent before`;
      const counts = new RemoteWriteCounts();
      if (sent > 0) await deliveryTo(receiver, counts).deliver(batchOf(sent, 0, all, false), signal);
      await deliveryTo(receiver, counts).deliver(batchOf(rows, 0, all, true), signal);
      expect(receiver.count, case_).toBe(rows);
      expect(counts.droppedSamples(), case_).toBe(counts.droppedSamples('known'));
    }
  });

  it('is asked few questions for it', async () => {
    const receiver = new StrictReceiver();
    const all = series(500);
    await deliveryTo(receiver, new RemoteWriteCounts()).deliver(batchOf(1_337, 0, all, false), signal);
    receiver.requests = 0;
    await deliveryTo(receiver, new RemoteWriteCounts()).deliver(batchOf(2_000, 0, all, true), signal);
    expect(receiver.count).toBe(2_000);
    expect(receiver.requests).toBeLessThan(20);
  });
});
