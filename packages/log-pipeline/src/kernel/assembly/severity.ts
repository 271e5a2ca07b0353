/** How severe a record says it is: found in its members or in its text, a block at a time where nothing is to be found. */
import {
  FLAG_DROPPED,
  FLAG_FRAGMENT,
  FLAG_SEVERITY_MASK,
  FLAG_SEVERITY_SHIFT,
  ROW_BYTES,
  ROW_EXTRA_LENGTH,
  ROW_EXTRA_START,
  ROW_FLAGS,
  ROW_MESSAGE_LENGTH,
  ROW_MESSAGE_START,
  SEVERITY_JSON_WINDOW,
  SEVERITY_MEMBER_BYTES,
  SEVERITY_MEMBERS,
  SEVERITY_TEXT_WINDOW,
} from '../layout';
import { table } from './state';

const QUOTE: u8 = 0x22;
const APOSTROPHE: u8 = 0x27;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const EQUALS: u8 = 0x3d;
const OPEN_BRACKET: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const CLOSE_BRACKET: u8 = 0x5d;
const UNDERSCORE: u8 = 0x5f;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;

const TRACE = 1;
const DEBUG = 5;
const INFO = 9;
const NOTICE = 10;
const WARN = 13;
const ERROR = 17;
const CRITICAL = 18;
const ALERT = 19;
const FATAL = 21;

const LOWER: u64 = 0x2020202020202020;
/** The longest word there is: informational. */
const MAX_WORD: usize = 13;

/** Contract: `Kernel.findSeverities`. */
export function findSeverities(first: i32, end: i32, fallback: i32): i32 {
  let unwritten = 0;
  let row = table + <usize>first * ROW_BYTES;
  const rowsEnd = table + <usize>end * ROW_BYTES;
  for (; row < rowsEnd; row += ROW_BYTES) {
    const flags = load<u32>(row, ROW_FLAGS);
    if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) != 0) continue;
    const extraLength = load<u32>(row, ROW_EXTRA_LENGTH);
    let severity = 0;
    if (extraLength != 0) {
      const extra = <usize>load<u32>(row, ROW_EXTRA_START);
      severity = severityOfMembers(extra, extra + extraLength);
    }
    if (severity == 0) {
      const message = <usize>load<u32>(row, ROW_MESSAGE_START);
      severity = severityOfText(message, message + load<u32>(row, ROW_MESSAGE_LENGTH));
    }
    if (severity == 0) {
      severity = fallback;
      if (severity == 0) continue;
    }
    store<u32>(
      row,
      (flags & ~(FLAG_SEVERITY_MASK << FLAG_SEVERITY_SHIFT)) | (severity << FLAG_SEVERITY_SHIFT),
      ROW_FLAGS,
    );
    if (extraLength == 0) {
      const member = <usize>SEVERITY_MEMBERS + <usize>severity * SEVERITY_MEMBER_BYTES;
      store<u32>(row, <u32>member + 4, ROW_EXTRA_START);
      store<u32>(row, load<u32>(member), ROW_EXTRA_LENGTH);
    } else {
      unwritten += 1;
    }
  }
  return unwritten;
}

// @ts-ignore: decorator
@inline
function isLetter(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < 26;
}

// @ts-ignore: decorator
@inline
function isUpper(byte: u8): bool {
  return <u8>(byte - 0x41) < 26;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u8>(byte - 0x30) < 10;
}

// @ts-ignore: decorator
@inline
function isWord(byte: u8): bool {
  return isLetter(byte) || isDigit(byte) || byte == UNDERSCORE;
}

// @ts-ignore: decorator
@inline
function upperLanes(block: v128): v128 {
  return i8x16.lt_u(i8x16.sub(block, i8x16.splat(0x41)), i8x16.splat(26));
}

// @ts-ignore: decorator
@inline
function wordLanes(block: v128): v128 {
  const letters = i8x16.lt_u(
    i8x16.sub(v128.or(block, i8x16.splat(0x20)), i8x16.splat(0x61)),
    i8x16.splat(26),
  );
  const digits = i8x16.lt_u(i8x16.sub(block, i8x16.splat(0x30)), i8x16.splat(10));
  return v128.or(v128.or(letters, digits), i8x16.eq(block, i8x16.splat(UNDERSCORE)));
}

