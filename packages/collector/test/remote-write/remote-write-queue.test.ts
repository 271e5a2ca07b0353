import { readdirSync } from 'node:fs';
import { FakeClock } from '@vigie/core/fake-clock';
import { Telemetry } from '@vigie/core/telemetry';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_QUEUE } from '../../src/remote-write/remote-write-options.ts';
import type { RemoteWriteQueue } from '../../src/remote-write/remote-write-queue.ts';
import { REMOTE_WRITE_METRICS } from '../../src/remote-write/telemetry.ts';
import {
  contents,
  type Fault,
  NOW,
  openTsdb,
  queueOf,
  type Receiver,
  receiver,
  scrape,
  status,
  temporaryFolder,
  until,
} from './receiver-bed.ts';

const QUEUE = { ...DEFAULT_QUEUE, maxSamplesPerSend: 50, capacity: 200 };
let folder: ReturnType<typeof temporaryFolder>;
let clock: FakeClock;
let sender: Tsdb;
let peer: Receiver;

beforeEach(async () => {
  folder = temporaryFolder();
  clock = new FakeClock(NOW);
  sender = await openTsdb(`${folder.path}/sender`, clock, { head: { maxAheadMs: 1e12 } });
  peer = await receiver(`${folder.path}/receiver`, clock, { head: { maxAheadMs: 1e12 } });
});

afterEach(async () => {
  await sender.close();
  await peer.tsdb.close();
  folder.remove();
});

async function arrives(): Promise<void> {
  const wanted = await contents(sender);
  const isThere = async (): Promise<boolean> =>
    JSON.stringify([...(await contents(peer.tsdb))]) === JSON.stringify([...wanted]);
  await until(clock, isThere).catch(async () => {
    expect(await contents(peer.tsdb)).toEqual(wanted);
  });
}

async function close(queue: RemoteWriteQueue, graceMs = 1_000): Promise<void> {
  let isClosed = false;
  const closing = queue.close({ graceMs }).then(() => {
    isClosed = true;
  });
  await until(clock, () => isClosed);
  await closing;
}

describe.each(['1.0', '2.0'] as const)('remote write %s', (version) => {
  it('sends what the database takes, in order and to the bit', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, { version });
    await queue.start();
    for (let at = 0; at < 5; at++) await scrape(sender, 120, NOW + at * 15_000, at);
    const ref = sender.getOrCreate(LabelSet.of({ __name__: 'gone' }));
    const stale = new Float64Array(Uint32Array.of(STALE_LOW, STALE_HIGH).buffer);
    const one = { count: 1, refs: Uint32Array.of(Number(ref)) };
    await sender.append({ ...one, timestampsMs: Float64Array.of(NOW), values: Float64Array.of(1) });
    await sender.append({ ...one, timestampsMs: Float64Array.of(NOW + 15_000), values: stale });
    await arrives();
    expect([...(await contents(peer.tsdb))].find(([key]) => key.includes('gone'))?.[1]).toEqual([
      `${NOW} 1`,
      `${NOW + 15_000} stale`,
    ]);
    await until(clock, () => queue.counts.sent.samples === 602);
    expect(queue.counts.droppedSamples()).toBe(0);
    await close(queue);
  });

  it('sends native histograms between floats, exemplars and metadata', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, { version });
    await queue.start();
    sender.setMetadata({ metric: 'h', type: 'histogram', help: 'An h.', unit: 's' });
    const ref = Number(sender.getOrCreate(LabelSet.of({ __name__: 'h' })));
    const histogram = {
      counterResetHint: 'unknown',
      schema: 0,
      zeroThreshold: 0.001,
      zeroCount: 1,
      count: 6,
      sum: 9,
      positiveSpans: [{ offset: 0, length: 2 }],
      negativeSpans: [],
      positiveBuckets: [2, 3],
      negativeBuckets: [],
      customValues: [],
    } as const;
    await sender.appendHistograms([{ ref, timestampMs: NOW, histogram, startTimestampMs: 0 }]);
    await sender.appendHistograms([{ ref, timestampMs: NOW + 1_000, histogram, startTimestampMs: 0 }]);
    const stale = new Float64Array(Uint32Array.of(STALE_LOW, STALE_HIGH).buffer);
    await sender.append({
      count: 1,
      refs: Uint32Array.of(ref),
      timestampsMs: Float64Array.of(NOW + 2_000),
      values: stale,
    });
    await scrape(sender, 1, NOW);
    const counter = Number(sender.getOrCreate(LabelSet.of({ __name__: 'requests_total', pod: 'pod-0' })));
    const exemplar = { labels: LabelSet.of({ trace_id: 'abc' }), value: 1, timestampMs: NOW };
    sender.addExemplar(counter, exemplar);
    await sender.commit();
    await arrives();
    await until(clock, () => peer.tsdb.head.exemplars.count === 1 && peer.tsdb.head.metadata.count === 1, 5_000);
    const { metadata } = peer.tsdb.head;
    expect(metadata.query({ metric: 'h', limit: undefined, limitPerMetric: undefined })).toEqual([
      { metric: 'h', type: 'histogram', help: 'An h.', unit: 's' },
    ]);
    await close(queue);
  });

  it('loses nothing to errors, throttling, resets, and answers that never come', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, { version });
    const faults: Fault[] = [status(500), 'reset', status(429), 'taken_then_reset', status(503), undefined];
    peer.fault = (request) => faults[request % faults.length];
    await queue.start();
    for (let at = 0; at < 10; at++) await scrape(sender, 70, NOW + at * 15_000, at);
    await arrives();
    expect(queue.counts.retried.samples).toBeGreaterThan(0);
    expect(queue.counts.droppedSamples()).toBe(queue.counts.droppedSamples('known'));
    await close(queue);
  });

  it('holds a bounded number of samples while the receiver hangs, and reads the rest of the log later', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, { version });
    let isHanging = true;
    peer.fault = () => (isHanging ? status(503) : undefined);
    await queue.start();
    for (let at = 0; at < 30; at++) await scrape(sender, 50, NOW + at * 15_000, at);
    await until(clock, () => queue.counts.enqueueRetries > 0);
    expect(queue.pending).toBeLessThanOrEqual(200);
    isHanging = false;
    await arrives();
    await close(queue);
  });

  it('drops what is refused, and counts it by the status', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, { version });
    peer.fault = (request) => (request === 1 ? status(403) : undefined);
    await queue.start();
    await scrape(sender, 100, NOW);
    await until(clock, () => queue.counts.sent.samples + queue.counts.droppedSamples() === 100);
    expect(queue.counts.droppedSamples('http_403')).toBe(50);
    expect(queue.counts.sent.samples).toBe(50);
    await close(queue);
  });

  it('goes on after a restart with what was not sent, and sends little twice', async () => {
    const first = queueOf(sender, peer, folder.path, clock, { version });
    await first.start();
    await scrape(sender, 100, NOW);
    await arrives();
    peer.fault = () => status(503);
    await scrape(sender, 100, NOW + 15_000);
    await scrape(sender, 100, NOW + 30_000);
    await sender.snapshot();
    await close(first, 0);
    await sender.close();
    sender = await openTsdb(`${folder.path}/sender`, clock, { head: { maxAheadMs: 1e12 } });
    peer.fault = () => undefined;
    const second = queueOf(sender, peer, folder.path, clock, { version });
    await second.start();
    await scrape(sender, 100, NOW + 45_000);
    await arrives();
    expect(second.counts.droppedSamples()).toBe(0);
    await close(second);
  });
});

