/** Each line that is there fires for a while, whenever it came. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { PatternRule } from '../log-rule.ts';
import type { LineCount, Steps } from '../log-source.ts';
import type { Evaluated } from './evaluation.ts';
import { type Growth, growthOf, type KnownCount } from './known-counts.ts';
import { addSightings, foundOf, type Sighting } from './sightings.ts';
import { CATCH_UP_MS, ceilTo, floorTo, stepFor } from './steps.ts';

export interface PatternState {
  readonly kind: 'pattern';
  /** Of the last evaluation. */
  readonly atMs: number;
  /** Before it nothing is known. */
  readonly fromMs: number;
  readonly known: readonly KnownCount[];
  readonly sightings: readonly Sighting[];
}

export function patternStep({ lateMs }: PatternRule): number {
  return stepFor(lateMs);
}

/** @param before what was kept
 *  @returns undefined where it is of no use: the clock was wrong then */
export function usableState<State extends { readonly atMs: number }>(
  before: State | undefined,
  nowMs: number,
  lateMs: number,
): State | undefined {
  return before !== undefined && nowMs < before.atMs - lateMs ? undefined : before;
}

export function planPattern(
  rule: PatternRule,
  before: PatternState | undefined,
  nowMs: number,
  catchUpMs = CATCH_UP_MS,
): Steps {
  const state = usableState(before, nowMs, rule.lateMs);
  const stepMs = patternStep(rule);
  const toMs = ceilTo(nowMs, stepMs);
  const wantedMs =
    state === undefined
      ? nowMs - Math.max(rule.rangeMs, rule.lateMs)
      : Math.max(Math.min(state.atMs, nowMs), nowMs - catchUpMs) - rule.lateMs;
  const fromMs = Math.max(floorTo(wantedMs, stepMs), state?.fromMs ?? Number.NEGATIVE_INFINITY);
  return { fromMs: Math.min(fromMs, toMs - stepMs), toMs, stepMs };
}

/** Cost: O(steps × groups). */
export function evaluatePattern(
  rule: PatternRule,
  before: PatternState | undefined,
  nowMs: number,
  counts: readonly LineCount[],
): Evaluated<PatternState> {
  const state = usableState(before, nowMs, rule.lateMs);
  const stepMs = patternStep(rule);
  // Where nothing is known, what lies further back than an alert fires has been found by somebody else, or is over.
  const sinceMs = state === undefined ? nowMs - rule.rangeMs - stepMs : state.fromMs;
  const { growth, known } = growthOf(state?.known ?? [], counts);
  const news = growth.filter(({ startMs }) => startMs >= sinceMs);
  const sightings = addSightings(state?.sightings ?? [], byLabels(news), nowMs, rule.rangeMs);
  const fromMs = Math.max(floorTo(nowMs - rule.lateMs, stepMs), state?.fromMs ?? Number.NEGATIVE_INFINITY);
  return {
    state: { kind: 'pattern', atMs: nowMs, fromMs, known: known.filter(([startMs]) => startMs >= fromMs), sightings },
    found: foundOf(sightings),
    lines: state === undefined ? [] : latenessOf(news, state.atMs, stepMs),
  };
}

/** Late is what was not there when its step was over already. */
export function latenessOf(growth: readonly Growth[], lastMs: number, stepMs: number) {
  return growth.map(({ startMs, count }) => ({
    latenessMs: startMs + stepMs <= lastMs ? lastMs - startMs : 0,
    count,
  }));
}

function byLabels(growth: readonly Growth[]) {
  const seen = new Map<string, { readonly labels: LabelSet; readonly count: number }>();
  for (const { labels, count } of growth)
    seen.set(labels.key, { labels, count: count + (seen.get(labels.key)?.count ?? 0) });
  return seen;
}