function severityOfText(messageStart: usize, end: usize): i32 {
  const start = skipBlanks(messageStart, end);
  if (start >= end) return 0;
  const byte = load<u8>(start);
  if (byte == OPEN_BRACE) return severityOfMembers(start + 1, min(end, start + SEVERITY_JSON_WINDOW));
  if (isLetter(byte)) {
    let severity = isUpper(byte) ? severityOfKlog(start, end) : 0;
    if (severity != 0) return severity;
    const after = skipLetters(start, end);
    if (after < end && load<u8>(after) == COLON) {
      severity = severityOfWord(start, after - start);
      if (severity != 0) return severity;
    }
  }
  const windowEnd = min(end, start + SEVERITY_TEXT_WINDOW);
  for (let at = start; at < windowEnd; at += 16) {
    const block = v128.load(at);
    const upper = v128.and(v128.and(upperLanes(block), upperLanes(v128.load(at, 1))), upperLanes(v128.load(at, 2)));
    const signs = v128.or(i8x16.eq(block, i8x16.splat(OPEN_BRACKET)), i8x16.eq(block, i8x16.splat(EQUALS)));
    if (!v128.any_true(v128.or(upper, signs))) continue;
    let inside = i8x16.bitmask(wordLanes(v128.load(at - 1)));
    if (at == start) inside &= ~1;
    let candidates = (i8x16.bitmask(upper) & ~inside) | i8x16.bitmask(signs);
    if (windowEnd - at < 16) candidates &= (1 << <i32>(windowEnd - at)) - 1;
    while (candidates != 0) {
      const severity = severityAt(at + <usize>ctz<i32>(candidates), start, end);
      if (severity != 0) return severity;
      candidates &= candidates - 1;
    }
  }
  return 0;
}

/** @param at three capital letters, a bracket or an equals sign */
function severityAt(at: usize, start: usize, end: usize): i32 {
  const byte = load<u8>(at);
  if (byte == OPEN_BRACKET) return severityInBrackets(at + 1, end);
  if (byte == EQUALS) {
    let key = at;
    while (key > start && at - key <= MAX_WORD && isKeyByte(load<u8>(key - 1))) key -= 1;
    return isSeverityName(key, at - key) ? severityOfPair(at + 1, end) : 0;
  }
  let after = at;
  while (after < end && isUpper(load<u8>(after))) after += 1;
  if (after < end) {
    const next = load<u8>(after);
    if (isWord(next) || next == EQUALS) return 0;
  }
  return severityOfWord(at, after - at);
}

/** `[error]`, `[ WARN ]`, `[core:error]` */
function severityInBrackets(open: usize, end: usize): i32 {
  let word = skipBlanks(open, end);
  let after = word;
  while (after < end && isWord(load<u8>(after))) after += 1;
  if (after < end && load<u8>(after) == COLON) {
    word = after + 1;
    after = word;
    while (after < end && isWord(load<u8>(after))) after += 1;
  }
  const close = skipBlanks(after, end);
  return close < end && load<u8>(close) == CLOSE_BRACKET ? severityOfWord(word, after - word) : 0;
}

/** Behind `level=`. */
function severityOfPair(value: usize, end: usize): i32 {
  let word = value;
  if (word < end && (load<u8>(word) == QUOTE || load<u8>(word) == APOSTROPHE)) word += 1;
  let after = word;
  while (after < end && isWord(load<u8>(after))) after += 1;
  return severityOfWord(word, after - word);
}

/** `E1121 10:00:00.123456`, as klog and glog begin their lines. */
function severityOfKlog(at: usize, end: usize): i32 {
  if (end - at < 9) return 0;
  for (let index: usize = 1; index < 9; index++) {
    const byte = load<u8>(at + index);
    if (index == 5 ? byte != 0x20 : index == 8 ? byte != COLON : !isDigit(byte)) return 0;
  }
  switch (load<u8>(at)) {
    case 0x49:
      return INFO;
    case 0x57:
      return WARN;
    case 0x45:
      return ERROR;
    case 0x46:
      return FATAL;
    default:
      return 0;
  }
}

