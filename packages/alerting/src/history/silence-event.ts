/** What the history is told of silences. */
import { writtenLabels } from '@vigie/rules/rule';
import { type AlertMatcher, formatMatchers } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseUtf8Matchers } from '../matchers/utf8-matchers.ts';
import type { Silence } from '../silences/silence.ts';
import type { SilenceEvent } from './history-event.ts';

const BETWEEN_SETS = ' or ';
/** Braces in quotes are none of it. */
const SET = /\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}/gs;

/** @param isChange whether there was such a silence before */
export function silenceEvent(
  kind: SilenceEvent['kind'],
  { id: silence, matcherSets, createdBy: by, startsAtMs, endsAtMs, annotations: written }: Silence,
  cause: string,
  timeMs: number,
  isChange = false,
): SilenceEvent {
  const matchers = matcherSets.map(formatMatchers).join(BETWEEN_SETS);
  const annotations = Object.keys(written).length === 0 ? undefined : writtenLabels(written);
  const event = { kind, timeMs, silence, matchers, by, cause, annotations, startsAtMs, endsAtMs };
  return isChange ? { ...event, isChange } : event;
}

/** @param before what was known here
 *  @param heard what another replica tells
 *  @returns undefined where nothing has happened, and where it has been ended before anything of it was heard */
export function heardSilenceEvent(
  before: Silence | undefined,
  heard: Silence,
  nowMs: number,
): SilenceEvent | undefined {
  const { endsAtMs, updatedAtMs, comment } = heard;
  // No change sets an end before its own time.
  if (endsAtMs <= updatedAtMs) {
    if (before === undefined || before.endsAtMs === endsAtMs) return undefined;
    return silenceEvent('unsilenced', heard, 'it was ended at another replica', updatedAtMs);
  }
  // That its time is over is no event.
  if (endsAtMs <= nowMs) return undefined;
  return silenceEvent('silenced', heard, comment, updatedAtMs, before !== undefined);
}

/** @param matchers of a SilenceEvent
 *  @returns none where they cannot be read */
export function matcherSetsIn(matchers: string): readonly (readonly AlertMatcher[])[] {
  try {
    return (matchers.match(SET) ?? []).map(parseUtf8Matchers);
  } catch (error) {
    if (error instanceof MatcherError) return [];
    throw error;
  }
}
