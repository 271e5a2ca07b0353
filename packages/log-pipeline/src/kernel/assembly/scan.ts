/** Whether bytes are one JSON object that can be spliced into another, in one pass and without writing anything. */
import {
  COLLISIONS,
  MAX_COLLISIONS,
  MAX_JSON_DEPTH,
  RESERVED_FIRST_BYTES,
  RESERVED_NAMES,
  RESERVED_SLOT_BYTES,
  RESERVED_SLOTS,
  RESULT_COLLISIONS,
  RESULT_OBJECT_END,
  RESULT_OBJECT_START,
  SCAN_INVALID,
  SCAN_NOT_AN_OBJECT,
  SCAN_REWRITE,
  SCAN_STACK,
  SCAN_TOO_DEEP,
  SCAN_UNDECIDED,
  SEEN_NAMES,
  SEEN_NAMES_SLOTS,
} from '../layout';
import { completeBytes, isInvalid } from './utf8';

const LF: u8 = 0x0a;
const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const OPEN_BRACKET: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const CLOSE_BRACKET: u8 = 0x5d;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;
const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;
const NULL: u32 = 0x6c6c756e;

/** Names a document may have in all before the other half is asked: half the slots, so that searches stay short. */
const MAX_NAMES = SEEN_NAMES_SLOTS >> 1;
/** Slots looked at for one name. */
const MAX_STEPS = 32;

/** Of the document being scanned. */
let irregular = false;
let nonAscii: v128 = i64x2.splat(0);
let escaped = false;
let names = 0;
/** Number of the newest object; it goes on over documents, so that slots of older ones need no clearing. */
let objects: u32 = 0;
let firstObject: u32 = 0;

/** Contract: `Kernel.scanObject`. */
export function scanObject(start: usize, length: usize): i32 {
  const end = start + length;
  let at = skipSpaces(start, end);
  if (at >= end || load<u8>(at) != OPEN_BRACE) return SCAN_NOT_AN_OBJECT;
  irregular = false;
  nonAscii = i64x2.splat(0);
  names = 0;
  beginDocument();
  const objectStart = at;
  let depth: usize = 1;
  let collisions = 0;
  let object = ++objects; // 0 inside an array
  let memberStart: usize = 0; // of a member of the root that collides
  let isFirst = true;
  store<u32>(SCAN_STACK, object);
  at += 1;

  while (true) {
    at = skipSpaces(at, end);
    if (at >= end) return SCAN_INVALID;
    let byte = load<u8>(at);
    let isClosed = false;
    if (object != 0) {
      if (byte == QUOTE) {
        const name = at + 1;
        escaped = false;
        at = skipString(name, end);
        if (at == 0) return SCAN_INVALID;
        if (escaped) {
          irregular = true;
        } else {
          const nameLength = at - name;
          const seen = rememberName(name, nameLength, object);
          if (seen < 0) return SCAN_UNDECIDED;
          if (seen > 0) irregular = true;
          if (depth == 1 && collides(name, nameLength)) memberStart = name - 1;
        }
        at = skipSpaces(at + 1, end);
        if (at >= end || load<u8>(at) != COLON) return SCAN_INVALID;
        at = skipSpaces(at + 1, end);
        if (at >= end) return SCAN_INVALID;
        byte = load<u8>(at);
      } else if (byte == CLOSE_BRACE && isFirst) {
        isClosed = true;
      } else {
        return SCAN_INVALID;
      }
    } else if (byte == CLOSE_BRACKET && isFirst) {
      isClosed = true;
    }

    if (!isClosed) {
      if (byte == QUOTE) {
        at = skipString(at + 1, end);
        if (at == 0) return SCAN_INVALID;
        at += 1;
      } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
        if (depth == MAX_JSON_DEPTH) return SCAN_TOO_DEEP;
        object = byte == OPEN_BRACE ? ++objects : 0;
        store<u32>(depth << 2, object, SCAN_STACK);
        depth += 1;
        at += 1;
        isFirst = true;
        continue;
      } else {
        at = skipLiteral(at, end, byte);
        if (at == 0) return SCAN_INVALID;
      }
    }

    // Behind a value, or at the bracket of an empty object or array.
    while (true) {
      if (!isClosed) {
        if (depth == 1 && memberStart != 0) {
          if (collisions < MAX_COLLISIONS) {
            store<u32>(<usize>collisions << 3, <u32>memberStart, COLLISIONS);
            store<u32>(<usize>collisions << 3, <u32>at, COLLISIONS + 4);
            collisions += 1;
          } else {
            irregular = true;
          }
          memberStart = 0;
        }
        at = skipSpaces(at, end);
        if (at >= end) return SCAN_INVALID;
        byte = load<u8>(at);
        if (byte == COMMA) {
          isFirst = false;
          at += 1;
          break;
        }
        if (byte != (object != 0 ? CLOSE_BRACE : CLOSE_BRACKET)) return SCAN_INVALID;
      }
      isClosed = false;
      at += 1;
      depth -= 1;
      if (depth == 0) return finish(objectStart, at, end, collisions);
      object = load<u32>((depth - 1) << 2, SCAN_STACK);
    }
  }
}

