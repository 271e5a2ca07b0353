/** Stack traces of the JVM, and what is printed like them: Kotlin, Scala, Android. */
import {
  afterBlanks,
  afterDigits,
  ascii,
  BEGINS,
  firstBytes,
  GOES_ON,
  type MultilineRule,
  startsWith,
} from './rule.ts';

const FIRST = firstBytes('\t CS.-n');
const AT = ascii('at ');
const EVAL_AT = ascii('eval at ');
const MORE = ascii('... ');
const INNER_TRACE = ascii('--- End of inner exception');
const OUTER_TRACE = ascii('--- End of stack trace');
const CAUSES = [ascii('Caused by:'), ascii('Suppressed:'), ascii('nested exception is:')];
const CIRCULAR = ascii('[CIRCULAR REFERENCE');

/** Frames and causes belong to the line before them, whatever it looks like: an exception need not be called one.
 *  Source of the forms: Throwable.printStackTrace, and the java rules of fluent-plugin-detect-exceptions. */
export const java: MultilineRule = {
  next(_state, memory, start, end) {
    if (start === end || FIRST[memory[start]!] === 0) return BEGINS;
    const at = afterBlanks(memory, start, end);
    if (at > start) {
      if (startsWith(memory, at, end, AT) || startsWith(memory, at, end, EVAL_AT)) return GOES_ON;
      if (startsWith(memory, at, end, INNER_TRACE) || startsWith(memory, at, end, CIRCULAR)) return GOES_ON;
    }
    if (startsWith(memory, at, end, MORE)) {
      // `... 12 more`, `... 3 common frames omitted`
      const digits = at + MORE.length;
      return afterDigits(memory, digits, end) > digits ? GOES_ON : BEGINS;
    }
    if (startsWith(memory, at, end, OUTER_TRACE)) return GOES_ON;
    return CAUSES.some((cause) => startsWith(memory, at, end, cause)) ? GOES_ON : BEGINS;
  },
};
