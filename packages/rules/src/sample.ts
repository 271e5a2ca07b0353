/** What rules write, and what becomes of it. */
import type { Histogram } from '@vigie/promql/histogram/histogram';
import type { LabelSet } from '@vigie/promql/labels/label-set';

export interface RuleSample {
  /** With the metric's name. */
  readonly labels: LabelSet;
  readonly timestampMs: number;
  /** `stale` ends the series. */
  readonly value: number | Histogram | 'stale';
}

export interface RefusedSample {
  /** Of bounded values, for a metric: `out_of_order`, `too_old`, `duplicate`, … */
  readonly reason: string;
  /** For the user. */
  readonly message: string;
}

/** Writes all that one rule has at one time. The storage keeps, from a rejection, either nothing or what it kept before.
 *  @returns for each sample why it was not taken; undefined where it was
 *  @throws {Error} where nothing can be written */
export type AppendSamples = (
  samples: readonly RuleSample[],
  signal: AbortSignal,
) => Promise<readonly (RefusedSample | undefined)[]>;
