/** irate and idelta: of the last two samples. Source: Prometheus, promql/functions.go, instantValue. */
import { divideHistogram, subtractHistograms } from '../../histogram/arithmetic.ts';
import { isReset } from '../../histogram/compare.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import { compact } from '../../histogram/sparse.ts';
import { TEXT } from '../annotations.ts';
import { FLOAT, type VectorBlock } from '../block.ts';
import type { FloatRow, RowFunction } from '../float-row.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';
import { restartsBetween } from './start-times.ts';

export const irate: RangeFunction = (window) => instantValue(window, true);
export const idelta: RangeFunction = (window) => instantValue(window, false);

/** The same of all steps. */
export const irateRow: RowFunction = (row, into, cell) => instantValueRow(row, into, cell, true);
export const ideltaRow: RowFunction = (row, into, cell) => instantValueRow(row, into, cell, false);

function instantValueRow(
  { samples, firstEndMs, stepMs, lengthMs }: FloatRow,
  into: VectorBlock,
  cell: number,
  isRate: boolean,
): number {
  const { times, values, floatCount } = samples;
  const { values: results, kinds, steps } = into;
  let from = 0;
  let to = 0;
  let windowed = 0;
  for (let step = 0; step < steps; step++) {
    const endMs = firstEndMs + step * stepMs;
    while (to < floatCount && times[to]! <= endMs) to++;
    while (from < to && times[from]! <= endMs - lengthMs) from++;
    windowed += to - from;
    if (to - from < 2) continue;
    const after = values[to - 1]!;
    const before = values[to - 2]!;
    const difference = isRate && after < before ? after : after - before;
    results[cell + step] = isRate ? difference / ((times[to - 1]! - times[to - 2]!) / 1000) : difference;
    kinds[cell + step] = FLOAT;
  }
  return windowed;
}

interface Last {
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

function instantValue(window: RangeWindow, isRate: boolean): void {
  const { samples, to, floats, histograms } = window;
  if (floats + histograms < 2) return;
  // Histograms before the last two floats are not of them.
  if (histograms === 0 || areFloats(window)) {
    const { times, values } = samples;
    const starts = window.useStartTimestamps ? samples.starts : undefined;
    const before = values[to - 2]!;
    const after = values[to - 1]!;
    const interval = times[to - 1]! - times[to - 2]!;
    const isRestarted = restartsBetween(starts?.[to - 2] ?? 0, times[to - 2]!, starts?.[to - 1] ?? 0, times[to - 1]!);
    const isFallen = isRate && (after < before || isRestarted);
    const difference = isFallen ? after : after - before;
    window.giveFloat(isRate ? difference / (interval / 1000) : difference);
    return;
  }
  const [before, after] = lastTwo(window);
  if (before === undefined || after === undefined) return;
  if (before.histogram === undefined || after.histogram === undefined) {
    if (before.histogram !== after.histogram) window.warn(TEXT.mixedFloatsHistograms(window.metricName));
    return;
  }
  givesHistogram(window, before, before.histogram, after, after.histogram, isRate);
}

/** Whether the last two samples are floats. */
function areFloats({ samples, to, floats, histogramTo }: RangeWindow): boolean {
  return floats >= 2 && samples.histogramTimes[histogramTo - 1]! < samples.times[to - 2]!;
}

function lastTwo({ samples, from, to, histogramFrom, histogramTo, useStartTimestamps }: RangeWindow): readonly Last[] {
  const all: Last[] = [];
  for (let at = Math.max(from, to - 2); at < to; at++) {
    const startMs = (useStartTimestamps ? samples.starts?.[at] : undefined) ?? 0;
    all.push({ timeMs: samples.times[at]!, startMs, value: samples.values[at]!, histogram: undefined });
  }
  for (let at = Math.max(histogramFrom, histogramTo - 2); at < histogramTo; at++) {
    const startMs = (useStartTimestamps ? samples.histogramStarts?.[at] : undefined) ?? 0;
    all.push({ timeMs: samples.histogramTimes[at]!, startMs, value: 0, histogram: samples.histograms[at] });
  }
  return all.sort((a, b) => a.timeMs - b.timeMs).slice(-2);
}

function givesHistogram(
  window: RangeWindow,
  before: Last,
  first: Histogram,
  after: Last,
  second: Histogram,
  isRate: boolean,
): void {
  const isGauge = [first.counterResetHint === 'gauge', second.counterResetHint === 'gauge'];
  if (isRate && isGauge.includes(true)) window.warn(TEXT.notCounter(window.metricName));
  if (!isRate && isGauge.includes(false)) window.warn(TEXT.notGauge(window.metricName));
  let result = second;
  const isRestarted = restartsBetween(before.startMs, before.timeMs, after.startMs, after.timeMs);
  if (!isRate || !(isRestarted || isReset(second, first))) {
    const difference = subtractHistograms(second, first);
    if (difference === undefined) {
      window.warn(TEXT.mixedSchemas(window.metricName));
      return;
    }
    if (difference.boundsReconciled) window.info(TEXT.boundsReconciled('subtraction'));
    result = difference.histogram;
  }
  result = compact({ ...result, counterResetHint: 'gauge' });
  window.giveHistogram(isRate ? divideHistogram(result, (after.timeMs - before.timeMs) / 1000) : result);
}
