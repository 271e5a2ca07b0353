import type { Regex } from '@vigie/core/regex';
import { BEGINS, GOES_ON, type MultilineRule } from './rule.ts';

/** Lines that match begin a record; all others go on with it. */
export function startsAt(pattern: Regex): MultilineRule {
  return {
    next: (_state, memory, start, end) => (pattern.testBytes(memory, start, end) ? BEGINS : GOES_ON),
  };
}

/** Lines that match go on with the record; all others begin one. */
export function goesOnAt(pattern: Regex): MultilineRule {
  return {
    next: (_state, memory, start, end) => (pattern.testBytes(memory, start, end) ? GOES_ON : BEGINS),
  };
}
