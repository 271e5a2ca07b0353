import { Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine } from '@vigie/promql/evaluate/query-engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { expect, it } from 'vitest';
import { EngineQuerier } from '../../src/adapter/engine-querier.ts';
import { never } from './world.ts';

const RANGE = { fromMs: 100_000, toMs: 160_000 };
const HINTS = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };

function querierOf(series: Readonly<Record<string, readonly (readonly [number, number | 'stale'])[]>>): EngineQuerier {
  const storage = new MemoryStorage();
  for (const [pod, samples] of Object.entries(series)) {
    storage.append(
      LabelSet.of({ __name__: 'up', pod, 'a.b': 'x' }),
      samples.map(([seconds, value]) => ({ timestampMs: seconds * 1000, value, startTimestampMs: 0 })),
    );
  }
  return new EngineQuerier(embeddedEngine(new Engine(), storage), 5000);
}

it('selects the samples of series that have not ended, both ends included', async () => {
  const querier = querierOf({
    a: [
      [99, 1],
      [100, 2],
      [160, 3],
      [161, 4],
    ],
    gone: [
      [110, 1],
      [130, 'stale'],
    ],
    old: [[99, 1]],
  });
  const matchers = [new Matcher('__name__', '=', 'up'), new Matcher('a.b', '=~', 'x|y')];
  const { series } = await querier.select({ matchers, range: RANGE, hints: HINTS }, never);
  expect(series.map(({ labels }) => labels.get('pod'))).toEqual(['a']);
  const columns = new SampleColumns();
  series[0]?.read(RANGE, columns);
  expect([...columns.timestampsMs.subarray(0, columns.length)]).toEqual([100_000, 160_000]);
  expect([...columns.values.subarray(0, columns.length)]).toEqual([2, 3]);
});

it('lists names, values and series', async () => {
  const querier = querierOf({ a: [[150, 1]], b: [[150, 1]] });
  const query = { matcherSets: [[new Matcher('pod', '!=', '')]], range: RANGE, limit: undefined };
  expect((await querier.labelNames(query, never)).values).toEqual(['__name__', 'a.b', 'pod']);
  expect((await querier.labelValues('pod', query, never)).values).toEqual(['a', 'b']);
  expect((await querier.labelValues('__name__', query, never)).values).toEqual(['up']);
  expect((await querier.labelValues('a.b', { ...query, limit: 0 }, never)).values).toEqual([]);
  expect((await querier.series({ ...query, limit: 1 }, never)).series.length).toBe(1);
  expect(await querier.metadata()).toEqual([]);
});
