import { describe, expect, it } from 'vitest';
import type { Damage } from '../../src/wal/replay.ts';
import type { ModelSample } from '../head/model.ts';
import { MemoryFiles } from '../memory-files.ts';
import { bed, contents, FOLDER, rows, seriesRef } from '../tsdb-bed.ts';

const SEGMENT = `${FOLDER}/000000000001.wal`;
const BATCHES = 6;
const SERIES = 3;

/** A log of one record of samples for each batch, and where each begins. */
async function smallLog(): Promise<Buffer> {
  const { tsdb, files, clock } = bed();
  await tsdb.start();
  for (let batch = 0; batch < BATCHES; batch++) {
    const refs = Array.from({ length: SERIES }, (_, n) => seriesRef(tsdb, { __name__: 'up', pod: `pod-${n}` }));
    await tsdb.append(rows(refs, clock.nowMs() + batch, (index) => batch * 10 + index));
  }
  return files.bytes(SEGMENT);
}

async function replayed(bytes: Buffer, later?: Buffer) {
  const files = new MemoryFiles({ [SEGMENT]: bytes, ...(later && { [`${FOLDER}/000000000002.wal`]: later }) });
  const { tsdb } = bed(files);
  const recovery = await tsdb.start();
  return { recovery, files, samples: await contents(tsdb) };
}

function total(samples: ReadonlyMap<string, readonly ModelSample[]>): number {
  return [...samples.values()].reduce((sum, list) => sum + list.length, 0);
}

function lostBytes(damages: readonly Damage[]): number {
  return damages.reduce((sum, { bytes }) => sum + bytes, 0);
}

describe('a damaged log', () => {
  it('cut anywhere, keeps every batch before the cut and mends itself', async () => {
    const whole = await smallLog();
    const expected = (await replayed(whole)).samples;
    let before = 0;
    for (let size = 0; size <= whole.length; size++) {
      const { samples, recovery, files } = await replayed(whole.subarray(0, size));
      const kept = total(samples);
      expect(kept % SERIES).toBe(0);
      expect(kept).toBeGreaterThanOrEqual(before);
      before = kept;
      for (const [key, list] of samples) expect(expected.get(key)!.slice(0, list.length)).toEqual(list);
      expect(recovery.damages.every(({ reason }) => reason === 'torn')).toBe(true);
      // Nothing is torn the second time.
      const again = bed(files);
      expect((await again.tsdb.start()).damages.filter(({ fromByte }) => fromByte > 0)).toEqual([]);
    }
    expect(before).toBe(BATCHES * SERIES);
  });

  it('with any one byte flipped, loses one batch at most and says where', async () => {
    const whole = await smallLog();
    const expected = (await replayed(whole)).samples;
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0xff;
      if (at >= 8 && at < 12) continue; // The version has a test of its own.
      const { samples, recovery } = await replayed(bytes);
      expect(total(samples)).toBeGreaterThanOrEqual((BATCHES - 1) * SERIES);
      expect(recovery.damages).toHaveLength(1);
      expect(lostBytes(recovery.damages)).toBeLessThan(250);
      for (const [key, list] of samples) for (const sample of list) expect(expected.get(key)).toContainEqual(sample);
      // Damage within is not torn, and stays told until a snapshot replaces the log.
      const isLastRecord = recovery.damages[0]!.fromByte + recovery.damages[0]!.bytes >= whole.length;
      expect(recovery.damages[0]!.reason).toBe(isLastRecord ? 'torn' : 'corrupt');
    }
  });

  it('with any bit of its version flipped, is replayed all the same', async () => {
    const whole = await smallLog();
    for (let at = 8; at < 12; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x01;
      const { samples, recovery } = await replayed(bytes);
      expect(total(samples)).toBe(BATCHES * SERIES);
      expect(recovery.damages).toMatchObject([{ fromByte: 0, reason: 'corrupt' }]);
    }
  });

  it('is corrupt, not torn, where another segment follows', async () => {
    const whole = await smallLog();
    const { recovery, files } = await replayed(whole.subarray(0, whole.length - 5), whole);
    expect(recovery.damages).toMatchObject([{ file: '000000000001.wal', reason: 'corrupt' }]);
    expect(files.bytes(SEGMENT)).toHaveLength(whole.length - 5);
  });
});
