/** Stack traces of .NET. */
import { afterBlanks, ascii, BEGINS, firstBytes, GOES_ON, type MultilineRule, startsWith } from './rule.ts';

const FIRST = firstBytes('\t -');
const FORMS = [ascii('at '), ascii('---> '), ascii('--- End of '), ascii('(Inner Exception #')];
const OUTER_TRACE = ascii('--- End of stack trace');

/** Source of the forms: System.Exception.ToString and StackTrace.ToString. */
export const dotnet: MultilineRule = {
  next(_state, memory, start, end) {
    if (start === end || FIRST[memory[start]!] === 0) return BEGINS;
    const at = afterBlanks(memory, start, end);
    if (at === start) return startsWith(memory, start, end, OUTER_TRACE) ? GOES_ON : BEGINS;
    return FORMS.some((form) => startsWith(memory, at, end, form)) ? GOES_ON : BEGINS;
  },
};
