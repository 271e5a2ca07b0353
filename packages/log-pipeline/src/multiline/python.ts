/** Tracebacks of Python, chained ones included. */
import { afterBlanks, ascii, BEGINS, firstBytes, type MultilineRule, startsWith } from './rule.ts';

/** Inside a traceback: everything indented belongs to it, and the first line that is not is the exception. */
const TRACEBACK = 1;
/** Behind the exception: an empty line may lead to the next of a chain. */
const EXCEPTION = 2;
const EMPTY = 3;
const CHAIN = 4;
const CHAIN_EMPTY = 5;

const BEGINNING = ascii('Traceback (most recent call last):');
const CHAINS = [
  ascii('During handling of the above exception, another exception occurred:'),
  ascii('The above exception was the direct cause of the following exception:'),
];
/** Lines of an exception group are indented and marked: `  + Exception Group Traceback`, `  | ValueError`. */
const GROUP = [ascii('+ Exception Group Traceback'), ascii('| '), ascii('+-')];
const INDENT = firstBytes('\t ');
const CAPITAL_T = 0x54;

/** Source of the forms: Python's traceback module; the beginning is the one that fluent-plugin-detect-exceptions knows. */
export const python: MultilineRule = {
  next(state, memory, start, end) {
    if (state === 0) return begins(memory, start, end);
    const indented = start < end && INDENT[memory[start]!] === 1;
    const empty = afterBlanks(memory, start, end) === end;
    switch (state) {
      case TRACEBACK:
        if (indented || empty) return TRACEBACK;
        return startsWith(memory, start, end, BEGINNING) ? ~TRACEBACK : EXCEPTION;
      case EXCEPTION:
        if (empty) return EMPTY;
        break;
      case EMPTY:
        if (CHAINS.some((chain) => startsWith(memory, start, end, chain))) return CHAIN;
        break;
      case CHAIN:
        if (empty) return CHAIN_EMPTY;
        break;
      case CHAIN_EMPTY:
        if (startsWith(memory, start, end, BEGINNING)) return TRACEBACK;
        break;
    }
    if (indented) {
      const at = afterBlanks(memory, start, end);
      if (GROUP.some((form) => startsWith(memory, at, end, form))) return EXCEPTION;
    }
    return begins(memory, start, end);
  },
};

function begins(memory: Uint8Array, start: number, end: number): number {
  const first = memory[start];
  if (first === CAPITAL_T && startsWith(memory, start, end, BEGINNING)) return ~TRACEBACK;
  if (start < end && INDENT[first!] === 1) {
    const at = afterBlanks(memory, start, end);
    if (startsWith(memory, at, end, GROUP[0]!)) return ~EXCEPTION;
    // A traceback that something indented: it is shown so by loggers.
    if (startsWith(memory, at, end, BEGINNING)) return ~TRACEBACK;
  }
  return BEGINS;
}
