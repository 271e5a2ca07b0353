/** What is kept of a log rule over a restart. Layout: docs/formats/log-rules.md. */
import * as v from 'valibot';
import type { AbsenceState } from '../evaluate/absence.ts';
import type { ExpressionState } from '../evaluate/expression.ts';
import type { NewTermState } from '../evaluate/new-term.ts';
import type { PatternState } from '../evaluate/pattern.ts';
import type { RateState } from '../evaluate/rate.ts';

export type LogRuleState = RateState | ExpressionState | PatternState | AbsenceState | NewTermState;

export interface KeptState {
  /** Of what the state is: another rule cannot go on with it. */
  readonly definition: string;
  readonly state: LogRuleState;
}

const time = v.pipe(v.number(), v.integer());
const count = v.pipe(v.number(), v.minValue(0));
const labels = v.record(v.string(), v.string());
const windows = v.array(v.strictObject({ endMs: time, found: v.array(v.string()) }));
const reopened = v.array(v.strictObject({ labels, value: v.number(), atMs: time }));
const known = v.array(v.strictTuple([time, v.string(), count]));
const sightings = v.array(v.strictObject({ labels, times: v.array(v.strictTuple([time, count])), line: v.string() }));

export const logRuleStateSchema: v.GenericSchema<unknown, LogRuleState> = v.variant('kind', [
  v.strictObject({ kind: v.literal('rate'), windows, reopened, totals: known }),
  v.strictObject({ kind: v.literal('expression'), windows, reopened }),
  v.strictObject({ kind: v.literal('pattern'), atMs: time, fromMs: time, known, sightings }),
  v.strictObject({
    kind: v.literal('absence'),
    atMs: time,
    series: v.array(v.strictObject({ labels, seenMs: time })),
  }),
  v.strictObject({
    kind: v.literal('new_term'),
    atMs: time,
    terms: v.array(v.strictTuple([v.string(), time])),
    sightings,
  }),
]);

const kept = v.strictObject({ definition: v.string(), state: logRuleStateSchema });

/** @returns when it was evaluated last, Unix ms: of windows, when the last of them ended; undefined: never */
export function evaluatedAtMs(state: LogRuleState): number | undefined {
  return state.kind === 'rate' || state.kind === 'expression' ? state.windows.at(-1)?.endMs : state.atMs;
}

export function encodeKeptState(value: KeptState): string {
  return JSON.stringify(value);
}

/** undefined where it is none. */
export function decodeKeptState(text: string): KeptState | undefined {
  try {
    const decoded = v.safeParse(kept, JSON.parse(text));
    return decoded.success ? decoded.output : undefined;
  } catch {
    return undefined;
  }
}
