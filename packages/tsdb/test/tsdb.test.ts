import { describe, expect, it } from 'vitest';
import { bed, contents, FOLDER, rows, seriesRef } from './tsdb-bed.ts';

describe('a database', () => {
  it('writes appends that come together at once, and syncs them within the stated interval', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    const synced: string[] = [];
    files.fault = (operation, path) => {
      if (operation === 'sync' && path.endsWith('.wal')) synced.push(path);
      return undefined;
    };
    const ref = seriesRef(tsdb, { __name__: 'up' });
    const appends = Array.from({ length: 50 }, (_, step) => tsdb.append(rows([ref], clock.nowMs() + step, () => step)));
    for (const { accepted, isLogged } of await Promise.all(appends))
      expect({ accepted, isLogged }).toEqual({ accepted: 1, isLogged: true });
    expect(tsdb.walCounts?.writes).toBeLessThanOrEqual(2);
    await clock.advance(999);
    expect(synced).toEqual([]);
    await clock.advance(1);
    expect(synced).toEqual([`${FOLDER}/000000000001.wal`]);
    await clock.advance(100_000);
    expect(synced).toHaveLength(1);
    await tsdb.close();
  });

  it('writes samples that are on their way together when the last of them is there, all of them at once', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    const ref = seriesRef(tsdb, { __name__: 'up' });
    const arrivals = Array.from({ length: 5 }, () => tsdb.gather());
    for (const [sample, arrived] of arrivals.entries()) {
      expect(tsdb.walCounts?.writes).toBe(0);
      tsdb.head.append(rows([ref], clock.nowMs() + sample, () => sample));
      arrived();
      await clock.advance(5);
    }
    expect(tsdb.walCounts?.writes).toBe(1);
    const { tsdb: after } = bed(files.copy());
    await after.start();
    expect((await contents(after)).get('__name__\xffup\xfe')).toHaveLength(5);
    await after.close();
    await tsdb.close();
  });

  it('writes them a tenth of a second later where one of them does not come', async () => {
    const { tsdb, clock } = bed();
    await tsdb.start();
    const [late, inTime] = [tsdb.gather(), tsdb.gather()];
    tsdb.head.append(rows([seriesRef(tsdb, { __name__: 'up' })], clock.nowMs(), () => 1));
    inTime();
    await clock.advance(99);
    expect(tsdb.walCounts?.writes).toBe(0);
    await clock.advance(1);
    expect(tsdb.walCounts?.writes).toBe(1);
    late();
    await tsdb.close();
    expect(tsdb.walCounts?.writes).toBe(1);
  });

  it('writes what is gathered when it closes', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    tsdb.gather();
    const arrived = tsdb.gather();
    tsdb.head.append(rows([seriesRef(tsdb, { __name__: 'up' })], clock.nowMs(), () => 1));
    arrived();
    await tsdb.close();
    const { tsdb: after } = bed(files);
    await after.start();
    expect((await contents(after)).size).toBe(1);
    await after.close();
  });

  it('takes snapshots by itself, and drops the log before them', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    const ref = seriesRef(tsdb, { __name__: 'up' });
    for (let minute = 0; minute < 40; minute++) {
      await clock.advance(60_000);
      await tsdb.append(rows([ref], clock.nowMs(), () => minute));
    }
    expect(tsdb.snapshots.written).toBe(2);
    expect(files.names(FOLDER).filter((name) => name.endsWith('.snapshot'))).toHaveLength(1);
    expect(files.names(FOLDER).filter((name) => name.endsWith('.wal'))).toHaveLength(1);
    await tsdb.close();
  });

  it('compresses silent series and forgets those beyond retention by itself', async () => {
    const { tsdb, clock } = bed(undefined, { retentionMs: 1_200_000, coldAfterMs: 120_000 });
    await tsdb.start();
    const [silent, busy] = [seriesRef(tsdb, { __name__: 'silent' }), seriesRef(tsdb, { __name__: 'busy' })];
    await tsdb.append(rows([silent, busy], clock.nowMs(), () => 1));
    const after = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute++) {
        await clock.advance(60_000);
        await tsdb.append(rows([busy], clock.nowMs(), () => 1));
      }
    };
    await after(5);
    expect(tsdb.head.store.hot.used).toBe(1);
    expect((await contents(tsdb)).size).toBe(2);
    await after(20);
    expect((await contents(tsdb)).size).toBe(1);
    expect(tsdb.head.counts.seriesRemoved).toBe(1);
    await tsdb.close();
  });

  it('lets a series that has ended leave the hot head, and finds it until retention', async () => {
    const { tsdb, clock } = bed(undefined, { retentionMs: 3_600_000 });
    await tsdb.start();
    const [ended, busy] = [seriesRef(tsdb, { __name__: 'ended' }), seriesRef(tsdb, { __name__: 'busy' })];
    const stale = new Float64Array(new Uint32Array([2, 0x7ff00000]).buffer);
    const startedMs = clock.nowMs();
    await tsdb.append(rows([ended, busy], startedMs, () => 1));
    await clock.advance(15_000);
    await tsdb.append({ ...rows([ended], clock.nowMs(), () => 0), values: stale });
    for (let minute = 0; minute < 7; minute++) {
      await clock.advance(60_000);
      await tsdb.append(rows([busy], clock.nowMs(), () => 1));
    }
    expect(tsdb.head.store.hot.used).toBe(1);
    expect((await contents(tsdb)).get('__name__\xffended\xfe')).toEqual([
      { timestampMs: startedMs, value: '3ff00000.0' },
      { timestampMs: startedMs + 15_000, value: '7ff00000.2' },
    ]);
    await tsdb.close();
  });

  it('warns of a query that reaches back beyond what is kept, and says from when on there are samples', async () => {
    const { tsdb, clock } = bed(undefined, { retentionMs: 60_000 });
    await tsdb.start();
    await tsdb.append(rows([seriesRef(tsdb, { __name__: 'up' })], clock.nowMs(), () => 1));
    const query = (fromMs: number) => ({ matcherSets: [], range: { fromMs, toMs: clock.nowMs() }, limit: undefined });
    const { signal } = new AbortController();
    const warnings = ['the query reaches back beyond retention: samples are kept from 2025-12-31T23:59:00.000Z on'];
    expect((await tsdb.querier.series(query(clock.nowMs() - 60_001), signal)).warnings).toEqual(warnings);
    expect((await tsdb.querier.labelNames(query(0), signal)).warnings).toEqual(warnings);
    expect((await tsdb.querier.series(query(clock.nowMs() - 60_000), signal)).warnings).toEqual([]);
    await tsdb.close();
  });

  it('says that what it took survives the process only once the log, or a snapshot, has all of it', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    const ref = seriesRef(tsdb, { __name__: 'up' });
    files.fault = (operation) => (operation === 'write' ? 'EIO' : undefined);
    expect((await tsdb.append(rows([ref], clock.nowMs(), () => 1))).isLogged).toBe(false);
    files.fault = () => undefined;
    expect(await tsdb.commit()).toBe(false);
    await tsdb.snapshot();
    expect(await tsdb.commit()).toBe(true);
    expect((await tsdb.append(rows([ref], clock.nowMs() + 1, () => 1))).isLogged).toBe(true);
    await tsdb.close();
  });

  it('closes once, with nothing left to write or to wait for', async () => {
    const { tsdb, clock, files } = bed();
    await tsdb.start();
    const pending = tsdb.append(rows([seriesRef(tsdb, { __name__: 'up' })], clock.nowMs(), () => 1));
    await Promise.all([tsdb.close(), tsdb.close()]);
    expect((await pending).isLogged).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    const again = bed(files);
    await again.tsdb.start();
    expect((await contents(again.tsdb)).size).toBe(1);
  });
});
