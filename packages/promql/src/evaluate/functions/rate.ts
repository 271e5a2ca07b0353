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
import { FLOAT, type VectorBlock } from '../block.ts';
import type { FloatRow, RowFunction } from '../float-row.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';
import { extendedRate } from './extended-rate.ts';
import { overlapsBefore, restartsBetween } from './start-times.ts';

export const rate: RangeFunction = (window) => extrapolate(window, true, true);
export const increase: RangeFunction = (window) => extrapolate(window, true, false);
export const delta: RangeFunction = (window) => extrapolate(window, false, false);

/** The same of all steps. */
export const rateRow: RowFunction = (row, into, cell) => extrapolateRow(row, into, cell, true, true);
export const increaseRow: RowFunction = (row, into, cell) => extrapolateRow(row, into, cell, true, false);
export const deltaRow: RowFunction = (row, into, cell) => extrapolateRow(row, into, cell, false, false);

function extrapolateRow(
  { samples, firstEndMs, stepMs, lengthMs }: FloatRow,
  into: VectorBlock,
  cell: number,
  isCounter: boolean,
  isRate: boolean,
): number | undefined {
  // A reset counts in each window that it is in.
  if (isCounter && samples.falls) return undefined;
  const { times, values, floatCount } = samples;
  const { values: results, kinds, steps } = into;
  let from = 0;
  let to = 0;
  let windowed = 0;
  for (let step = 0; step < steps; step++) {
    const endMs = firstEndMs + step * stepMs;
    const startMs = endMs - lengthMs;
    while (to < floatCount && times[to]! <= endMs) to++;
    while (from < to && times[from]! <= startMs) from++;
    windowed += to - from;
    if (to - from < 2) continue;
    const first = values[from]!;
    const result = values[to - 1]! - first;
    const toZero = isCounter && result > 0 && first >= 0 ? first / result : Infinity;
    const intervals = to - from - 1;
    const factor = factorOf(startMs, endMs, lengthMs, times[from]!, times[to - 1]!, intervals, toZero, isRate);
    results[cell + step] = result * factor;
    kinds[cell + step] = FLOAT;
  }
  return windowed;
}

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
  const toZero = isCounter && result > 0 && first >= 0 ? first / result : Infinity;
  window.giveFloat(
    result * factorIn(window, hasZeroPoint ? starts?.[from] : undefined, times, from, to, toZero, isRate),
  );
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

/** What the difference of first and last sample is multiplied with, where no counter began within the range.
 *  @param toZero the first value over the increase: a counter was not negative before its first sample; Infinity for others */
function factorOf(
  startMs: number,
  endMs: number,
  lengthMs: number,
  firstMs: number,
  lastMs: number,
  intervals: number,
  toZero: number,
  isRate: boolean,
): number {
  const sampledInterval = (lastMs - firstMs) / 1000;
  const averageInterval = sampledInterval / intervals;
  const threshold = averageInterval * 1.1;
  let toStart = (firstMs - startMs) / 1000;
  if (toStart >= threshold) toStart = averageInterval / 2;
  const durationToZero = sampledInterval * toZero;
  if (durationToZero < toStart) toStart = durationToZero;
  return extrapolated(sampledInterval, toStart, (endMs - lastMs) / 1000, averageInterval, isRate ? lengthMs : 0);
}

/** The same of a window, of samples from `from` up to `to`.
 *  @param zeroMs when the counter began, where that is within the range */
function factorIn(
  { startMs, endMs, lengthMs }: RangeWindow,
  zeroMs: number | undefined,
  times: ArrayLike<number>,
  from: number,
  to: number,
  toZero: number,
  isRate: boolean,
): number {
  const firstMs = times[from]!;
  const lastMs = times[to - 1]!;
  const intervals = to - from - 1;
  if (zeroMs === undefined) return factorOf(startMs, endMs, lengthMs, firstMs, lastMs, intervals, toZero, isRate);
  const averageInterval = intervals > 0 ? (lastMs - firstMs) / 1000 / intervals : 0;
  return extrapolated((lastMs - zeroMs) / 1000, 0, (endMs - lastMs) / 1000, averageInterval, isRate ? lengthMs : 0);
}

/** @param rateMs length of the range, for what is to be by the second; 0 for others */
function extrapolated(
  sampledInterval: number,
  toStart: number,
  untilEnd: number,
  averageInterval: number,
  rateMs: number,
): number {
  const toEnd = untilEnd >= averageInterval * 1.1 ? averageInterval / 2 : untilEnd;
  const factor = sampledInterval === 0 ? 1 : (sampledInterval + toStart + toEnd) / sampledInterval;
  return rateMs === 0 ? factor : factor / (rateMs / 1000);
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
  const toZero = isCounter && result.count > 0 && first.count >= 0 ? first.count / result.count : Infinity;
  const factor = factorIn(window, hasZeroPoint ? starts?.[from] : undefined, times, from, to, toZero, isRate);
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
