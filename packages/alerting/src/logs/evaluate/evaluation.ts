/** What an evaluation of a rule on logs comes to. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export interface Found {
  readonly labels: LabelSet;
  readonly value: number;
  /** '' where there is none. */
  readonly line: string;
}

/** Lines, and how late they were. */
export interface LateLines {
  /** 0 for those that were there in time. */
  readonly latenessMs: number;
  readonly count: number;
}

export interface Evaluated<State> {
  readonly state: State;
  readonly found: readonly Found[];
  readonly lines: readonly LateLines[];
}
