/** changes and resets: comparisons of neighbours, floats and histograms together. */
import { equalHistograms, isReset } from '../../histogram/compare.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';
import { restartsBetween } from './start-times.ts';

export const changes: RangeFunction = (window) =>
  countPairs(
    window,
    (before, after) => after !== before && !(Number.isNaN(after) && Number.isNaN(before)),
    (before, after) => !equalHistograms(before, after),
    false,
  );

export const resets: RangeFunction = (window) =>
  countPairs(
    window,
    (before, after) => after < before,
    (before, after) => isReset(after, before),
    true,
  );

function countPairs(
  window: RangeWindow,
  floatsDiffer: (before: number, after: number) => boolean,
  histogramsDiffer: (before: Histogram, after: Histogram) => boolean,
  restartsCount: boolean,
): void {
  const { samples, to, histogramFrom, histogramTo } = window;
  const from = firstInRange(window);
  if (from === undefined) return;
  const { times, values, histogramTimes, histograms } = samples;
  const useStarts = restartsCount && window.useStartTimestamps;
  let count = 0;
  let float = from;
  let other = histogramFrom;
  let value = 0;
  let histogram: Histogram | undefined;
  let timeMs = 0;
  let startMs = 0;
  for (let isFirst = true; float < to || other < histogramTo; isFirst = false) {
    const isFloat = other >= histogramTo || (float < to && times[float]! < histogramTimes[other]!);
    const nextValue = isFloat ? values[float]! : 0;
    const nextHistogram = isFloat ? undefined : histograms[other];
    const nextMs = isFloat ? times[float]! : histogramTimes[other]!;
    const starts = isFloat ? samples.starts?.[float] : samples.histogramStarts?.[other];
    const nextStartMs = useStarts ? (starts ?? 0) : 0;
    if (isFloat) float++;
    else other++;
    if (!isFirst) {
      const differ =
        histogram === undefined || nextHistogram === undefined
          ? histogram !== nextHistogram || floatsDiffer(value, nextValue)
          : histogramsDiffer(histogram, nextHistogram);
      if (differ || (useStarts && restartsBetween(startMs, timeMs, nextStartMs, nextMs))) count++;
    }
    value = nextValue;
    histogram = nextHistogram;
    timeMs = nextMs;
    startMs = nextStartMs;
  }
  window.giveFloat(count);
}

/** With `anchored`, the comparison begins at the last sample before the range. */
function firstInRange({ modifier, samples, from, to, startMs, floats, histograms }: RangeWindow): number | undefined {
  if (modifier !== 'anchored') return from;
  if (floats === 0) return histograms === 0 ? undefined : from;
  if (samples.times[to - 1]! <= startMs) return undefined;
  let at = from;
  while (at < to - 1 && samples.times[at]! <= startMs) at++;
  return Math.max(from, at - 1);
}
