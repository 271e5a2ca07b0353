import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
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
import { CUSTOM_BUCKETS, status } from './receiver-bed.ts';

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

function deliveryTo(client: WriteClient, counts: RemoteWriteCounts, version: RemoteWriteVersion = '1.0'): Delivery {
  const log = createLog('error', { write: () => undefined });
  const deps = { client, clock: new FakeClock(), random: seededRandom(1), log, userAgent: 'vigie/test', counts };
  const config = { version, queue: DEFAULT_QUEUE };
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

/** By kind and reason, those that are not 0. */
function dropsOf(counts: RemoteWriteCounts): Readonly<Record<string, number>> {
  const drops: Record<string, number> = {};
  counts.report(
    (metric, labels, value) => {
      if (metric.endsWith('Dropped') && 'reason' in labels && value > 0) drops[`${metric} ${labels.reason}`] = value;
    },
    { remote_name: '', url: '' },
  );
  return drops;
}

describe('what cannot be in a request is counted with its reason', () => {
  const mark = new Progress().begin({ segment: 1, byte: 16 });
  const [hits, other] = series(2);
  /** With a sample of another series. */
  const batchWithSample = (): Batch => {
    const batch = new Batch({ isLate: false, mayBeKnown: false }, 10, 0);
    batch.addFloat(hits!, 1_000, new Uint32Array(2), 0, 0, mark);
    return batch;
  };

  it('a histogram with custom buckets, where the receiver turns out to know 1.0 alone', async () => {
    const answers = [status(415), status(204)];
    const client: WriteClient = { post: async () => answers.shift() ?? status(500), close: () => undefined };
    const counts = new RemoteWriteCounts();
    const batch = batchWithSample();
    batch.addHistogram(other!, 1_000, CUSTOM_BUCKETS, 0, mark);
    await deliveryTo(client, counts, '2.0').deliver(batch, signal);
    expect(counts.sent).toEqual({ samples: 1, histograms: 0, exemplars: 0 });
    expect(dropsOf(counts)).toEqual({ 'histogramsDropped nhcb_in_rw1_not_supported': 1 });
  });

  it('an exemplar without a sample, which is not said to be lost by the receiver', async () => {
    const written = { 'x-prometheus-remote-write-samples-written': '1' };
    const client: WriteClient = { post: async () => status(204, written), close: () => undefined };
    const counts = new RemoteWriteCounts();
    const batch = batchWithSample();
    batch.addExemplar(other!, { labels: LabelSet.empty, value: 1, timestampMs: 1_000 }, mark);
    await deliveryTo(client, counts, '2.0').deliver(batch, signal);
    expect(dropsOf(counts)).toEqual({ 'exemplarsDropped without_sample': 1 });
  });
});