function finish(objectStart: usize, objectEnd: usize, end: usize, collisions: i32): i32 {
  const isIrregular = irregular; // a newline behind the object is not part of it
  if (skipSpaces(objectEnd, end) != end) return SCAN_INVALID;
  store<u32>(RESULT_OBJECT_START, <u32>objectStart);
  store<u32>(RESULT_OBJECT_END, <u32>objectEnd);
  store<u32>(RESULT_COLLISIONS, collisions);
  if (isIrregular) return SCAN_REWRITE;
  return i8x16.bitmask(nonAscii) != 0 && isIllFormed(objectStart, objectEnd) ? SCAN_REWRITE : 0;
}

/** Whether at..end holds ill-formed UTF-8. The byte at `end - 1` is ASCII, so no sequence is cut there. */
function isIllFormed(at: usize, end: usize): bool {
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  while (at + 16 <= end) {
    const block = v128.load(at);
    if (isInvalid(block)) return true;
    at += completeBytes(block);
  }
  const rest = i8x16.lt_u(lanes, i8x16.splat(<u8>(end - at)));
  return isInvalid(v128.and(v128.load(at), rest));
}

/** @returns the first byte at or behind `at` that is no white space, or `end` */
// @ts-ignore: decorator
@inline
function skipSpaces(at: usize, end: usize): usize {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte > 0x20) break;
    if (byte == LF) irregular = true;
    else if (byte != 0x20 && byte != 9 && byte != 13) break;
    at += 1;
  }
  return at;
}

/** @param at behind the opening quote
 *  @returns the closing quote, or 0 when there is none or the string is not JSON */
// @ts-ignore: decorator
@inline
function skipString(at: usize, end: usize): usize {
  while (at < end) {
    const block = v128.load(at);
    nonAscii = v128.or(nonAscii, block);
    const stops = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(block, i8x16.splat(QUOTE)), i8x16.eq(block, i8x16.splat(BACKSLASH))),
        i8x16.lt_u(block, i8x16.splat(0x20)),
      ),
    );
    if (stops == 0) {
      at += 16;
      continue;
    }
    // Perhaps beyond the end, where the caller finds no more of what it needs.
    at += <usize>ctz<i32>(stops);
    const byte = load<u8>(at);
    if (byte == QUOTE) return at;
    if (byte != BACKSLASH) return 0;
    at = skipEscape(at, end);
    if (at == 0) return 0;
  }
  return 0;
}

/** @param at the backslash
 *  @returns behind the escape, or 0 when it is none */
function skipEscape(at: usize, end: usize): usize {
  escaped = true;
  if (at + 1 >= end) return 0;
  switch (load<u8>(at, 1)) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2;
    case 0x75:
      break;
    default:
      return 0;
  }
  const unit = hex4(at + 2, end);
  if (unit < 0) return 0;
  at += 6;
  if ((unit & 0xf800) != 0xd800) return at;
  if (unit < 0xdc00 && at + 1 < end && load<u16>(at) == 0x755c) {
    const low = hex4(at + 2, end);
    if (low < 0) return 0;
    if ((low & 0xfc00) == 0xdc00) return at + 6;
  }
  irregular = true; // a surrogate without its other half
  return at;
}

/** @returns four hex digits as a number, or -1 */
function hex4(at: usize, end: usize): i32 {
  if (at + 4 > end) return -1;
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = <i32>load<u8>(at + i);
    const lower = byte | 0x20;
    if (<u32>(byte - 48) < 10) value = (value << 4) | (byte - 48);
    else if (<u32>(lower - 97) < 6) value = (value << 4) | (lower - 87);
    else return -1;
  }
  return value;
}

