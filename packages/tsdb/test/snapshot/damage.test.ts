import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../memory-files.ts';
import { bed, contents, FOLDER, rows, seriesRef } from '../tsdb-bed.ts';

const SNAPSHOT = `${FOLDER}/000000000002.snapshot`;
/** More than a group takes. */
const SERIES = 1_500;

async function snapshotOf(series: number): Promise<Buffer> {
  const { tsdb, files, clock } = bed();
  await tsdb.start();
  const refs = Array.from({ length: series }, (_, n) => seriesRef(tsdb, { __name__: 'up', pod: `pod-${n}` }));
  for (let step = 0; step < 3; step++) await tsdb.append(rows(refs, clock.nowMs() + step, (index) => step + index));
  await tsdb.snapshot();
  return files.bytes(SNAPSHOT);
}

describe('a damaged snapshot', () => {
  it('costs the series of the damaged group, and says how many', async () => {
    const whole = await snapshotOf(SERIES);
    for (const at of [2_000, whole.length - 5_000]) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x10;
      const { tsdb } = bed(new MemoryFiles({ [SNAPSHOT]: bytes }));
      const recovery = await tsdb.start();
      expect(recovery.damages).toMatchObject([{ file: '000000000002.snapshot', reason: 'corrupt' }]);
      expect(recovery.lostSeries).toBeGreaterThan(0);
      expect(recovery.snapshotSeries + recovery.lostSeries!).toBe(SERIES);
      expect((await contents(tsdb)).size).toBe(recovery.snapshotSeries);
    }
  });

  it('with any one byte flipped is read without error, and says so', async () => {
    const whole = await snapshotOf(3);
    for (let at = 0; at < whole.length; at++) {
      if (at >= 8 && at < 12) continue;
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0xff;
      const { tsdb } = bed(new MemoryFiles({ [SNAPSHOT]: bytes }));
      expect((await tsdb.start()).damages.length).toBeGreaterThan(0);
    }
  });

  it('without its end does not know what is lost', async () => {
    const whole = await snapshotOf(SERIES);
    const { tsdb } = bed(new MemoryFiles({ [SNAPSHOT]: whole.subarray(0, whole.length - 24) }));
    expect(await tsdb.start()).toMatchObject({ snapshotSeries: SERIES, lostSeries: undefined });
  });

  it('is helped by segments that are still there from before it', async () => {
    const one = bed();
    await one.tsdb.start();
    const ref = seriesRef(one.tsdb, { __name__: 'up' });
    await one.tsdb.append(rows([ref], one.clock.nowMs(), () => 1));
    const segment = Buffer.from(one.files.bytes(`${FOLDER}/000000000001.wal`));
    await one.tsdb.snapshot();
    const snapshot = Buffer.from(one.files.bytes(SNAPSHOT));
    snapshot[40]! ^= 1;
    const again = bed(new MemoryFiles({ [SNAPSHOT]: snapshot, [`${FOLDER}/000000000001.wal`]: segment }));
    expect(await again.tsdb.start()).toMatchObject({ snapshotSeries: 0, samples: 1, unknownSamples: 0 });
    expect((await contents(again.tsdb)).size).toBe(1);
  });

  it('that was not finished is removed', async () => {
    const files = new MemoryFiles({ [`${SNAPSHOT}.tmp`]: Buffer.from('half') });
    await bed(files).tsdb.start();
    expect(files.names(FOLDER)).toEqual([]);
  });
});
