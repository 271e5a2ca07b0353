import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { headStatus } from '../../src/head/status.ts';
import { rows } from '../tsdb-bed.ts';

describe("a head's status", () => {
  it('is that of an empty one', () => {
    expect(headStatus(new Head({}, { nowMs: () => 0 }), 10)).toEqual({
      headStats: { numSeries: 0, numLabelPairs: 0, chunkCount: 0, minTime: 0, maxTime: 0 },
      seriesCountByMetricName: [],
      labelValueCountByLabelName: [],
      memoryInBytesByLabelName: [],
      seriesCountByLabelValuePair: [],
    });
  });

  it('says what has most series, values and bytes, as many as are asked for', () => {
    const head = new Head({ retentionMs: 1_000 }, { nowMs: () => 10_000 });
    const random = seededRandom(7);
    const all = Array.from({ length: 200 }, (_, n) =>
      LabelSet.of({
        __name__: `m${Math.floor(random() * 9)}`,
        job: n % 3 === 0 ? 'é' : 'node',
        pod: `pod-${n % 50}`,
        n: String(n),
      }),
    );
    const refs = all.map((labels) => head.getOrCreate(labels)).filter((ref) => typeof ref === 'number');
    for (const atMs of [8_000, 9_000, 9_500]) head.append(rows(refs, atMs, () => 1));
    const status = headStatus(head, 4);
    expect(status.headStats).toEqual({
      numSeries: 200,
      numLabelPairs: 9 + 2 + 50 + 200,
      chunkCount: 200,
      minTime: 8_500,
      maxTime: 9_500,
    });
    const counted = new Map<string, number>();
    for (const labels of all)
      for (const [name, value] of labels.entries())
        counted.set(`${name}=${value}`, (counted.get(`${name}=${value}`) ?? 0) + 1);
    const largest = [...counted.values()].sort((a, b) => b - a);
    expect(status.seriesCountByLabelValuePair.map(({ value }) => value)).toEqual(largest.slice(0, 4));
    for (const { name, value } of status.seriesCountByLabelValuePair) expect(counted.get(name)).toBe(value);
    for (const { name, value } of status.seriesCountByMetricName) expect(counted.get(`__name__=${name}`)).toBe(value);
    expect(status.labelValueCountByLabelName).toEqual([
      { name: 'n', value: 200 },
      { name: 'pod', value: 50 },
      { name: '__name__', value: 9 },
      { name: 'job', value: 2 },
    ]);
    const job = status.memoryInBytesByLabelName.find(({ name }) => name === 'job');
    expect(job?.value).toBe(67 * 2 + 133 * 4);
    expect(headStatus(head, 100).seriesCountByMetricName).toHaveLength(9);
  });
});
