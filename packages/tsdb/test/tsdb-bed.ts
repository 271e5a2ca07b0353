/** A database over files in memory, and what is in it as plain values. */
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { HeadOptions } from '../src/head/options.ts';
import type { SeriesRef } from '../src/head/series-table.ts';
import { Tsdb } from '../src/tsdb.ts';
import { type ModelSample, samplesOf } from './head/model.ts';
import { MemoryFiles } from './memory-files.ts';

export const FOLDER = '/tsdb';
export const HINTS = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
export const ALL_TIME = { fromMs: -1e15, toMs: 1e15 };
const { signal } = new AbortController();

export interface Bed {
  readonly tsdb: Tsdb;
  readonly clock: FakeClock;
  readonly files: MemoryFiles;
  readonly failures: string[];
}

export function bed(
  files = new MemoryFiles(),
  head: Partial<HeadOptions> = {},
  clock = new FakeClock(),
  maxHeldBytes = 1e9,
): Bed {
  const failures: string[] = [];
  const reports = { failed: (operation: string) => void failures.push(operation) };
  const options = { folder: FOLDER, fsyncIntervalMs: 1_000, snapshotIntervalMs: 900_000, maxHeldBytes, head };
  return { tsdb: new Tsdb(options, { fs: files, clock, reports }), clock, files, failures };
}

export function seriesRef(tsdb: Tsdb, labels: Readonly<Record<string, string>>): SeriesRef {
  const ref = tsdb.getOrCreate(LabelSet.of(labels));
  if (typeof ref === 'string') throw new Error(ref);
  return ref;
}

/** One sample each for some series at one time. */
export function rows(refs: readonly SeriesRef[], timestampMs: number, value: (index: number) => number) {
  return {
    count: refs.length,
    refs: Uint32Array.from(refs),
    timestampsMs: new Float64Array(refs.length).fill(timestampMs),
    values: Float64Array.from(refs, (_, index) => value(index)),
  };
}

/** Samples of all series by their labels. */
export async function contents(tsdb: Pick<Tsdb, 'querier'>): Promise<Map<string, readonly ModelSample[]>> {
  const matchers = [new Matcher('__name__', '=~', '.+')];
  const { series } = await tsdb.querier.select({ matchers, range: ALL_TIME, hints: HINTS }, signal);
  const found = new Map<string, readonly ModelSample[]>();
  const columns = new SampleColumns();
  for (const one of series) {
    columns.clear();
    one.read(ALL_TIME, columns);
    found.set(one.labels.key, samplesOf(columns));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
