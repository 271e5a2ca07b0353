/** Stack traces of Node.js: frames under an error, and what the runtime prints when nobody caught it. */
import {
  afterBlanks,
  ascii,
  BEGINS,
  endsWith,
  firstBytes,
  GOES_ON,
  isDigit,
  type MultilineRule,
  startsWith,
} from './rule.ts';

/** `/app/server.js:12`: the place of an error that nobody caught. Then its source, the mark below it, an empty line,
 *  and the error itself. */
const PLACE = 1;
const SOURCE = 2;
const MARK = 3;
const EMPTY = 4;
/** Behind a frame that ends in `{`: the error's own properties, up to `}`. */
const PROPERTIES = 5;
/** Behind the trace: an empty line and the version may come. */
const TRACE = 6;
const CLOSING = 7;

const FIRST = firstBytes('\t ');
const AT = ascii('at ');
const OMITTED = ascii('... ');
const CAUSE = ascii('[cause]:');
const OPENS = ascii(' {');
const VERSION = ascii('Node.js v');
const FILE_URL = ascii('file:///');
const SLASH = 0x2f;
const COLON = 0x3a;
const CARET = 0x5e;
const TILDE = 0x7e;
const SPACE = 0x20;
const CLOSING_BRACE = 0x7d;

/** Source of the forms: Error.stack of V8, lib/internal/process/execution.js and util.inspect of Node.js. */
export const node: MultilineRule = {
  next(state, memory, start, end) {
    switch (state) {
      case PLACE:
        return SOURCE;
      case SOURCE:
        if (isMark(memory, start, end)) return MARK;
        break;
      case MARK:
        if (afterBlanks(memory, start, end) === end) return EMPTY;
        break;
      case EMPTY:
        return GOES_ON;
      case PROPERTIES:
        if (memory[start] === CLOSING_BRACE) return TRACE;
        if (start === end || FIRST[memory[start]!] === 1) return PROPERTIES;
        break;
      case TRACE:
        if (start === end) return CLOSING;
        break;
      case CLOSING:
        if (startsWith(memory, start, end, VERSION)) return GOES_ON;
        break;
    }
    if (start === end) return BEGINS;
    if (FIRST[memory[start]!] === 1) {
      const at = afterBlanks(memory, start, end);
      if (
        startsWith(memory, at, end, AT) ||
        startsWith(memory, at, end, OMITTED) ||
        startsWith(memory, at, end, CAUSE)
      ) {
        return endsWith(memory, at, end, OPENS) ? PROPERTIES : TRACE;
      }
      return BEGINS;
    }
    return isPlace(memory, start, end) ? ~PLACE : BEGINS;
  },
};

/** An absolute path or file URL without spaces, a colon, a line number. */
function isPlace(memory: Uint8Array, start: number, end: number): boolean {
  if (memory[start] !== SLASH && !startsWith(memory, start, end, FILE_URL)) return false;
  let at = end;
  while (at > start && isDigit(memory[at - 1])) at--;
  if (at === end || memory[at - 1] !== COLON) return false;
  for (let index = start; index < at; index++) if (memory[index] === SPACE) return false;
  return true;
}

/** Carets below the source, and nothing else. */
function isMark(memory: Uint8Array, start: number, end: number): boolean {
  const at = afterBlanks(memory, start, end);
  for (let index = at; index < end; index++) {
    if (memory[index] !== CARET && memory[index] !== TILDE) return false;
  }
  return at < end;
}
