/** Answers of the API as the server sends them, and series of tests. */
import type { Sample, Series } from '../../src/query/answer.ts';

export const AT_MS = Date.UTC(2026, 10, 29, 10);

export function success(resultType: string, result: unknown, more: object = {}): unknown {
  return { status: 'success', data: { resultType, result }, ...more };
}

export const HISTOGRAM = {
  count: '10',
  sum: '3.5',
  buckets: [
    [1, '-0.5', '0', '1'],
    [3, '0', '0', '1'],
    [0, '0', '0.5', '8'],
    [2, '0.5', '1', '0.5'],
  ],
};

/** One sample each step, from AT_MS on; undefined leaves one out. */
export function series(
  labels: Record<string, string>,
  values: readonly (number | undefined)[],
  stepMs: number,
): Series {
  const samples = values.flatMap((value, index): Sample[] =>
    value === undefined ? [] : [{ timestampMs: AT_MS + index * stepMs, value: apiText(value) }],
  );
  return { labels, samples };
}

function apiText(value: number): string {
  return String(value).replace(/^(-?)Infinity$/, (_, sign: string) => `${sign || '+'}Inf`);
}
