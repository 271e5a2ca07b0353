/** Values of a field that were never there before. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { NewTermRule } from '../log-rule.ts';
import type { LineCount, Steps } from '../log-source.ts';
import { labelOf } from '../query/field-names.ts';
import { tooMany } from '../source/ask.ts';
import { MAX_KNOWN } from './absence.ts';
import type { Evaluated } from './evaluation.ts';
import { usableState } from './pattern.ts';
import { addSightings, foundOf, type Sighting } from './sightings.ts';
import { CATCH_UP_MS, ceilTo, floorTo, stepFor } from './steps.ts';

export interface NewTermState {
  readonly kind: 'new_term';
  /** Of the last evaluation. */
  readonly atMs: number;
  /** Keys of labels with the value among them, and when a line had it last, Unix ms. */
  readonly terms: readonly (readonly [key: string, seenMs: number])[];
  readonly sightings: readonly Sighting[];
}

const DAY_MS = 86_400_000;

/** The first time it asks for all that is to be known. */
export function planNewTerm(
  rule: NewTermRule,
  before: NewTermState | undefined,
  nowMs: number,
  catchUpMs = CATCH_UP_MS,
): Steps {
  const state = usableState(before, nowMs, rule.lateMs);
  const wantedMs =
    state === undefined ? nowMs - rule.learnMs : Math.max(Math.min(state.atMs, nowMs), nowMs - catchUpMs) - rule.lateMs;
  const spanMs = nowMs - wantedMs;
  const stepMs = state === undefined && spanMs >= DAY_MS ? DAY_MS : stepFor(spanMs);
  const toMs = ceilTo(nowMs, stepMs);
  return { fromMs: Math.min(floorTo(wantedMs, stepMs), toMs - stepMs), toMs, stepMs };
}

/** @throws {VigieError} LOGS_TOO_MANY */
export function evaluateNewTerm(
  rule: NewTermRule,
  before: NewTermState | undefined,
  nowMs: number,
  { stepMs }: Steps,
  counts: readonly LineCount[],
): Evaluated<NewTermState> {
  const state = usableState(before, nowMs, rule.lateMs);
  const label = labelOf(rule.field);
  const terms = new Map(state?.terms);
  const news = new Map<string, { readonly labels: LabelSet; readonly count: number }>();
  // In the order of their times: what was there shortly before is known, also where it is long ago by now.
  for (const { labels, startMs, count } of counts.toSorted((a, b) => a.startMs - b.startMs)) {
    if (!labels.has(label)) continue;
    const { key } = labels;
    const seenMs = terms.get(key) ?? Number.NEGATIVE_INFINITY;
    terms.set(key, Math.max(seenMs, Math.min(startMs + stepMs, nowMs)));
    const found = news.get(key);
    const isNew = found !== undefined || seenMs <= startMs - rule.learnMs;
    if (state !== undefined && isNew) news.set(key, { labels, count: count + (found?.count ?? 0) });
  }
  // Not before no line is waited for that is shortly behind.
  for (const [key, seenMs] of terms) if (seenMs <= nowMs - rule.learnMs - rule.lateMs) terms.delete(key);
  if (terms.size > MAX_KNOWN) throw tooMany(`${rule.field} has more than ${MAX_KNOWN} values`);
  const sightings = addSightings(state?.sightings ?? [], news, nowMs, rule.rangeMs);
  return {
    state: { kind: 'new_term', atMs: nowMs, terms: [...terms], sightings },
    found: foundOf(sightings),
    lines: [],
  };
}
