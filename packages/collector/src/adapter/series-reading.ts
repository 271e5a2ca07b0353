/** The value of one series now: its newest sample, or its rate over a window. Of a series that has ended there is none. */
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';

export interface Reading {
  readonly status: 'value';
  readonly value: number;
  /** Of the newest sample, Unix ms. */
  readonly timestampMs: number;
  /** From the first sample that counts to the newest; 0 for a value of a moment. */
  readonly windowMs: number;
}

export type Gap =
  /** No sample in the window. */
  | { readonly status: 'silent' }
  /** The target, the pod or the series is gone. */
  | { readonly status: 'ended'; readonly atMs: number }
  /** A rate needs two, or to know when the counter began. */
  | { readonly status: 'single'; readonly atMs: number }
  | { readonly status: 'not_a_number'; readonly atMs: number }
  /** Nothing was observed in the window, so that there is no mean. */
  | { readonly status: 'idle'; readonly atMs: number };

/** What is added up of a native histogram, or the float itself. */
export type Part = 'float' | 'count' | 'sum';

/** Nearer to its beginning, a rate is mostly the error of the clock. */
const SHORTEST_WINDOW_MS = 1000;

/** @param columns samples of the window in order of time, staleness markers included */
export function readNewest(columns: SampleColumns): Reading | Gap {
  const last = columns.length - 1;
  if (last < 0) return { status: 'silent' };
  const timestampMs = columns.timestampsMs[last]!;
  if (columns.isStale(last)) return { status: 'ended', atMs: timestampMs };
  const value = columns.histograms?.[last] === undefined ? columns.values[last]! : Number.NaN;
  if (!Number.isFinite(value)) return { status: 'not_a_number', atMs: timestampMs };
  return { status: 'value', value, timestampMs, windowMs: 0 };
}

/** The increase per second of a counter, resets included; not extrapolated beyond its samples.
 *  @param windowFromMs where the samples begin: a counter that is older has no zero in the window
 *  @param beganAtMs when the counter was 0, where nothing in the samples says so: the start of its pod; NaN where it is not known */
export function readRate(columns: SampleColumns, windowFromMs: number, beganAtMs: number, part: Part): Reading | Gap {
  const last = columns.length - 1;
  if (last < 0) return { status: 'silent' };
  const timestampMs = columns.timestampsMs[last]!;
  if (columns.isStale(last)) return { status: 'ended', atMs: timestampMs };
  let first = last;
  while (first > 0 && !columns.isStale(first - 1)) first--;
  let increase = 0;
  for (let at = first + 1; at <= last; at++) {
    const [before, now] = [partAt(columns, at - 1, part), partAt(columns, at, part)];
    // What is lower than before began again from 0.
    increase += now >= before ? now - before : now;
    if (Number.isNaN(before) || Number.isNaN(now)) increase = Number.NaN;
  }
  let fromMs = columns.timestampsMs[first]!;
  const zeroMs = zeroPoint(columns, first, windowFromMs, beganAtMs);
  if (zeroMs !== undefined) {
    increase += partAt(columns, first, part);
    fromMs = zeroMs;
  }
  const windowMs = timestampMs - fromMs;
  if (windowMs < SHORTEST_WINDOW_MS) return { status: 'single', atMs: timestampMs };
  const value = (increase / windowMs) * 1000;
  if (!Number.isFinite(value)) return { status: 'not_a_number', atMs: timestampMs };
  return { status: 'value', value, timestampMs, windowMs };
}

/** A counter that began within the window was 0 then. After a marker it has only been out of sight. */
function zeroPoint(columns: SampleColumns, first: number, windowFromMs: number, beganAtMs: number): number | undefined {
  if (first > 0) return undefined;
  const startMs = columns.startTimestampsMs?.[first] || beganAtMs;
  return startMs >= windowFromMs && startMs < columns.timestampsMs[first]! ? startMs : undefined;
}

function partAt(columns: SampleColumns, at: number, part: Part): number {
  const histogram = columns.histograms?.[at];
  if (histogram === undefined) return part === 'float' ? columns.values[at]! : Number.NaN;
  return part === 'float' ? Number.NaN : histogram[part];
}
