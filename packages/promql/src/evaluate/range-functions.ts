/** Functions of range vectors by name. */
import type { RowFunction } from './float-row.ts';
import { changes, resets } from './functions/changes.ts';
import { idelta, ideltaRow, irate, irateRow } from './functions/instant-rate.ts';
import {
  avgOverTime,
  countOverTime,
  firstOverTime,
  lastOverTime,
  madOverTime,
  maxOverTime,
  minOverTime,
  presentOverTime,
  quantileOverTime,
  stddevOverTime,
  stdvarOverTime,
  sumOverTime,
  tsOfFirstOverTime,
  tsOfLastOverTime,
  tsOfMaxOverTime,
  tsOfMinOverTime,
} from './functions/over-time.ts';
import { delta, deltaRow, increase, increaseRow, rate, rateRow } from './functions/rate.ts';
import { deriv, doubleExponentialSmoothing, predictLinear } from './functions/regression.ts';
import type { RangeFunction } from './range-window.ts';

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map([
  ['absent_over_time', presentOverTime],
  ['avg_over_time', avgOverTime],
  ['changes', changes],
  ['count_over_time', countOverTime],
  ['delta', delta],
  ['deriv', deriv],
  ['double_exponential_smoothing', doubleExponentialSmoothing],
  ['first_over_time', firstOverTime],
  ['idelta', idelta],
  ['increase', increase],
  ['irate', irate],
  ['last_over_time', lastOverTime],
  ['mad_over_time', madOverTime],
  ['max_over_time', maxOverTime],
  ['min_over_time', minOverTime],
  ['predict_linear', predictLinear],
  ['present_over_time', presentOverTime],
  ['quantile_over_time', quantileOverTime],
  ['rate', rate],
  ['resets', resets],
  ['stddev_over_time', stddevOverTime],
  ['stdvar_over_time', stdvarOverTime],
  ['sum_over_time', sumOverTime],
  ['ts_of_first_over_time', tsOfFirstOverTime],
  ['ts_of_last_over_time', tsOfLastOverTime],
  ['ts_of_max_over_time', tsOfMaxOverTime],
  ['ts_of_min_over_time', tsOfMinOverTime],
]);

/** Those that have a form for whole rows. */
export const ROW_FUNCTIONS: ReadonlyMap<string, RowFunction> = new Map([
  ['delta', deltaRow],
  ['idelta', ideltaRow],
  ['increase', increaseRow],
  ['irate', irateRow],
  ['rate', rateRow],
]);

/** These return samples of the series as they are, so it keeps its name. */
export const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

/** What `anchored` and `smoothed` add around the range would be wrong for other functions. */
export const ANCHORED_FUNCTIONS: ReadonlySet<string> = new Set(['changes', 'delta', 'increase', 'rate', 'resets']);
export const SMOOTHED_FUNCTIONS: ReadonlySet<string> = new Set(['delta', 'increase', 'rate']);
