/** What the history is told of silences. */
import { formatMatchers } from '../matchers/alert-matcher.ts';
import type { Silence } from '../silences/silence.ts';
import type { SilenceEvent } from './history-event.ts';

export function silenceEvent(
  kind: SilenceEvent['kind'],
  { id: silence, matcherSets, createdBy: by, endsAtMs }: Silence,
  cause: string,
  timeMs: number,
): SilenceEvent {
  return { kind, timeMs, silence, matchers: matcherSets.map(formatMatchers).join(' or '), by, cause, endsAtMs };
}
