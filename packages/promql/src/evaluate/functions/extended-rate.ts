/** rate, increase and delta with `anchored` or `smoothed`: from the value at the range's start to that at its end.
 *  Source: Prometheus, promql/functions.go, extendedRate. */
import {
  addHistograms,
  type Combined,
  divideHistogram,
  multiplyHistogram,
  subtractHistograms,
} from '../../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../../histogram/bounds.ts';
import { isReset } from '../../histogram/compare.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import { compact } from '../../histogram/sparse.ts';
import { type HistogramOperation, TEXT } from '../annotations.ts';
import type { RangeWindow } from '../range-window.ts';

export function extendedRate(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  if (window.histograms > 0) extendedHistogramRate(window, isCounter, isRate);
  else if (window.floats > 0) extendedFloatRate(window, isCounter, isRate);
}

interface Edges {
  readonly first: number;
  readonly last: number;
}

/** The last sample at or before the range's start, or the first after it; and the last that counts.
 *  @returns undefined where no sample is in the range */
function findEdges(window: RangeWindow, times: ArrayLike<number>, from: number, to: number): Edges | undefined {
  let last = to - 1;
  let first = from;
  while (first < last && times[first]! <= window.startMs) first++;
  first = Math.max(from, first - 1);
  if (window.modifier === 'smoothed') {
    let end = from;
    while (end < last && times[end]! < window.endMs) end++;
    last = end;
  }
  if (times[last]! <= window.startMs) return undefined;
  if (window.modifier === 'smoothed' && times[first]! > window.endMs) return undefined;
  return { first, last };
}

function extendedFloatRate(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  const { times, values } = window.samples;
  const edges = findEdges(window, times, window.from, window.to);
  if (edges === undefined) return;
  let { first, last } = edges;
  const left =
    floatAt(window, first, first + 1, window.startMs, times[first]! < window.startMs, isCounter) ?? values[first]!;
  const isBeyond = last > window.from && times[last]! > window.endMs;
  const right = floatAt(window, last - 1, last, window.endMs, isBeyond, isCounter) ?? values[last]!;
  let result = right - left;
  if (isCounter) {
    if (times[first]! <= window.startMs) first++;
    if (times[last]! >= window.endMs) last--;
    let correction = 0;
    let before = left;
    for (let at = first; at <= last; at++) {
      if (values[at]! < before) correction += before;
      before = values[at]!;
    }
    if (right < before) correction += before;
    result += correction;
  }
  if (isRate) result /= window.lengthMs / 1000;
  window.giveFloat(result);
}

/** Between two samples, with `smoothed`; a counter that was reset between them is taken to have begun at 0. */
function floatAt(
  window: RangeWindow,
  a: number,
  b: number,
  timeMs: number,
  isBetween: boolean,
  isCounter: boolean,
): number | undefined {
  if (window.modifier !== 'smoothed' || !isBetween) return undefined;
  const { times, values } = window.samples;
  const after = values[b]!;
  const before = isCounter && after < values[a]! ? 0 : values[a]!;
  return before + ((after - before) * (timeMs - times[a]!)) / (times[b]! - times[a]!);
}

function extendedHistogramRate(window: RangeWindow, isCounter: boolean, isRate: boolean): void {
  const { histogramTimes: times, histograms } = window.samples;
  const edges = findEdges(window, times, window.histogramFrom, window.histogramTo);
  if (edges === undefined) return;
  const { first, last } = edges;
  if (!areUsable(window, histograms.slice(first, last + 1), isCounter)) return;
  const left = histogramAt(window, first, first + 1, window.startMs, times[first]! < window.startMs, first, isCounter);
  if (left === undefined) return;
  const isBeyond = last > window.histogramFrom && times[last]! > window.endMs;
  const right = histogramAt(window, last - 1, last, window.endMs, isBeyond, last, isCounter);
  if (right === undefined) return;
  if (!isCounter && (left.counterResetHint !== 'gauge' || right.counterResetHint !== 'gauge')) {
    window.warn(TEXT.notGauge(window.metricName));
  }
  let result = noted(window, subtractHistograms(right, left), 'subtraction');
  for (const lost of isCounter ? lostInResets(window, edges, left, right) : []) {
    if (result === undefined) return;
    result = noted(window, addHistograms(result, lost), 'addition');
  }
  if (result === undefined) return;
  if (isRate) result = divideHistogram(result, window.lengthMs / 1000);
  window.giveHistogram(compact({ ...result, counterResetHint: 'gauge' }));
}

function areUsable(window: RangeWindow, histograms: readonly Histogram[], isCounter: boolean): boolean {
  const [head] = histograms;
  if (head === undefined) return false;
  for (const histogram of histograms) {
    if (usesCustomBuckets(histogram) !== usesCustomBuckets(head)) {
      window.warn(TEXT.mixedSchemas(window.metricName));
      return false;
    }
    if (isCounter && histogram.counterResetHint === 'gauge') window.warn(TEXT.notCounter(window.metricName));
  }
  return true;
}

function noted(window: RangeWindow, sum: Combined | undefined, operation: HistogramOperation): Histogram | undefined {
  if (sum === undefined) {
    window.warn(TEXT.mixedSchemas(window.metricName));
    return undefined;
  }
  if (sum.boundsReconciled) window.info(TEXT.boundsReconciled(operation));
  return sum.histogram;
}

function histogramAt(
  window: RangeWindow,
  a: number,
  b: number,
  timeMs: number,
  isBetween: boolean,
  exact: number,
  isCounter: boolean,
): Histogram | undefined {
  const { histogramTimes: times, histograms } = window.samples;
  if (window.modifier !== 'smoothed' || !isBetween) return histograms[exact];
  const before = histograms[a]!;
  const after = histograms[b]!;
  if (timeMs === times[a]) return before;
  if (timeMs === times[b]) return after;
  const fraction = (timeMs - times[a]!) / (times[b]! - times[a]!);
  if (isCounter && isReset(after, before)) return multiplyHistogram(after, fraction);
  const step = noted(window, subtractHistograms(after, before), 'subtraction');
  return step && noted(window, addHistograms(multiplyHistogram(step, fraction), before), 'addition');
}

/** Values from which the counter fell to 0. */
function lostInResets(window: RangeWindow, edges: Edges, left: Histogram, right: Histogram): readonly Histogram[] {
  const { histogramTimes: times, histograms } = window.samples;
  let at = edges.first + 1;
  let before = left;
  const next = histograms[edges.first + 1];
  const isInterpolated = window.modifier === 'smoothed' && times[edges.first]! < window.startMs;
  if (isInterpolated && next !== undefined && isReset(next, histograms[edges.first]!)) {
    before = next;
    at++;
  }
  if (at > edges.last) return [];
  const lost: Histogram[] = [];
  for (; at < edges.last; at++) {
    const current = histograms[at]!;
    if (isReset(current, before)) lost.push(before);
    before = current;
  }
  if (isReset(right, before)) lost.push(before);
  return lost;
}
