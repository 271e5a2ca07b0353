/** `input_lines` of a scenario: what containers write, when, and when it arrives in the log store. */
import { duration, parsed, section } from '@vigie/core/config/fields';
import { textMap } from '@vigie/core/config/written-fields';
import { parseDuration } from '@vigie/core/durations';
import { LabelSet } from '@vigie/promql/labels/label-set';
import * as v from 'valibot';
import { count } from '../config/written-fields.ts';
import { labelOf, MESSAGE } from '../logs/query/field-names.ts';

export interface InputLine {
  /** As written, Unix ms. */
  readonly timeMs: number;
  /** From when on it is found, Unix ms, not before its time. */
  readonly arrivesMs: number;
  readonly message: string;
  /** By the names of labels; query/field-names.ts. */
  readonly labels: LabelSet;
}

/** Since the start of a scenario, in ms; negative before it. */
export const offset = parsed('a duration since the start such as 90s, or -1h before it', (written) => {
  const isBefore = written.startsWith('-');
  const offsetMs = parseDuration(isBefore ? written.slice(1) : written);
  return offsetMs === undefined || !isBefore ? offsetMs : -offsetMs;
});

export const inputLineSection = section({
  at: v.nullish(offset, 0),
  message: v.string(),
  fields: textMap,
  every: v.nullish(duration({ min: 1 })),
  times: count(1),
  late: v.nullish(duration(), 0),
  arrives: v.nullish(duration(), 0),
});

type WrittenLine = v.InferOutput<typeof inputLineSection>;

/** Of a container that nothing is said of, as in the tests of an agent's configuration. */
export const CONTAINER = { namespace: 'default', pod: 'test-pod', container: 'test' };

/** Of a scenario: they are kept in memory, and more is a slip of the pen. */
export const MAX_LINES = 100_000;

/** What cannot be said of them by a schema.
 *  @param tell of which key, and what is expected there */
export function checkInputLine(
  { fields, every, times }: WrittenLine,
  tell: (key: readonly string[], expected: string) => void,
): void {
  if (every == null && times > 1) tell(['times'], 'every beside it, the time between two lines');
  if (every != null && times === 1) tell(['every'], 'times beside it, how many lines there are, more than 1');
  if (Object.hasOwn(fields, MESSAGE)) tell(['fields', MESSAGE], 'no message here: it stands beside fields');
}

/** @param startMs of the scenario, Unix ms
 *  @returns ascending by their time; of more than MAX_LINES one more than that */
export function inputLines(written: WrittenLine, startMs: number): readonly InputLine[] {
  const { at, message, fields, every, times, late, arrives } = written;
  const labels = LabelSet.of({ ...CONTAINER, ...shortNames(fields) });
  return Array.from({ length: Math.min(times, MAX_LINES + 1) }, (_, index): InputLine => {
    const timeMs = startMs + at + index * (every ?? 0);
    return { timeMs, arrivesMs: Math.max(timeMs + late, startMs + arrives), message, labels };
  });
}

/** `kubernetes.pod.name` is `pod`, `http.status` is `http_status`. */
export function shortNames(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [labelOf(name), value]));
}
