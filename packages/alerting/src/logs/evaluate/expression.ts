/** A metric query of the log store's own language: what it has is found. */
import type { ExpressionRule } from '../log-rule.ts';
import type { LogSample } from '../log-source.ts';
import type { Evaluated } from './evaluation.ts';
import type { WindowPlan } from './rate.ts';
import { stepOfRange } from './steps.ts';
import { type EvaluatedWindow, type Reopened, reopenWindows, type WindowResult, windowEnds } from './windows.ts';

export interface ExpressionState {
  readonly kind: 'expression';
  /** Ascending. */
  readonly windows: readonly EvaluatedWindow[];
  readonly reopened: readonly Reopened[];
}

export function expressionStep({ intervalMs, lateMs }: ExpressionRule): number {
  return stepOfRange(intervalMs, lateMs);
}

export function planExpression(
  rule: ExpressionRule,
  state: ExpressionState | undefined,
  untilMs: number,
  catchUpMs?: number,
): WindowPlan {
  const stepMs = expressionStep(rule);
  const ends = windowEnds(state?.windows ?? [], untilMs, {
    ...rule,
    stepMs,
    ...(catchUpMs === undefined ? {} : { catchUpMs }),
  });
  const [firstMs = 0, lastMs = 0] = [ends[0], ends.at(-1)];
  return { ends, steps: { fromMs: firstMs - stepMs, toMs: lastMs, stepMs } };
}

export function evaluateExpression(
  state: ExpressionState | undefined,
  { ends }: WindowPlan,
  samples: readonly LogSample[],
): Evaluated<ExpressionState> {
  const results = new Map<number, Map<string, Pick<LogSample, 'labels' | 'value'>>>(
    ends.map((endMs) => [endMs, new Map()]),
  );
  for (const { labels, timestampMs, value } of samples) results.get(timestampMs)?.set(labels.key, { labels, value });
  const none: WindowResult = new Map();
  const { evaluated, reopened, found } = reopenWindows(
    state?.windows ?? [],
    ends,
    (endMs) => results.get(endMs) ?? none,
    state?.reopened ?? [],
  );
  return { state: { kind: 'expression', windows: evaluated, reopened }, found, lines: [] };
}