/** @param start behind the brace of an object */
function severityOfMembers(start: usize, end: usize): i32 {
  let at = start;
  while (true) {
    while (at < end && (load<u8>(at) <= 0x20 || load<u8>(at) == COMMA)) at += 1;
    if (at >= end || load<u8>(at) != QUOTE) return 0;
    const name = at + 1;
    at = closingQuote(name, end);
    if (at == 0) return 0;
    const isNamed = isSeverityName(name, at - name);
    at = skipSpaces(at + 1, end);
    if (at >= end || load<u8>(at) != COLON) return 0;
    at = skipSpaces(at + 1, end);
    if (at >= end) return 0;
    const value = at;
    const byte = load<u8>(at);
    if (byte == QUOTE) {
      at = closingQuote(at + 1, end);
      if (at == 0) return 0;
      if (isNamed) {
        const severity = severityOfWord(value + 1, at - value - 1);
        if (severity != 0) return severity;
      }
      at += 1;
    } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      at = skipNested(at, end);
      if (at == 0) return 0;
    } else {
      while (at < end && isLiteral(load<u8>(at))) at += 1;
      if (isNamed) {
        const severity = severityOfNumber(value, at);
        if (severity != 0) return severity;
      }
      if (at < end && load<u8>(at) == CLOSE_BRACE) return 0;
    }
  }
}

// @ts-ignore: decorator
@inline
function isLiteral(byte: u8): bool {
  return byte > 0x20 && byte != COMMA && byte != CLOSE_BRACE && byte != CLOSE_BRACKET;
}

/** @param at an opening brace or bracket
 *  @returns behind the one that closes it, or 0 */
function skipNested(open: usize, end: usize): usize {
  let at = open;
  let depth = 0;
  while (at < end) {
    const byte = load<u8>(at);
    at += 1;
    if (byte == QUOTE) {
      at = closingQuote(at, end);
      if (at == 0) return 0;
      at += 1;
    } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      depth += 1;
    } else if (byte == CLOSE_BRACE || byte == CLOSE_BRACKET) {
      depth -= 1;
      if (depth == 0) return at;
    }
  }
  return 0;
}

/** @param at behind the opening quote
 *  @returns the closing one, or 0 */
// @ts-ignore: decorator
@inline
function closingQuote(at: usize, end: usize): usize {
  while (at < end) {
    const block = v128.load(at);
    const stops = i8x16.bitmask(
      v128.or(i8x16.eq(block, i8x16.splat(QUOTE)), i8x16.eq(block, i8x16.splat(BACKSLASH))),
    );
    if (stops == 0) {
      at += 16;
      continue;
    }
    at += <usize>ctz<i32>(stops);
    if (at >= end) return 0;
    if (load<u8>(at) == QUOTE) return at;
    at += 2;
  }
  return 0;
}

function skipLetters(from: usize, end: usize): usize {
  let at = from;
  while (at < end && isLetter(load<u8>(at))) at += 1;
  return at;
}

/** Blanks and tabs. */
function skipBlanks(from: usize, end: usize): usize {
  let at = from;
  while (at < end && (load<u8>(at) == 0x20 || load<u8>(at) == 9)) at += 1;
  return at;
}

function skipSpaces(from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) <= 0x20) at += 1;
  return at;
}

/** Of a key before an equals sign. */
// @ts-ignore: decorator
@inline
function isKeyByte(byte: u8): bool {
  return isWord(byte) || byte == DOT || byte == 0x2d;
}

/** The bytes in lower case, the first eight of them. May read beyond them. */
// @ts-ignore: decorator
@inline
function lowered(at: usize, length: usize): u64 {
  const bytes = load<u64>(at) | LOWER;
  return length >= 8 ? bytes : bytes & (((<u64>1) << (<u64>length << 3)) - 1);
}

/** Whether it is one of SEVERITY_NAMES in ../twin/severity.ts, in any case. */
function isSeverityName(at: usize, length: usize): bool {
  if (length < 3 || length > MAX_WORD) return false;
  const head = lowered(at, length);
  switch (<i32>length) {
    case 3:
      return head == 0x6c766c; // lvl
    case 5:
      return head == 0x6c6576656c; // level
    case 8:
      return head == 0x7974697265766573 || head == 0x6c6576656c676f6c; // severity, loglevel
    case 9: {
      const last = load<u8>(at, 8) | 0x20;
      if (head == 0x6d616e6c6576656c) return last == 0x65; // levelname
      if (last != 0x6c) return false;
      // In lower case an underscore is what DEL is, and a dot what 0x0e is.
      if (load<u8>(at, 3) == UNDERSCORE) return head == 0x6576656c7f676f6c; // log_level
      return load<u8>(at, 3) == DOT && head == 0x6576656c2e676f6c; // log.level
    }
    case 10:
      // level_name
      return (
        head == 0x616e7f6c6576656c && (load<u16>(at, 8) | 0x2020) == 0x656d && load<u8>(at, 5) == UNDERSCORE
      );
    case 12:
      return head == 0x7974697265766573 && (load<u32>(at, 8) | 0x20202020) == 0x74786574; // severitytext
    case 13:
      return (
        head == 0x7974697265766573 &&
        (load<u32>(at, 8) | 0x20202020) == 0x7865747f &&
        (load<u8>(at, 12) | 0x20) == 0x74 &&
        load<u8>(at, 8) == UNDERSCORE // severity_text
      );
    default:
      return false;
  }
}

