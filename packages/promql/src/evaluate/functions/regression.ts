/** deriv, predict_linear and double_exponential_smoothing. Source: Prometheus, promql/functions.go. */
import { KahanSum } from '../../histogram/kahan.ts';
import { evaluationError } from '../failure.ts';
import type { RangeFunction, RangeWindow } from '../range-window.ts';

export const deriv: RangeFunction = (window) => {
  const line = fit(window, window.samples.times[window.from] ?? 0);
  if (line !== undefined) window.giveFloat(line.slope);
};

export const predictLinear: RangeFunction = (window) => {
  const line = fit(window, window.evaluationMs);
  if (line !== undefined) window.giveFloat(line.slope * window.params[0]! + line.intercept);
};

interface Line {
  readonly slope: number;
  /** At the time asked for. */
  readonly intercept: number;
}

/** Least squares over at least two floats. */
function fit(window: RangeWindow, interceptMs: number): Line | undefined {
  if (window.floats < 2) {
    if (window.floats === 1) window.noteIgnoredHistograms();
    return undefined;
  }
  window.noteIgnoredHistograms();
  const { times, values } = window.samples;
  const first = values[window.from]!;
  let isConstant = true;
  let n = 0;
  const sumX = new KahanSum();
  const sumY = new KahanSum();
  const sumXY = new KahanSum();
  const sumX2 = new KahanSum();
  for (let at = window.from; at < window.to; at++) {
    const y = values[at]!;
    if (at > window.from && y !== first) isConstant = false;
    n += 1;
    const x = (times[at]! - interceptMs) / 1e3;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (isConstant) {
    const isInfinite = first === Infinity || first === -Infinity;
    return isInfinite ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  }
  const covariance = sumXY.total - (sumX.total * sumY.total) / n;
  const variance = sumX2.total - (sumX.total * sumX.total) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY.total / n - (slope * sumX.total) / n };
}

export const doubleExponentialSmoothing: RangeFunction = (window) => {
  const smoothing = window.params[0]!;
  const trendFactor = window.params[1]!;
  if (smoothing <= 0 || smoothing >= 1) {
    throw evaluationError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${smoothing.toFixed(6)}`);
  }
  if (trendFactor <= 0 || trendFactor >= 1) {
    throw evaluationError(`invalid trend factor. Expected: 0 < tf < 1, got: ${trendFactor.toFixed(6)}`);
  }
  if (window.floats < 2) {
    if (window.floats === 1) window.noteIgnoredHistograms();
    return;
  }
  const { values } = window.samples;
  let before = 0;
  let smoothed = values[window.from]!;
  let trend = values[window.from + 1]! - smoothed;
  for (let at = window.from + 1; at < window.to; at++) {
    const scaled = smoothing * values[at]!;
    if (at > window.from + 1) trend = trendFactor * (smoothed - before) + (1 - trendFactor) * trend;
    const carried = (1 - smoothing) * (smoothed + trend);
    before = smoothed;
    smoothed = scaled + carried;
  }
  window.noteIgnoredHistograms();
  window.giveFloat(smoothed);
};
