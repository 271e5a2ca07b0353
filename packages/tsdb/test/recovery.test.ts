import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './memory-files.ts';
import { oddNumbers } from './odd-numbers.ts';
import { randomHistogram } from './random-histogram.ts';
import { type Bed, bed, contents, FOLDER, rows, seriesRef } from './tsdb-bed.ts';

/** Floats, late ones, histograms, series that come and go; a snapshot now and then. */
async function ingest(one: Bed, random: () => number, steps: number): Promise<void> {
  const { tsdb, clock } = one;
  for (let step = 0; step < steps; step++) {
    await clock.advance(15_000);
    const nowMs = clock.nowMs();
    const names = Array.from({ length: 30 }, (_, n) => ({
      __name__: `metric_${n % 5}`,
      pod: `pod-${n + Math.floor(step / 20)}`,
    }));
    const refs = names.map((labels) => seriesRef(tsdb, labels));
    const values = oddNumbers(random, refs.length);
    const atMs = random() < 0.1 ? nowMs - Math.floor(random() * 500_000) : nowMs;
    await tsdb.append(rows(refs, atMs, (index) => values[index]!));
    const ref = seriesRef(tsdb, { __name__: 'latency' });
    const histogram = randomHistogram(seededRandom(step >> 3), random);
    const timestampMs = random() < 0.2 ? nowMs - Math.floor(random() * 500_000) : nowMs;
    await tsdb.appendHistograms([{ ref, timestampMs, histogram, startTimestampMs: step % 50 === 0 ? 0 : 1_000 }]);
    if (random() < 0.1) await tsdb.append(rows([ref], nowMs - Math.floor(random() * 500_000), () => 1));
    if (random() < 0.02) await tsdb.snapshot();
  }
}

describe('a restart', () => {
  it.each([1, 2, 3, 4, 5, 6])('finds every sample again, bit for bit, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const head = { outOfOrderWindowMs: random() < 0.5 ? 600_000 : 0, retentionMs: Number.POSITIVE_INFINITY };
    let one = bed(new MemoryFiles(), head);
    await one.tsdb.start();
    for (let generation = 0; generation < 4; generation++) {
      await ingest(one, random, 40 + Math.floor(random() * 60));
      const before = await contents(one.tsdb);
      // Without closing: as if killed.
      one = bed(one.files.copy(), head, new FakeClock(one.clock.nowMs()));
      const recovery = await one.tsdb.start();
      expect(recovery.damages).toEqual([]);
      expect(recovery.unknownSamples).toBe(0);
      expect(await contents(one.tsdb)).toEqual(before);
    }
  });

  it('finds exemplars and metadata again, from the log and from a snapshot', async () => {
    const one = bed();
    await one.tsdb.start();
    const ref = seriesRef(one.tsdb, { __name__: 'up' });
    const exemplar = { labels: LabelSet.of({ trace_id: 'abc' }), value: 1.5, timestampMs: one.clock.nowMs() };
    one.tsdb.addExemplar(ref, exemplar);
    one.tsdb.setMetadata({ metric: 'up', type: 'gauge', help: 'Whether it is.', unit: '' });
    await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
    for (const how of ['log', 'snapshot']) {
      if (how === 'snapshot') await one.tsdb.snapshot();
      const again = bed(one.files.copy(), {}, one.clock);
      await again.tsdb.start();
      const query = { matcherSets: [], range: { fromMs: 0, toMs: 1e15 }, limit: undefined };
      const { signal } = new AbortController();
      const [series] = await again.tsdb.querier.exemplars(query, signal);
      expect(series?.exemplars).toEqual([exemplar]);
      const metadata = { metric: undefined, limit: undefined, limitPerMetric: undefined };
      expect(await again.tsdb.querier.metadata(metadata, signal)).toHaveLength(1);
    }
  });

  it('reads no log that a snapshot has made superfluous, and keeps none', async () => {
    const one = bed();
    await one.tsdb.start();
    const ref = seriesRef(one.tsdb, { __name__: 'up' });
    await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
    await one.tsdb.snapshot();
    expect(one.files.names(FOLDER)).toEqual(['000000000002.snapshot']);
    await one.tsdb.append(rows([ref], one.clock.nowMs() + 1, () => 2));
    const again = bed(one.files);
    const recovery = await again.tsdb.start();
    expect(recovery).toMatchObject({ snapshotSeries: 1, samples: 1, lostSeries: 0 });
    expect([...(await contents(again.tsdb)).values()][0]).toHaveLength(2);
  });

  it('refuses files of a later version and leaves them alone', async () => {
    const one = bed();
    await one.tsdb.start();
    await one.tsdb.append(rows([seriesRef(one.tsdb, { __name__: 'up' })], one.clock.nowMs(), () => 1));
    const path = `${FOLDER}/000000000001.wal`;
    const bytes = Buffer.from(one.files.bytes(path));
    bytes.writeUInt32LE(2, 8);
    const { crc32 } = await import('node:zlib');
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    const files = new MemoryFiles({ [path]: bytes });
    await expect(bed(files).tsdb.start()).rejects.toMatchObject({ code: 'TSDB_VERSION' });
    expect(files.bytes(path)).toEqual(bytes);
  });
});

describe('a disk that fails', () => {
  it.each(['write', 'sync', 'open'] as const)('at %s costs nothing once a snapshot is written', async (operation) => {
    const one = bed();
    await one.tsdb.start();
    const ref = seriesRef(one.tsdb, { __name__: 'up' });
    let failing = true;
    one.files.fault = (asked) => (failing && asked === operation ? 'ENOSPC' : undefined);
    const { isLogged, accepted } = await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
    expect(accepted).toBe(1);
    expect(isLogged).toBe(false);
    await one.clock.advance(2_000);
    expect(one.failures).toContain('log');
    await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 2));
    failing = false;
    await one.clock.advance(60_000);
    const again = bed(one.files.copy());
    await again.tsdb.start();
    expect([...(await contents(again.tsdb)).values()][0]).toHaveLength(2);
  });

  it('leaves the old snapshot and its log where the new one cannot be written', async () => {
    const one = bed();
    await one.tsdb.start();
    const ref = seriesRef(one.tsdb, { __name__: 'up' });
    await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
    await one.tsdb.snapshot();
    await one.tsdb.append(rows([ref], one.clock.nowMs() + 1, () => 2));
    one.files.fault = (asked) => (asked === 'rename' ? 'EIO' : undefined);
    await expect(one.tsdb.snapshot()).rejects.toMatchObject({ code: 'EIO' });
    expect(one.failures).toEqual(['snapshot']);
    const again = bed(one.files.copy());
    await again.tsdb.start();
    expect([...(await contents(again.tsdb)).values()][0]).toHaveLength(2);
  });
});
