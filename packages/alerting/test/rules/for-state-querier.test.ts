import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { expect, it } from 'vitest';
import { forStateQuerier } from '../../src/rules/for-state-querier.ts';

const series = (job: string, ...samples: readonly (readonly [number, number])[]) => ({
  labels: LabelSet.of({ job }),
  timestampsMs: Float64Array.from(samples, ([timestampMs]) => timestampMs),
  values: Float64Array.from(samples, ([, value]) => value),
  histograms: undefined,
});

it('asks for the hour before, and takes what ended before the newest for over', async () => {
  const asked: unknown[] = [];
  const querier = forStateQuerier({
    instant: async ({ query, timestampMs }) => {
      asked.push([query, timestampMs]);
      const found = [series('a', [1000, 7], [2000, 7]), series('b', [1000, 8])];
      return { result: { type: 'matrix', series: found }, warnings: [], infos: [], usage: undefined };
    },
  });
  const matchers = [new Matcher('alertname', '=', 'A "b"'), new Matcher('__name__', '=', 'ALERTS_FOR_STATE')];
  const range = { fromMs: 0, toMs: 3_600_000 };
  const hints = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
  const { series: found } = await querier.select({ matchers, range, hints }, new AbortController().signal);
  expect(asked).toEqual([['{"alertname"="A \\"b\\"","__name__"="ALERTS_FOR_STATE"}[3600000ms]', 3_600_000]]);
  const columns = new SampleColumns();
  for (const one of found) one.read(range, columns);
  expect(found.map(({ labels }) => labels.toJSON())).toEqual([{ job: 'a' }]);
  expect([...columns.values.subarray(0, columns.length)]).toEqual([7, 7]);
});
