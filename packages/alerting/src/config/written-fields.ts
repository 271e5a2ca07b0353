/** Fields as Go's YAML decoder takes them: every scalar is text as it was written, and nothing (`group_wait:`) is the default. */
import { duration, named, parsed } from '@vigie/core/config/fields';
import { parseGoDuration } from '@vigie/core/go-duration';
import * as v from 'valibot';

/** '' unless given. */
export const optionalText = v.nullish(v.string(), '');

/** @param fallback where the key is absent; without a value it is '' */
export function textOr(fallback: string) {
  return v.pipe(
    v.optional(v.nullable(v.string()), fallback),
    v.transform((text) => text ?? ''),
  );
}

export const textList = v.nullish(v.array(optionalText), []);

/** A mapping of text to text. */
export const textMap = v.nullish(named(optionalText), {});

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

const boolean = parsed('true or false', (written) =>
  TRUE.test(written) ? true : FALSE.test(written) ? false : undefined,
);

export function flag(fallback: boolean) {
  return v.nullish(boolean, fallback ? 'true' : 'false');
}

/** undefined: what a section above says. */
export const optionalFlag = v.nullish(boolean);

/** A whole number; 0 unless given. */
export function wholeNumber(lowest: number) {
  const expected = lowest === 0 ? 'a whole number, 0 or more' : 'a whole number';
  return v.nullish(
    parsed(expected, (written) => {
      const value = Number(written);
      return /^-?\d+$/.test(written) && Number.isSafeInteger(value) && value >= lowest ? value : undefined;
    }),
    0,
  );
}

/** A whole number, at least 1. */
export function count(fallback: number) {
  return v.nullish(
    parsed('a whole number, at least 1', (written) => {
      const value = Number(written);
      return /^\d+$/.test(written) && Number.isSafeInteger(value) && value >= 1 ? value : undefined;
    }),
    fallback,
  );
}

/** A duration of Prometheus, in ms; undefined unless given. */
export const optionalDuration = v.nullish(duration());

/** A duration of Go, in ms, which is a number of nanoseconds where it has no unit.
 *  @param fallback as it would be written */
export function goDuration(fallback: string) {
  return v.nullish(
    parsed('a duration such as 10s, 1m30s or 500ms', (written) =>
      /^-?\d+$/.test(written) ? Number(written) / 1e6 : parseGoDuration(written),
    ),
    fallback,
  );
}

/** A duration of Go, in ms, that needs its unit. */
export function textDuration(fallback: string) {
  return v.nullish(parsed('a duration such as 10s, 1m30s or 500ms', parseGoDuration), fallback);
}

/** What Alertmanager has and Vigie has not.
 *  @param expected completes "expected …" */
export function refused(expected: string) {
  return v.optional(v.never(expected));
}