/** A number, true, false or null. @returns the byte behind it, or 0 when it is none of these */
// @ts-ignore: decorator
@inline
function skipLiteral(at: usize, end: usize, byte: u8): usize {
  if (byte == 0x74) return at + 4 <= end && load<u32>(at) == TRUE ? at + 4 : 0;
  if (byte == 0x66) return at + 5 <= end && load<u32>(at, 1) == ALSE ? at + 5 : 0;
  if (byte == 0x6e) return at + 4 <= end && load<u32>(at) == NULL ? at + 4 : 0;
  return skipNumber(at, end, byte);
}

function skipNumber(at: usize, end: usize, byte: u8): usize {
  if (byte == 0x2d) at += 1;
  let digits = at;
  at = skipDigits(at, end);
  if (at == digits || (load<u8>(digits) == 48 && at > digits + 1)) return 0;
  if (at + 1 < end && load<u8>(at) == 0x2e) {
    digits = at + 1;
    at = skipDigits(digits, end);
    if (at == digits) return 0;
  }
  if (at + 1 < end && (load<u8>(at) | 0x20) == 0x65) {
    digits = at + 1;
    const sign = load<u8>(digits);
    if (sign == 0x2b || sign == 0x2d) digits += 1;
    at = skipDigits(digits, end);
    if (at == digits) return 0;
  }
  return at;
}

// @ts-ignore: decorator
@inline
function skipDigits(at: usize, end: usize): usize {
  while (at < end && <u32>(load<u8>(at) - 48) < 10) at += 1;
  return at;
}

function beginDocument(): void {
  // Once in four billion objects the numbers start again, and old slots must not look new.
  if (objects > 0xf0000000) {
    memory.fill(SEEN_NAMES, 0, SEEN_NAMES_SLOTS << 4);
    objects = 0;
  }
  firstObject = objects + 1;
}

/** Enters a name of `object` into the table of seen names.
 *  @returns 0 when it is new, 1 when the object has it already, -1 when the table cannot tell */
// @ts-ignore: decorator
@inline
function rememberName(name: usize, length: usize, object: u32): i32 {
  if (++names > MAX_NAMES) return -1;
  // Equal names of successive documents find the same slots, which are then in the cache.
  let key = load<u64>(name);
  if (length < 8) key &= (<u64>1 << (<u64>length << 3)) - 1;
  else key ^= rotl<u64>(load<u64>(name + length - 8), 29);
  let index = <u32>(((key ^ <u64>length) * 0x9e3779b97f4a7c15) >> 54);
  for (let step = 0; step < MAX_STEPS; step++) {
    const slot = <usize>SEEN_NAMES + (<usize>(index & (SEEN_NAMES_SLOTS - 1)) << 4);
    const owner = load<u32>(slot);
    if (owner < firstObject) {
      store<u32>(slot, object);
      store<u32>(slot, <u32>name, 4);
      store<u32>(slot, <u32>length, 8);
      return 0;
    }
    if (owner == object && load<u32>(slot, 8) == <u32>length && isEqual(load<u32>(slot, 4), name, length)) return 1;
    index += 1;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function isEqual(a: usize, b: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

/** Whether a reserved name is this one, or one is a path below the other. */
// @ts-ignore: decorator
@inline
function collides(name: usize, length: usize): bool {
  if (length == 0) return false;
  const first = load<u8>(load<u8>(name), RESERVED_FIRST_BYTES);
  return first != 0 && collidesFrom(<usize>first - 1, name, length);
}

/** @param index of the first reserved name that begins with the same byte; they are sorted */
function collidesFrom(index: usize, name: usize, length: usize): bool {
  const count = <usize>load<u32>(RESERVED_NAMES);
  const byte = load<u8>(name);
  for (; index < count; index++) {
    const slot = <usize>RESERVED_SLOTS + index * RESERVED_SLOT_BYTES;
    if (load<u8>(slot, 4) != byte) return false;
    const reserved = <usize>load<u32>(slot);
    if (!isEqual(slot + 4, name, min(reserved, length))) continue;
    if (reserved == length) return true;
    const after = reserved < length ? load<u8>(name + reserved) : load<u8>(slot + 4 + length);
    if (after == 0x2e) return true;
  }
  return false;
}
