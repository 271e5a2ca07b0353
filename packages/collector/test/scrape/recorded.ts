import { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { Head } from '@vigie/tsdb/head/head';
import { HeadQuerier } from '@vigie/tsdb/head-querier';
import type { SampleStore } from '../../src/scrape/target-samples.ts';

export interface RecordingStore extends SampleStore {
  readonly head: Head;
  /** `t=value` of each sample, seconds since the start, by the labels of the series without its name. */
  recorded(name: string): Promise<Record<string, string>>;
}

/** A database without log. */
export function recordingStore(
  startMs: number,
  nowMs: () => number,
  options: Partial<Head['options']> = {},
): RecordingStore {
  const head = new Head(options, { nowMs });
  const querier = new HeadQuerier(head);
  return {
    head,
    commit: async () => true,
    gather: () => () => undefined,
    recorded: (name) => recorded(querier, name, startMs),
  };
}

async function recorded(querier: Querier, name: string, startMs: number): Promise<Record<string, string>> {
  const range = { fromMs: 0, toMs: 8e15 };
  const { series } = await querier.select(
    {
      matchers: [new Matcher('__name__', '=', name)],
      range,
      hints: { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false },
    },
    new AbortController().signal,
  );
  const columns = new SampleColumns();
  return Object.fromEntries(
    series.map((one) => {
      columns.clear();
      one.read(range, columns);
      const samples = Array.from({ length: columns.length }, (_, at) => {
        const seconds = ((columns.timestampsMs[at] ?? 0) - startMs) / 1000;
        const histogram = columns.histograms?.[at];
        const value = histogram === undefined ? columns.values[at] : `count:${histogram.count}`;
        return `${seconds}=${columns.isStale(at) ? 'stale' : value}`;
      });
      return [JSON.stringify(one.labels.without('__name__')), samples.join(' ')];
    }),
  );
}
