/** Silences as the API answers them. Source: Alertmanager, api/v2/compat.go and api.go, SortSilences. */
import { jsonText } from '@vigie/promql/api/json-text';
import { formatApiTime } from '../api/api-time.ts';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { type Silence, SilenceError, type SilenceState, shownState } from './silence.ts';

/** @throws {SilenceError} SILENCE_INVALID for one with several sets of matchers, which this version of the API has no form for */
export function silenceJson(silence: Silence, nowMs: number): string {
  const { id, matcherSets, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, annotations } = silence;
  const [matchers = [], ...others] = matcherSets;
  if (others.length > 0) {
    const reason = 'has multiple matcher sets which is not supported by this API version';
    throw new SilenceError('SILENCE_INVALID', `silence '${id}' ${reason}`);
  }
  return jsonText({
    id,
    status: { state: shownState(silence, nowMs) },
    updatedAt: formatApiTime(updatedAtMs),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    comment,
    createdBy,
    endsAt: formatApiTime(endsAtMs),
    matchers: matchers.map(matcherMembers),
    startsAt: formatApiTime(startsAtMs),
  });
}

export interface MatcherMembers {
  readonly isEqual: boolean;
  readonly isRegex: boolean;
  readonly name: string;
  readonly value: string;
}

export function matcherMembers({ name, value, isNegative, isRegex }: AlertMatcher): MatcherMembers {
  return { isEqual: !isNegative, isRegex, name, value };
}

const ORDER: Readonly<Record<SilenceState, number>> = { active: 1, pending: 2, expired: 3 };

/** Active ones by the next to end, pending ones by the next to begin, expired ones by the last that ended. */
export function sortSilences(silences: readonly Silence[], nowMs: number): readonly Silence[] {
  return silences.toSorted((a, b) => {
    const state = shownState(a, nowMs);
    return ORDER[state] - ORDER[shownState(b, nowMs)] || compareTimes(a, b, state);
  });
}

function compareTimes(a: Silence, b: Silence, state: SilenceState): number {
  switch (state) {
    case 'active':
      return a.endsAtMs - b.endsAtMs;
    case 'pending':
      return a.startsAtMs - b.startsAtMs;
    case 'expired':
      return b.endsAtMs - a.endsAtMs;
  }
}

/** Whether one of its sets has every matcher of the filter as it is: not whether it silences the same. */
export function hasMatchers({ matcherSets }: Silence, filter: readonly AlertMatcher[]): boolean {
  return matcherSets.some((matchers) => filter.every((wanted) => matchers.some((matcher) => matcher.equals(wanted))));
}
