/** Panics and fatal errors of Go. */
import { afterBlanks, afterDigits, ascii, BEGINS, firstBytes, type MultilineRule, startsWith } from './rule.ts';

/** Behind `panic: …`, before the first goroutine. */
const PANIC = 1;
/** Inside the traces of goroutines. */
const GOROUTINE = 2;

const FIRST = firstBytes('pfgu0123456789');
const PANICS = [ascii('panic: '), ascii('fatal error: '), ascii('unexpected fault address ')];
const ROUTINE = ascii('goroutine ');
/** net/http logs a panic behind the 20 bytes of the log package's date and time. */
const SERVING = ascii('http: panic serving ');
const LOG_TIME_BYTES = '2006/01/02 15:04:05 '.length;
const BEFORE_ROUTINES = [
  ascii('[signal '),
  ascii('runtime'),
  ascii('panic: '),
  ascii('[recovered]'),
  ascii('fatal error: '),
];
const WITHIN_ROUTINES = [
  ascii('created by '),
  ascii('exit status '),
  ascii('...additional frames'),
  ascii('[originating from '),
];
const TAB = 0x09;
const OPENING_BRACKET = 0x5b;
const CLOSING_PARENTHESIS = 0x29;
const LOWER_R = 0x72;
const ZERO = 0x30;
const LOWER_X = 0x78;

/** Source of the forms: runtime/panic.go, runtime/traceback.go and runtime/signal_unix.go of Go. */
export const go: MultilineRule = {
  next(state, memory, start, end) {
    if (state !== 0) {
      if (afterBlanks(memory, start, end) === end || memory[start] === TAB) return state;
      if (isRoutine(memory, start, end)) return GOROUTINE;
      if (state === PANIC && BEFORE_ROUTINES.some((form) => startsWith(memory, start, end, form))) return PANIC;
      if (state === GOROUTINE) {
        // A function with its arguments, or a register.
        if (memory[end - 1] === CLOSING_PARENTHESIS || isRegister(memory, start, end)) return GOROUTINE;
        if (WITHIN_ROUTINES.some((form) => startsWith(memory, start, end, form))) return GOROUTINE;
      }
    }
    if (start === end || FIRST[memory[start]!] === 0) return BEGINS;
    if (PANICS.some((form) => startsWith(memory, start, end, form))) return ~PANIC;
    if (startsWith(memory, start + LOG_TIME_BYTES, end, SERVING)) return ~PANIC;
    return isRoutine(memory, start, end) ? GOROUTINE : BEGINS;
  },
};

/** `goroutine 17 [running]:` */
function isRoutine(memory: Uint8Array, start: number, end: number): boolean {
  if (!startsWith(memory, start, end, ROUTINE)) return false;
  const number = start + ROUTINE.length;
  const at = afterDigits(memory, number, end);
  return at > number && memory[at + 1] === OPENING_BRACKET;
}

/** `rip    0x4a5b6c` */
function isRegister(memory: Uint8Array, start: number, end: number): boolean {
  if (memory[start] !== LOWER_R) return false;
  let at = start + 1;
  while (at < end && memory[at] !== 0x20) at++;
  at = afterBlanks(memory, at, end);
  return at > start + 1 && memory[at] === ZERO && memory[at + 1] === LOWER_X;
}
