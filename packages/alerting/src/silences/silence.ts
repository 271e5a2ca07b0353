/** A silence: for a time, alerts that fulfil its matchers are not told. Source: Alertmanager, silence/silence.go. */
import { VigieError } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';
import { RECURS, recurrenceProblem, recursAt } from './recurrence.ts';

/** The annotation of a silence that ends before its time, when nothing of what it silences fires any more. */
export const UNTIL = 'vigie_until';
export const UNTIL_RESOLVED = 'resolved';

export interface SilenceContent {
  /** Fulfilling all of one set is enough. */
  readonly matcherSets: readonly (readonly AlertMatcher[])[];
  /** Unix ms. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Silence extends SilenceContent {
  readonly id: string;
  /** Of two versions, the one with the later time is the silence. */
  readonly updatedAtMs: number;
}

export type SilenceState = 'pending' | 'active' | 'expired';

/** `code` is SILENCE_INVALID, SILENCE_NOT_FOUND for an id that there is not, or SILENCES_TOO_MANY. */
export class SilenceError extends VigieError {}

/** By its two times alone: what may become of it when it is changed or ended. */
export function silenceState({ startsAtMs, endsAtMs }: SilenceContent, nowMs: number): SilenceState {
  if (nowMs < startsAtMs) return 'pending';
  return nowMs > endsAtMs ? 'expired' : 'active';
}

/** What it does: one that recurs is pending between the times at which it holds. */
export function shownState(silence: SilenceContent, nowMs: number): SilenceState {
  const state = silenceState(silence, nowMs);
  const recurs = silence.annotations[RECURS];
  return state === 'active' && recurs !== undefined && !recursAt(recurs, nowMs) ? 'pending' : state;
}

export function silences({ matcherSets }: SilenceContent, labels: LabelSet): boolean {
  return matcherSets.some((matchers) => matchesAll(matchers, labels));
}

/** @throws {SilenceError} in Alertmanager's words, where it would silence every alert, or has no time */
export function checkSilence({ matcherSets, startsAtMs, endsAtMs, annotations }: SilenceContent): void {
  const refuse = (reason: string): never => {
    throw new SilenceError('SILENCE_INVALID', `invalid silence: ${reason}`);
  };
  if (matcherSets.length === 0) refuse('at least one matcher set required');
  for (const [index, matchers] of matcherSets.entries()) {
    if (matchers.length === 0) refuse(`matcher set ${index} is empty`);
    for (const [position, { name }] of matchers.entries())
      if (name === '') refuse(`invalid label matcher ${position} in set ${index}: invalid label name ""`);
    if (matchers.every((matcher) => !matcher.isNegative && matcher.matches('')))
      refuse(`matcher set ${index}: at least one matcher must not match the empty string`);
  }
  if (endsAtMs < startsAtMs) refuse('end time must not be before start time');
  const { [RECURS]: recurs, [UNTIL]: until } = annotations;
  const problem = recurs === undefined ? undefined : recurrenceProblem(recurs);
  if (problem !== undefined) refuse(`annotation ${RECURS}: ${problem}`);
  if (until !== undefined && until !== UNTIL_RESOLVED)
    refuse(`annotation ${UNTIL}: expected ${UNTIL_RESOLVED}, got ${until}`);
}

/** Whether the silence can become the other without a change to what was silenced until now. */
export function canBecome(silence: Silence, next: SilenceContent, nowMs: number): boolean {
  if (!haveEqualMatchers(silence, next)) return false;
  const inSeconds = (timeMs: number): number => Math.floor(timeMs / 1000);
  switch (silenceState(silence, nowMs)) {
    case 'active':
      return inSeconds(silence.startsAtMs) === inSeconds(next.startsAtMs) && next.endsAtMs >= nowMs;
    case 'pending':
      return next.startsAtMs >= nowMs;
    case 'expired':
      return false;
  }
}

function haveEqualMatchers(a: SilenceContent, b: SilenceContent): boolean {
  return (
    a.matcherSets.length === b.matcherSets.length &&
    a.matcherSets.every((matchers, index) => {
      const others = b.matcherSets[index] ?? [];
      return matchers.length === others.length && matchers.every((matcher, at) => matcher.equals(others[at]!));
    })
  );
}