/** The severity that a word names, in any case, or 0: SEVERITY_WORDS in ../twin/severity.ts. */
function severityOfWord(at: usize, length: usize): i32 {
  if (length < 3 || length > MAX_WORD) return 0;
  const head = lowered(at, length);
  switch (<i32>length) {
    case 3:
      if (head == 0x727265) return ERROR; // err
      if (head == 0x666e69) return INFO; // inf
      if (head == 0x6e7277) return WARN; // wrn
      if (head == 0x676264) return DEBUG; // dbg
      if (head == 0x637274 || head == 0x627276) return TRACE; // trc, vrb
      return head == 0x6c7466 ? FATAL : 0; // ftl
    case 4:
      if (head == 0x6f666e69) return INFO; // info
      if (head == 0x6e726177) return WARN; // warn
      if (head == 0x6c696166) return ERROR; // fail
      if (head == 0x74697263) return CRITICAL; // crit
      if (head == 0x65746f6e) return NOTICE; // note
      if (head == 0x67756264) return DEBUG; // dbug
      return head == 0x65637274 ? TRACE : 0; // trce
    case 5:
      if (head == 0x726f727265) return ERROR; // error
      if (head == 0x6775626564) return DEBUG; // debug
      if (head == 0x6563617274) return TRACE; // trace
      if (head == 0x7472656c61) return ALERT; // alert
      return head == 0x6c61746166 || head == 0x63696e6170 || head == 0x6772656d65 ? FATAL : 0; // fatal, panic, emerg
    case 6:
      if (head == 0x656369746f6e) return NOTICE; // notice
      return head == 0x657265766573 ? ERROR : 0; // severe
    case 7:
      if (head == 0x676e696e726177) return WARN; // warning
      return head == 0x65736f62726576 ? TRACE : 0; // verbose
    case 8:
      return head == 0x6c61636974697263 ? CRITICAL : 0; // critical
    case 9:
      return head == 0x636e656772656d65 && (load<u8>(at, 8) | 0x20) == 0x79 ? FATAL : 0; // emergency
    case 11:
      // information
      return head == 0x74616d726f666e69 && (load<u16>(at, 8) | 0x2020) == 0x6f69 && (load<u8>(at, 10) | 0x20) == 0x6e
        ? INFO
        : 0;
    case 13:
      // informational
      return head == 0x74616d726f666e69 &&
        (load<u32>(at, 8) | 0x20202020) == 0x616e6f69 &&
        (load<u8>(at, 12) | 0x20) == 0x6c
        ? INFO
        : 0;
    default:
      return 0;
  }
}

/** One to three digits: syslog's 0 to 7, pino's and bunyan's tens, monolog's hundreds. */
function severityOfNumber(start: usize, end: usize): i32 {
  if (end - start > 3) return 0;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    if (!isDigit(byte)) return 0;
    value = value * 10 + <i32>(byte - 0x30);
  }
  if (start == end) return 0;
  switch (value) {
    case 0:
      return FATAL;
    case 1:
      return ALERT;
    case 2:
      return CRITICAL;
    case 3:
      return ERROR;
    case 4:
      return WARN;
    case 5:
      return NOTICE;
    case 6:
      return INFO;
    case 7:
      return DEBUG;
    case 10:
      return TRACE;
    case 20:
    case 100:
      return DEBUG;
    case 30:
    case 200:
      return INFO;
    case 250:
      return NOTICE;
    case 40:
    case 300:
      return WARN;
    case 50:
    case 400:
      return ERROR;
    case 500:
      return CRITICAL;
    case 550:
      return ALERT;
    case 60:
    case 600:
      return FATAL;
    default:
      return 0;
  }
}
