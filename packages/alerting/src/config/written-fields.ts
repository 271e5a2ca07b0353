/** Fields as Go's YAML decoder takes them: every scalar is text as it was written, and nothing (`group_wait:`) is the default. */
import { duration, parsed } from '@vigie/core/config/fields';
import { parseGoDuration } from '@vigie/core/go-duration';
import * as v from 'valibot';

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

/** As goDuration, of fields for which Alertmanager takes no number without a unit.
 *  @param fallback as it would be written */
export function durationWithUnit(fallback: string) {
  return v.nullish(parsed('a duration with its unit, such as 30s or 1m30s', parseGoDuration), fallback);
}