describe('remote write', () => {
  it('adds external labels where there are none, relabels, and counts series that are not sent', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, {
      externalLabels: LabelSet.of({ cluster: 'c1', pod: 'external' }),
      relabel: (labels) => (labels.get('pod') === 'pod-0' ? undefined : labels.without('cluster').with('k', 'v')),
    });
    await queue.start();
    await scrape(sender, 2, NOW);
    await until(clock, () => queue.counts.sent.samples === 1);
    expect([...(await contents(peer.tsdb)).keys()]).toEqual(['{"__name__":"requests_total","k":"v","pod":"pod-1"}']);
    expect(queue.counts.droppedSamples('dropped_series')).toBe(1);
    await close(queue);
  });

  it('speaks 1.0 to a receiver that does not know 2.0, by its status or by what it does not say', async () => {
    for (const [at, answer] of [status(415), status(204)].entries()) {
      const queue = queueOf(sender, peer, folder.path, clock, { name: `peer-${answer.httpStatus}` });
      peer.fault = () => {
        const version = peer.requests.at(-1)?.headers['x-prometheus-remote-write-version'];
        return version === '2.0.0' ? answer : undefined;
      };
      await queue.start();
      await scrape(sender, 10, NOW + at * 15_000);
      await arrives();
      expect(peer.requests.at(-1)?.headers['content-type']).toBe('application/x-protobuf');
      await close(queue);
    }
  });

  it('closes within its grace time while the receiver hangs, and sends the rest after the next start', async () => {
    const first = queueOf(sender, peer, folder.path, clock);
    peer.fault = () => 'hang';
    await first.start();
    await scrape(sender, 120, NOW);
    await until(clock, () => peer.requests.length > 0);
    const closing = first.close({ graceMs: 2_000 });
    await clock.advance(2_000);
    // From here on the clock stands still: what else is waited for is real.
    await closing;
    peer.fault = () => undefined;
    const second = queueOf(sender, peer, folder.path, clock);
    await second.start();
    await arrives();
    await close(second);
  });

  it('waits as long as Retry-After says', async () => {
    const queue = queueOf(sender, peer, folder.path, clock);
    peer.fault = (request) => (request === 1 ? status(429, { 'retry-after': '120' }) : undefined);
    await queue.start();
    await scrape(sender, 50, NOW);
    await until(clock, () => peer.requests.length === 1, 1);
    const from = clock.nowMs();
    await until(clock, () => queue.counts.sent.samples === 50, 1_000);
    expect(clock.nowMs() - from).toBeGreaterThanOrEqual(119_000);
    await close(queue);
  });

  it('drops a 429 where the configuration says so, and samples beyond the age limit', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, {
      queue: { ...QUEUE, retryOnHttp429: false, sampleAgeLimitMs: 60_000 },
    });
    peer.fault = (request) => (request === 1 ? status(429) : undefined);
    await queue.start();
    await scrape(sender, 50, NOW);
    await until(clock, () => queue.counts.droppedSamples('http_429') === 50);
    await scrape(sender, 10, NOW - 120_000 + 3_600_000);
    await until(clock, () => queue.counts.sent.samples === 10);
    await clock.advance(3_600_000);
    await scrape(sender, 10, NOW + 3_500_000);
    await until(clock, () => queue.counts.droppedSamples('too_old') === 10);
    await close(queue);
  });

  it('halves what a receiver finds too large', async () => {
    const queue = queueOf(sender, peer, folder.path, clock);
    const sizes: number[] = [];
    peer.fault = () => {
      const { bytes } = peer.requests.at(-1) ?? { bytes: 0 };
      sizes.push(bytes);
      return bytes > 300 ? status(413) : undefined;
    };
    await queue.start();
    await scrape(sender, 50, NOW);
    await arrives();
    expect(Math.min(...sizes)).toBeLessThan(300);
    await close(queue);
  });

  it('keeps the order of each series over shards that become more', async () => {
    const queue = queueOf(sender, peer, folder.path, clock, {
      queue: { ...QUEUE, maxShards: 8, batchSendDeadlineMs: 100 },
    });
    const post = peer.post.bind(peer);
    peer.post = async (body, headers, signal) => {
      await clock.sleep(400, signal);
      return post(body, headers, signal);
    };
    await queue.start();
    const telemetry = new Telemetry(REMOTE_WRITE_METRICS);
    telemetry.collect((report) => queue.report(report));
    const shards = async (): Promise<number> => {
      const { body } = await telemetry.expose();
      return Number(/^vigie_remote_storage_shards\{.*\} (\d+)$/m.exec(body)?.[1]);
    };
    let at = 0;
    await until(
      clock,
      async () => {
        await scrape(sender, 100, NOW + at * 15_000, at);
        at++;
        return (await shards()) > 1;
      },
      500,
    );
    await arrives();
    expect(queue.counts.droppedSamples()).toBe(0);
    await close(queue);
  });

  it('counts what the log lost because it had grown to its bound', async () => {
    await sender.close();
    sender = await openTsdb(`${folder.path}/bounded`, clock, { maxHeldBytes: 1, head: { maxAheadMs: 1e12 } });
    const queue = queueOf(sender, peer, folder.path, clock);
    peer.fault = () => status(503);
    await queue.start();
    for (let at = 0; at < 20; at++) {
      await scrape(sender, 50, NOW + at * 15_000, at);
      await sender.snapshot();
    }
    peer.fault = () => undefined;
    const telemetry = new Telemetry(REMOTE_WRITE_METRICS);
    telemetry.collect((report) => queue.report(report));
    const lost = async (): Promise<number> => {
      const { body } = await telemetry.expose();
      return Number(/^vigie_remote_storage_samples_dropped_total\{.*reason="log_bound"\} (\d+)$/m.exec(body)?.[1]);
    };
    await until(clock, async () => queue.counts.sent.samples + (await lost()) === 1_000);
    expect(await lost()).toBeGreaterThan(0);
    await close(queue);
  });

  it('sends late samples apart, so that a receiver that refuses them takes the others', async () => {
    await sender.close();
    sender = await openTsdb(`${folder.path}/late`, clock, {
      head: { maxAheadMs: 1e12, outOfOrderWindowMs: 3_600_000 },
    });
    const queue = queueOf(sender, peer, folder.path, clock, { version: '1.0' });
    await queue.start();
    await scrape(sender, 20, NOW + 60_000);
    await scrape(sender, 20, NOW);
    await scrape(sender, 20, NOW + 75_000);
    await until(clock, () => queue.counts.sent.samples === 40 && queue.counts.droppedSamples('http_400') === 20);
    await close(queue);
  });

  it('begins with all that is left of the log where its position is damaged', async () => {
    const first = queueOf(sender, peer, folder.path, clock);
    await first.start();
    await scrape(sender, 10, NOW);
    await close(first, 0);
    const { writeFileSync } = await import('node:fs');
    const [name] = readdirSync(`${folder.path}/positions`);
    writeFileSync(`${folder.path}/positions/${name}`, 'vigie-remote-write 1\n{"segment":9}\ncrc32 00000000\n');
    await sender.close();
    sender = await openTsdb(`${folder.path}/sender`, clock, { head: { maxAheadMs: 1e12 } });
    const second = queueOf(sender, peer, folder.path, clock);
    await second.start();
    await arrives();
    await close(second);
  });
});
