/** What a backtest asks of a server with metrics. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export interface BacktestRange {
  /** Unix ms, both included. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Of a series at the steps of a range. */
export interface BacktestSeries {
  readonly labels: LabelSet;
  /** Unix ms, ascending. */
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

/** The answer to a range query.
 *  @throws {Error} whose message is the rule's */
export type AskRange = (query: string, range: BacktestRange, signal: AbortSignal) => Promise<readonly BacktestSeries[]>;
