/** …_over_time of floats, and of histograms where they can be summed. Source: Prometheus, promql/functions.go. */
import { TEXT } from '../annotations.ts';
import { quantileOf } from '../quantile.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';
import { averageHistograms, sumHistograms } from './histogram-over-time.ts';

export const countOverTime: RangeFunction = (window) => window.giveFloat(window.floats + window.histograms);

export const presentOverTime: RangeFunction = (window) => window.giveFloat(1);

export const sumOverTime: RangeFunction = (window) => {
  if (isMixed(window)) return;
  if (window.floats === 0) {
    sumHistograms(window);
    return;
  }
  const { values } = window.samples;
  let sum = 0;
  let compensation = 0;
  for (let at = window.from; at < window.to; at++) {
    const value = values[at]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) compensation += sum - next + value;
    else compensation += value - next + sum;
    sum = next;
  }
  window.giveFloat(sum === Infinity || sum === -Infinity ? sum : sum + compensation);
};

/** The sum over the count, unless the sum overflows: then the mean is carried on. */
export const avgOverTime: RangeFunction = (window) => {
  if (isMixed(window)) return;
  if (window.floats === 0) {
    averageHistograms(window);
    return;
  }
  const { values } = window.samples;
  let sum = values[window.from]!;
  let mean = 0;
  let compensation = 0;
  let isIncremental = false;
  let count = 1;
  for (let at = window.from + 1; at < window.to; at++) {
    const value = values[at]!;
    count++;
    if (!isIncremental) {
      const next = sum + value;
      if (next !== Infinity && next !== -Infinity) {
        if (Math.abs(sum) >= Math.abs(value)) compensation += sum - next + value;
        else compensation += value - next + sum;
        sum = next;
        continue;
      }
      isIncremental = true;
      mean = sum / (count - 1);
      compensation /= count - 1;
    }
    const share = (count - 1) / count;
    const part = value / count;
    const scaled = share * mean;
    compensation *= share;
    const next = scaled + part;
    if (next === Infinity || next === -Infinity) compensation = 0;
    else if (Math.abs(scaled) >= Math.abs(part)) compensation += scaled - next + part;
    else compensation += part - next + scaled;
    mean = next;
  }
  window.giveFloat(isIncremental ? mean + compensation : sum / count + compensation / count);
};

function isMixed(window: RangeWindow): boolean {
  if (window.floats === 0 || window.histograms === 0) return false;
  window.warn(TEXT.mixedFloatsHistograms(window.metricName));
  return true;
}

export const maxOverTime: RangeFunction = (window) => {
  const at = extreme(window, (value, best) => value > best);
  if (at !== undefined) window.giveFloat(window.samples.values[at]!);
};

export const minOverTime: RangeFunction = (window) => {
  const at = extreme(window, (value, best) => value < best);
  if (at !== undefined) window.giveFloat(window.samples.values[at]!);
};

export const tsOfMaxOverTime: RangeFunction = (window) => {
  const at = extreme(window, (value, best) => value >= best);
  if (at !== undefined) window.giveFloat(window.samples.times[at]! / 1000);
};

export const tsOfMinOverTime: RangeFunction = (window) => {
  const at = extreme(window, (value, best) => value <= best);
  if (at !== undefined) window.giveFloat(window.samples.times[at]! / 1000);
};

/** NaN gives way to anything. */
function extreme(window: RangeWindow, isBetter: (value: number, best: number) => boolean): number | undefined {
  if (window.floats === 0) return undefined;
  window.noteIgnoredHistograms();
  const { values } = window.samples;
  let best = window.from;
  for (let at = window.from; at < window.to; at++) {
    if (isBetter(values[at]!, values[best]!) || Number.isNaN(values[best]!)) best = at;
  }
  return best;
}

export const firstOverTime: RangeFunction = (window) => {
  const { from, histogramFrom, floats, histograms, samples } = window;
  const isFloat = histograms === 0 || (floats > 0 && samples.times[from]! < samples.histogramTimes[histogramFrom]!);
  if (isFloat) window.giveFloat(samples.values[from]!);
  else window.giveHistogram(samples.histograms[histogramFrom]!);
};

export const lastOverTime: RangeFunction = (window) => {
  const { to, histogramTo, floats, histograms, samples } = window;
  const isFloat = histograms === 0 || (floats > 0 && samples.histogramTimes[histogramTo - 1]! < samples.times[to - 1]!);
  if (isFloat) window.giveFloat(samples.values[to - 1]!);
  else window.giveHistogram(samples.histograms[histogramTo - 1]!);
};

export const tsOfFirstOverTime: RangeFunction = (window) => {
  const { from, histogramFrom, floats, histograms, samples } = window;
  const float = floats > 0 ? samples.times[from]! : Infinity;
  const histogram = histograms > 0 ? samples.histogramTimes[histogramFrom]! : Infinity;
  window.giveFloat(Math.min(float, histogram) / 1000);
};

export const tsOfLastOverTime: RangeFunction = (window) => {
  const { to, histogramTo, floats, histograms, samples } = window;
  const float = floats > 0 ? samples.times[to - 1]! : 0;
  const histogram = histograms > 0 ? samples.histogramTimes[histogramTo - 1]! : 0;
  window.giveFloat(Math.max(float, histogram) / 1000);
};

export const stdvarOverTime: RangeFunction = (window) => {
  const value = variance(window);
  if (value !== undefined) window.giveFloat(value);
};

export const stddevOverTime: RangeFunction = (window) => {
  const value = variance(window);
  if (value !== undefined) window.giveFloat(Math.sqrt(value));
};

/** Welford's, with both sums compensated. */
function variance(window: RangeWindow): number | undefined {
  if (window.floats === 0) return undefined;
  window.noteIgnoredHistograms();
  const { values } = window.samples;
  let count = 0;
  let mean = 0;
  let meanC = 0;
  let squares = 0;
  let squaresC = 0;
  for (let at = window.from; at < window.to; at++) {
    const value = values[at]!;
    count++;
    const delta = value - (mean + meanC);
    const step = delta / count;
    const nextMean = mean + step;
    if (nextMean === Infinity || nextMean === -Infinity) meanC = 0;
    else if (Math.abs(mean) >= Math.abs(step)) meanC += mean - nextMean + step;
    else meanC += step - nextMean + mean;
    mean = nextMean;
    const square = delta * (value - (mean + meanC));
    const nextSquares = squares + square;
    if (nextSquares === Infinity || nextSquares === -Infinity) squaresC = 0;
    else if (Math.abs(squares) >= Math.abs(square)) squaresC += squares - nextSquares + square;
    else squaresC += square - nextSquares + squares;
    squares = nextSquares;
  }
  return (squares + squaresC) / count;
}

export const quantileOverTime: RangeFunction = (window) => {
  if (window.floats === 0) return;
  const q = window.params[0]!;
  if (Number.isNaN(q) || q < 0 || q > 1) window.warn(TEXT.invalidQuantile(q));
  window.noteIgnoredHistograms();
  window.giveFloat(quantileOf(q, window.samples.values.slice(window.from, window.to)));
};

export const madOverTime: RangeFunction = (window) => {
  if (window.floats === 0) return;
  window.noteIgnoredHistograms();
  const values = window.samples.values.slice(window.from, window.to);
  if (values.some(Number.isNaN)) {
    window.giveFloat(Number.NaN);
    return;
  }
  const median = quantileOf(0.5, values);
  window.giveFloat(
    quantileOf(
      0.5,
      values.map((value) => Math.abs(value - median)),
    ),
  );
};
