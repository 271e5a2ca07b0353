/** A silence as a command asks for it, and as it is posted. Source: Alertmanager, cli/silence_add.go. */
import { VigieError } from '@vigie/core/errors';
import { formatApiTime } from '../api/api-time.ts';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { RECURS, recurrenceProblem } from '../silences/recurrence.ts';
import { UNTIL, UNTIL_RESOLVED } from '../silences/silence.ts';
import { matcherMembers } from '../silences/silence-json.ts';

export interface NewSilence {
  readonly matchers: readonly AlertMatcher[];
  /** Unix ms; undefined: now. */
  readonly startsAtMs: number | undefined;
  /** undefined: durationMs after the start. */
  readonly endsAtMs: number | undefined;
  readonly durationMs: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether it ends before its time when what it silences is over. */
  readonly untilResolved: boolean;
  /** When it holds in its time: `sunday 02:00-04:00`; undefined: always. */
  readonly recurs: string | undefined;
}

/** @returns JSON, for `POST /api/v2/silences`
 *  @throws {VigieError} CONFIG_INVALID */
export function silenceBody(silence: NewSilence, nowMs: number): string {
  const { matchers, durationMs, createdBy, comment, untilResolved, recurs } = silence;
  const startsAtMs = silence.startsAtMs ?? nowMs;
  const endsAtMs = silence.endsAtMs ?? startsAtMs + durationMs;
  const refuse = (problem: string): never => {
    throw new VigieError('CONFIG_INVALID', problem);
  };
  if (matchers.length === 0) refuse('no matchers: say what to silence, such as alertname=HighLatency');
  if (durationMs === 0) refuse('--duration: expected more than 0');
  if (startsAtMs > endsAtMs) refuse('--end: a silence cannot start after it ends');
  const problem = recurs === undefined ? undefined : recurrenceProblem(recurs);
  if (problem !== undefined) refuse(`--recurs: ${problem}`);
  const annotations = {
    ...silence.annotations,
    ...(untilResolved ? { [UNTIL]: UNTIL_RESOLVED } : {}),
    ...(recurs === undefined ? {} : { [RECURS]: recurs }),
  };
  if (comment === '') refuse('--comment: a silence has to say why it is there');
  return JSON.stringify({
    matchers: matchers.map(matcherMembers),
    startsAt: formatApiTime(startsAtMs),
    endsAt: formatApiTime(endsAtMs),
    createdBy,
    comment,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  });
}
