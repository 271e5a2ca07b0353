/** Where lines were, and are no more. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AbsenceRule } from '../log-rule.ts';
import type { LineCount, Steps } from '../log-source.ts';
import { tooMany } from '../source/ask.ts';
import type { Evaluated } from './evaluation.ts';
import { usableState } from './pattern.ts';
import { CATCH_UP_MS, ceilTo, floorTo, stepFor } from './steps.ts';

export interface KnownSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Before it is the newest line, Unix ms. */
  readonly seenMs: number;
}

export interface AbsenceState {
  readonly kind: 'absence';
  /** Of the last evaluation. */
  readonly atMs: number;
  readonly series: readonly KnownSeries[];
}

/** Of what a rule keeps by itself: 2 MB of its state. */
export const MAX_KNOWN = 10_000;

export function planAbsence(
  rule: AbsenceRule,
  before: AbsenceState | undefined,
  nowMs: number,
  delayMs: number,
  catchUpMs = CATCH_UP_MS,
): Steps {
  const state = usableState(before, nowMs, rule.lateMs);
  const longestMs = nowMs - rule.rangeMs - delayMs;
  const lastMs = state === undefined ? undefined : Math.min(state.atMs, nowMs);
  // Also what began while nobody was there, and has fallen silent since, is missed.
  const wantedMs =
    lastMs === undefined
      ? longestMs
      : lastMs >= nowMs - catchUpMs
        ? lastMs - rule.lateMs
        : Math.min(longestMs, nowMs - catchUpMs - rule.lateMs);
  const stepMs = stepFor(Math.min(nowMs - wantedMs, rule.rangeMs + delayMs + rule.lateMs));
  const toMs = ceilTo(nowMs, stepMs);
  return { fromMs: Math.min(floorTo(wantedMs, stepMs), toMs - stepMs), toMs, stepMs };
}

/** @param delayMs lines may take this long: they are not missed before
 *  @throws {VigieError} LOGS_TOO_MANY */
export function evaluateAbsence(
  rule: AbsenceRule,
  before: AbsenceState | undefined,
  nowMs: number,
  delayMs: number,
  { stepMs }: Steps,
  counts: readonly LineCount[],
): Evaluated<AbsenceState> {
  const state = usableState(before, nowMs, rule.lateMs);
  const seen = new Map<string, { readonly labels: LabelSet; readonly seenMs: number }>();
  for (const { labels, seenMs } of state?.series ?? []) {
    const set = LabelSet.of(labels);
    seen.set(set.key, { labels: set, seenMs });
  }
  for (const { labels, startMs } of counts) {
    const seenMs = Math.min(startMs + stepMs, nowMs);
    if (seenMs > (seen.get(labels.key)?.seenMs ?? Number.NEGATIVE_INFINITY)) seen.set(labels.key, { labels, seenMs });
  }
  const expected = new Map(rule.expected.map((labels) => [labels.key, labels] as const));
  for (const [key, { seenMs }] of seen) if (!expected.has(key) && seenMs <= nowMs - rule.knownForMs) seen.delete(key);
  if (seen.size > MAX_KNOWN) throw tooMany(`more than ${MAX_KNOWN} series have lines`);
  const silent = Array.from(seen.values()).filter(({ seenMs }) => seenMs <= nowMs - delayMs - rule.rangeMs);
  const never = Array.from(expected.values()).filter(({ key }) => !seen.has(key));
  return {
    state: {
      kind: 'absence',
      atMs: nowMs,
      series: Array.from(seen.values(), ({ labels, seenMs }) => ({ labels: labels.toJSON(), seenMs })),
    },
    found: [
      ...silent.map(({ labels, seenMs }) => ({ labels, value: (nowMs - seenMs) / 1000, line: '' })),
      ...never.map((labels) => ({ labels, value: rule.rangeMs / 1000, line: '' })),
    ],
    lines: [],
  };
}
