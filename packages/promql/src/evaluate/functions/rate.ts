/** rate, increase and delta: extrapolated to the whole range. Source: Prometheus 3.15, promql/functions.go,
 *  extrapolatedRate; arithmetic in the same order. */
import {
  addHistograms,
  atSchema,
  type Combined,
  multiplyHistogram,
  subtractHistograms,
} from '../../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../../histogram/bounds.ts';
import { isReset } from '../../histogram/compare.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import { compact } from '../../histogram/sparse.ts';
import { type HistogramOperation, TEXT } from '../annotations.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';
import { extendedRate } from './extended-rate.ts';
import { overlapsBefore, restartsBetween } from './start-times.ts';

export const rate: RangeFunction = (window) => extrapolate(window, true, true);
export const increase: RangeFunction = (window) => extrapolate(window, true, false);
export const delta: RangeFunction = (window) => extrapolate(window, false, false);

function extrapolate(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  const { floats, histograms } = window;
  if (histograms > 0 && floats > 0) {
    window.warn(TEXT.mixedFloatsHistograms(window.metricName));
    return;
  }
  if (window.modifier !== undefined) {
    extendedRate(window, isCounter, isRate);
    return;
  }
  if (floats > 0) extrapolateFloats(window, isCounter, isRate);
  else if (histograms > 0) extrapolateHistograms(window, isCounter, isRate);
}

function extrapolateFloats(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  const { from, to } = window;
  const { times, values } = window.samples;
  const starts = isCounter && window.useStartTimestamps ? window.samples.starts : undefined;
  const first = values[from]!;
  let result = values[to - 1]! - first;
  if (isCounter && (starts !== undefined || window.samples.falls)) {
    let before = first;
    for (let at = from + 1; at < to; at++) {
      const value = values[at]!;
      if (
        value < before ||
        (starts !== undefined && restartsBetween(starts[at - 1]!, times[at - 1]!, starts[at]!, times[at]!))
      ) {
        result += before;
      }
      before = value;
    }
    if (starts !== undefined) warnOfOverlap(window, starts, times, from, to);
  }
  const hasZeroPoint = isZeroPoint(starts?.[from] ?? 0, window.startMs, times[from]!);
  if (hasZeroPoint) result += first;
  else if (to - from < 2) return;
  const toZero = result > 0 && first >= 0 ? first / result : undefined;
  const factor = extrapolationFactor(
    window,
    hasZeroPoint ? (starts?.[from] ?? 0) : undefined,
    times[from]!,
    times[to - 1]!,
    to - from - 1,
    isCounter ? toZero : undefined,
    isRate,
  );
  window.giveFloat(result * factor);
}

function warnOfOverlap(
  window: RangeWindow,
  starts: ArrayLike<number>,
  times: ArrayLike<number>,
  from: number,
  to: number,
): void {
  for (let at = from + 1; at < to; at++) {
    if (!overlapsBefore(starts[at - 1]!, times[at - 1]!, starts[at]!)) continue;
    window.warn(TEXT.startTimeOverlap(window.metricName));
    return;
  }
}

/** Whether the first sample's counter began within the range: then there was a zero at that time. */
function isZeroPoint(startMs: number, rangeStartMs: number, firstMs: number): boolean {
  return startMs !== 0 && startMs > rangeStartMs && startMs < firstMs;
}

/** What the difference of first and last sample is multiplied with.
 *  @param zeroMs when the counter began, where that is within the range
 *  @param toZero the first value over the increase: a counter was not negative before its first sample */
function extrapolationFactor(
  window: RangeWindow,
  zeroMs: number | undefined,
  firstMs: number,
  lastMs: number,
  intervals: number,
  toZero: number | undefined,
  isRate: boolean,
): number {
  let sampledInterval = (lastMs - firstMs) / 1000;
  const averageInterval = intervals > 0 ? sampledInterval / intervals : 0;
  const threshold = averageInterval * 1.1;
  let toStart = (firstMs - window.startMs) / 1000;
  let toEnd = (window.endMs - lastMs) / 1000;
  if (zeroMs !== undefined) {
    toStart = 0;
    sampledInterval = (lastMs - zeroMs) / 1000;
  } else {
    if (toStart >= threshold) toStart = averageInterval / 2;
    if (toZero !== undefined) {
      const durationToZero = sampledInterval * toZero;
      if (durationToZero < toStart) toStart = durationToZero;
    }
  }
  if (toEnd >= threshold) toEnd = averageInterval / 2;
  let factor = sampledInterval === 0 ? 1 : (sampledInterval + toStart + toEnd) / sampledInterval;
  if (isRate) factor /= window.lengthMs / 1000;
  return factor;
}

