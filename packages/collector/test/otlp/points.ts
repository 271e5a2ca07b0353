/** Data points with nothing in them but what a test says. */
import { type ExponentialPoint, type HistogramPoint, NO_BUCKETS, type NumberPoint } from '@vigie/wire/otlp/metrics';

const NOTHING = { attributes: [], exemplars: [], hasNoValue: false, startTimeUnixNano: 0n, timeUnixNano: 0n };

export function numberPoint(parts: Partial<NumberPoint>): NumberPoint {
  return { ...NOTHING, value: 0, ...parts };
}

export function histogramPoint(parts: Partial<HistogramPoint>): HistogramPoint {
  return { ...NOTHING, count: 0, sum: undefined, bucketCounts: [], explicitBounds: [], ...parts };
}

export function exponentialPoint(parts: Partial<ExponentialPoint>): ExponentialPoint {
  const sides = { positive: NO_BUCKETS, negative: NO_BUCKETS };
  return { ...NOTHING, count: 0, sum: undefined, scale: 0, zeroCount: 0, zeroThreshold: 0, ...sides, ...parts };
}
