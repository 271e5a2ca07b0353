/** Lines of a window are counted, and compared with a number. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RateRule } from '../log-rule.ts';
import type { LineCount, Steps } from '../log-source.ts';
import { compares } from '../query/compares.ts';
import type { Evaluated, LateLines } from './evaluation.ts';
import { growthOf, type KnownCount } from './known-counts.ts';
import { stepOfRange } from './steps.ts';
import { type EvaluatedWindow, type Reopened, reopenWindows, type WindowResult, windowEnds } from './windows.ts';

export interface RateState {
  readonly kind: 'rate';
  /** Ascending. */
  readonly windows: readonly EvaluatedWindow[];
  readonly reopened: readonly Reopened[];
  /** Of all groups together, in steps of windows that may be evaluated again. */
  readonly totals: readonly KnownCount[];
}

export interface WindowPlan {
  readonly ends: readonly number[];
  readonly steps: Steps;
}

export function rateStep({ rangeMs, lateMs }: RateRule): number {
  return stepOfRange(rangeMs, rangeMs + lateMs);
}

export function planRate(
  rule: RateRule,
  state: RateState | undefined,
  untilMs: number,
  catchUpMs?: number,
): WindowPlan {
  const stepMs = rateStep(rule);
  const ends = windowEnds(state?.windows ?? [], untilMs, {
    ...rule,
    stepMs,
    ...(catchUpMs === undefined ? {} : { catchUpMs }),
  });
  const [firstMs = 0, lastMs = 0] = [ends[0], ends.at(-1)];
  return { ends, steps: { fromMs: firstMs - rule.rangeMs, toMs: lastMs, stepMs } };
}

/** Cost: O(groups × windows × steps of a window). */
export function evaluateRate(
  rule: RateRule,
  state: RateState | undefined,
  { ends, steps }: WindowPlan,
  counts: readonly LineCount[],
): Evaluated<RateState> {
  const groups = new Map<string, { readonly labels: LabelSet; readonly counts: LineCount[] }>();
  // Without groups there is one, also where nothing is in it.
  if (rule.by.length === 0) groups.set(LabelSet.empty.key, { labels: LabelSet.empty, counts: [] });
  for (const count of counts) {
    const group = groups.get(count.labels.key) ?? { labels: count.labels, counts: [] };
    groups.set(count.labels.key, group);
    group.counts.push(count);
  }
  const resultAt = (endMs: number): WindowResult => {
    const result = new Map<string, { readonly labels: LabelSet; readonly value: number }>();
    for (const [key, group] of groups) {
      const inWindow = group.counts.filter(({ startMs }) => startMs >= endMs - rule.rangeMs && startMs < endMs);
      if (inWindow.length === 0 && rule.by.length > 0) continue;
      const value = inWindow.reduce((sum, { count }) => sum + count, 0);
      if (compares(value, rule.operator, rule.threshold)) result.set(key, { labels: group.labels, value });
    }
    return result;
  };
  const { evaluated, reopened, found } = reopenWindows(state?.windows ?? [], ends, resultAt, state?.reopened ?? []);
  const lastMs = state?.windows.at(-1)?.endMs;
  const { growth, known } = growthOf(state?.totals ?? [], totalsOf(counts));
  const lines = growth.map(({ startMs, count }): LateLines => {
    const isLate = lastMs !== undefined && startMs < lastMs;
    return { latenessMs: isLate ? lastMs - startMs : 0, count };
  });
  const totals = known.filter(([startMs]) => startMs >= steps.fromMs);
  return {
    state: { kind: 'rate', windows: evaluated, reopened, totals },
    found,
    lines: state === undefined ? [] : lines,
  };
}

function totalsOf(counts: readonly LineCount[]): readonly LineCount[] {
  const totals = new Map<number, number>();
  for (const { startMs, count } of counts) totals.set(startMs, (totals.get(startMs) ?? 0) + count);
  return Array.from(totals, ([startMs, count]) => ({ labels: LabelSet.empty, startMs, count }));
}
