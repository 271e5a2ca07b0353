/** What an aggregation's parameter is at all steps. Source: Prometheus, promql/value.go, newFParams. */
import { larger, smaller } from '../functions/math.ts';

export interface ParamBounds {
  /** NaN where any is, unless an infinity outdoes it. */
  readonly min: number;
  readonly max: number;
  readonly hasNan: boolean;
}

export function boundsOf(params: Float64Array): ParamBounds {
  let min = Number.MAX_VALUE;
  let max = -Number.MAX_VALUE;
  let hasNan = false;
  for (const param of params) {
    min = smaller(min, param);
    max = larger(max, param);
    if (Number.isNaN(param)) hasNan = true;
  }
  return { min, max, hasNan };
}
