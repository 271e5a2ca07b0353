import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { COMPRESSED_AT_ONCE, HOT_SAMPLES, NO_TIMES, TimeLists } from '../../src/head/time-lists.ts';

describe('lists of times', () => {
  it('are one for all series that were appended to together', () => {
    const lists = new TimeLists();
    const series = new Array<number>(1000).fill(NO_TIMES);
    for (let scrape = 0; scrape < 100; scrape++)
      for (const [index, list] of series.entries()) series[index] = lists.append(list, scrape * 15_000);
    expect(new Set(series).size).toBe(1);
    expect(lists.count).toBe(1);
  });

  it('are at most eight for series that began one after the other', () => {
    const lists = new TimeLists();
    const series: number[] = [];
    for (let scrape = 0; scrape < 100; scrape++) {
      if (scrape < 60) series.push(NO_TIMES);
      for (const [index, list] of series.entries()) series[index] = lists.append(list, scrape * 15_000);
    }
    expect(new Set(series).size).toBe(COMPRESSED_AT_ONCE);
    expect(lists.count).toBe(COMPRESSED_AT_ONCE);
  });

  it('that went different ways are told apart, also when the number of one is used again', () => {
    const lists = new TimeLists();
    const first = lists.append(lists.append(NO_TIMES, 1), 2);
    const other = lists.append(lists.append(NO_TIMES, 1), 3);
    lists.release(first);
    const again = lists.append(lists.append(NO_TIMES, 1), 4);
    expect(timesOf(lists, again)).toEqual([1, 4]);
    expect(timesOf(lists, lists.append(lists.append(NO_TIMES, 1), 2))).toEqual([1, 2]);
    expect(timesOf(lists, other)).toEqual([1, 3]);
  });

  it.each([1, 2, 3, 4, 5, 6])('are what their series appended, inserted and let go, seed %i', (seed) => {
    const random = seededRandom(seed);
    const lists = new TimeLists();
    const targets = Array.from({ length: 6 }, (_, target) => ({
      lagMs: target === 1 ? 0 : target * 100,
      series: Array.from({ length: 40 }, () => ({ list: NO_TIMES, times: [] as number[] })),
    }));
    const all = targets.flatMap(({ series }) => series);
    for (let step = 1; step <= 300; step++) {
      for (const { lagMs, series } of targets) {
        for (const one of series) {
          if (random() < 0.05) continue;
          const timeMs = step * 15_000 + lagMs + (random() < 0.02 ? 1 : 0);
          if (one.times.length === HOT_SAMPLES) one.times.splice(0, COMPRESSED_AT_ONCE);
          one.times.push(timeMs);
          one.list = lists.append(one.list, timeMs);
        }
      }
      const chosen = all[Math.floor(random() * all.length)]!;
      if (chosen.times.length === HOT_SAMPLES) {
        chosen.times.splice(0, COMPRESSED_AT_ONCE);
        chosen.list = lists.shorten(chosen.list);
      } else if (random() < 0.5) {
        const at = Math.floor(random() * (chosen.times.length + 1));
        const timeMs = (chosen.times[at] ?? step * 15_000 + 10_000) - 7;
        chosen.times.splice(at, 0, timeMs);
        chosen.list = lists.insert(chosen.list, at, timeMs);
      } else {
        lists.release(chosen.list);
        Object.assign(chosen, { list: NO_TIMES, times: [] });
      }
      expect(all.map(({ list }) => timesOf(lists, list).join())).toEqual(all.map(({ times }) => times.join()));
      expect(lists.count).toBe(new Set(all.map(({ times }) => times.join()).filter((text) => text !== '')).size);
    }
    for (const { list } of all) lists.release(list);
    expect(lists.count).toBe(0);
  });
});

function timesOf(lists: TimeLists, list: number): number[] {
  const from = list * HOT_SAMPLES;
  return [...lists.timesMs.subarray(from, from + lists.counts[list]!)];
}