function extrapolateHistograms(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  const { histogramFrom: from, histogramTo: to } = window;
  const { histogramTimes: times, histograms } = window.samples;
  const starts = isCounter && window.useStartTimestamps ? window.samples.histogramStarts : undefined;
  const first = histograms[from]!;
  let result: Histogram | undefined;
  if (to - from > 1) {
    result = histogramDifference(window, isCounter, starts);
    if (result === undefined) return;
  }
  const hasZeroPoint = isZeroPoint(starts?.[from] ?? 0, window.startMs, times[from]!);
  if (hasZeroPoint) {
    result = result === undefined ? first : combined(window, addHistograms(result, first), 'addition');
  } else if (to - from < 2) return;
  if (result === undefined) return;
  const toZero = result.count > 0 && first.count >= 0 ? first.count / result.count : undefined;
  const factor = extrapolationFactor(
    window,
    hasZeroPoint ? (starts?.[from] ?? 0) : undefined,
    times[from]!,
    times[to - 1]!,
    to - from - 1,
    isCounter ? toZero : undefined,
    isRate,
  );
  window.giveHistogram(multiplyHistogram(result, factor));
}

function combined(
  window: RangeWindow,
  sum: Combined | undefined,
  operation: HistogramOperation,
): Histogram | undefined {
  if (sum === undefined) {
    window.warn(TEXT.mixedSchemas(window.metricName));
    return undefined;
  }
  if (sum.boundsReconciled) window.info(TEXT.boundsReconciled(operation));
  return sum.histogram;
}

/** Last minus first, with what resets have taken away; a gauge.
 *  @returns undefined, and a warning, for exponential and custom buckets together */
function histogramDifference(
  window: RangeWindow,
  isCounter: boolean,
  starts: readonly number[] | undefined,
): Histogram | undefined {
  const { histogramFrom: from, histogramTo: to } = window;
  const { histogramTimes: times, histograms } = window.samples;
  const last = histograms[to - 1]!;
  const name = window.metricName;
  let before = histograms[from]!;
  const restarts = (at: number): boolean =>
    starts !== undefined && restartsBetween(starts[at - 1]!, times[at - 1]!, starts[at]!, times[at]!);
  if (isCounter && (before.counterResetHint === 'gauge' || last.counterResetHint === 'gauge')) {
    window.warn(TEXT.notCounter(name));
  }
  const second = histograms[from + 1]!;
  if (isCounter && (restarts(from + 1) || isReset(second, before))) {
    before = { ...EMPTY, schema: second.schema, customValues: second.customValues };
  }
  const isCustom = usesCustomBuckets(before);
  if (usesCustomBuckets(last) !== isCustom) {
    window.warn(TEXT.mixedSchemas(name));
    return undefined;
  }
  let schema = Math.min(last.schema, before.schema);
  for (let at = from + 1; isCounter && at < to - 1; at++) {
    const current = histograms[at]!;
    if (current.counterResetHint === 'gauge') window.warn(TEXT.notCounter(name));
    schema = Math.min(schema, current.schema);
    if (usesCustomBuckets(current) !== isCustom) {
      window.warn(TEXT.mixedSchemas(name));
      return undefined;
    }
  }
  let result = combined(window, subtractHistograms(atSchema(last, schema), before), 'subtraction');
  if (isCounter) {
    for (let at = from + 1; at < to && result !== undefined; at++) {
      const current = histograms[at]!;
      if (restarts(at) || isReset(current, before))
        result = combined(window, addHistograms(result, before), 'addition');
      before = current;
    }
    if (starts !== undefined) warnOfOverlap(window, starts, times, from, to);
  } else if (histograms[from]!.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge') {
    window.warn(TEXT.notGauge(name));
  }
  return result && compact({ ...result, counterResetHint: 'gauge' });
}

const EMPTY: Histogram = {
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues: [],
};
