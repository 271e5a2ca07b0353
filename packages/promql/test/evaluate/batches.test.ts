/** Aggregations see their rows in parts: what comes out is what it would be of the whole. */
import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/evaluate/engine.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

const SERIES = 9_000;
const never = new AbortController().signal;

describe('an aggregation of more series than a part has', () => {
  const storage = new MemoryStorage();
  for (let index = 0; index < SERIES; index++) {
    // Groups that come up late, and names that only differ in what is dropped with them.
    const labels = LabelSet.of({
      __name__: `m${index % 2}_total`,
      n: String(index >> 1),
      g: String(index % (1 + (index >> 10))),
    });
    storage.append(
      labels,
      [0, 15_000, 30_000].map((timestampMs) => ({
        timestampMs,
        value: index + timestampMs / 1000,
        startTimestampMs: 0,
      })),
    );
  }
  const valuesOf = async (query: string): Promise<Readonly<Record<string, number>>> => {
    const { result } = await new Engine().instant(storage, query, 30_000, never);
    if (result.type !== 'vector') throw new Error(result.type);
    return Object.fromEntries(result.samples.map(({ labels, value }) => [labels.get('g'), value]));
  };
  const groups = Array.from({ length: SERIES }, (_, index) => index % (1 + (index >> 10)));

  it.each([
    ['sum by (g) (m0_total)', (of: readonly number[]) => of.reduce((sum, index) => sum + index + 30, 0)],
    ['count by (g) (m0_total)', (of: readonly number[]) => of.length],
    ['avg by (g) (m0_total)', (of: readonly number[]) => of.reduce((sum, index) => sum + index + 30, 0) / of.length],
    ['max by (g) (m0_total)', (of: readonly number[]) => Math.max(...of) + 30],
    ['min by (g) (m0_total)', (of: readonly number[]) => Math.min(...of) + 30],
    ['group by (g) (m0_total)', () => 1],
    ['stdvar by (g) (m0_total * 0)', () => 0],
    [
      'sum by (g) (max_over_time(m0_total[1m]))',
      (of: readonly number[]) => of.reduce((sum, index) => sum + index + 30, 0),
    ],
    [
      'sum by (g) (last_over_time(m0_total[1m]))',
      (of: readonly number[]) => of.reduce((sum, index) => sum + index + 30, 0),
    ],
    ['count by (g) (rate(m0_total[1m]))', (of: readonly number[]) => of.length],
  ])('%s', async (query, expected) => {
    const members = new Map<string, number[]>();
    for (const [index, group] of groups.entries()) {
      if (index % 2 === 0) members.set(String(group), [...(members.get(String(group)) ?? []), index]);
    }
    const values = await valuesOf(query);
    expect(Object.keys(values).sort()).toEqual([...members.keys()].sort());
    for (const [group, of] of members) expect(values[group]).toBeCloseTo(expected(of), 6);
  });

  it('refuses series of two metrics that are the same without their names, in whichever parts they come', async () => {
    await expect(valuesOf('sum(rate({__name__=~"m.*"}[1m]))')).rejects.toThrow(/same labelset/);
  });
});
