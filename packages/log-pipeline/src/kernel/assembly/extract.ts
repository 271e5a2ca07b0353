/** Runs a regular expression's tables over a message and writes its groups as JSON members. The tables and what they mean
 *  are @vigie/core/regex's; the TypeScript walker there is this one's twin. */
import {
  ESCAPE_GROWTH,
  EXTRACT_ILL_FORMED,
  EXTRACT_NO_MATCH,
  EXTRACT_NO_ROOM,
  EXTRACT_SLOTS,
  EXTRACT_WORKING_SLOTS,
  EXTRACTOR_ACTIONS,
  EXTRACTOR_CLASSES,
  EXTRACTOR_END_CLASS,
  EXTRACTOR_ENTRIES,
  EXTRACTOR_MEMBER_COUNT,
  EXTRACTOR_MEMBERS,
  EXTRACTOR_ONE_PASS,
  EXTRACTOR_ORIGINS,
  EXTRACTOR_ORIGINS_OF,
  EXTRACTOR_SKIPS,
  EXTRACTOR_SLOT_BYTES,
  EXTRACTOR_START,
  FORM_LETTER,
  FORM_MASK,
  FORM_NUMBER,
  FORM_OMITS_DASH,
  FORM_PRIORITY,
  LETTERS,
  MEMBER_BYTES,
  MEMBER_FORM,
  MEMBER_GROUP,
  MEMBER_LABEL,
  MEMBER_LABEL_LENGTH,
  MEMBER_ROOM,
  MEMBER_TEXTS,
  PRIORITIES,
} from '../layout';
import { copy } from './copy';
import { escapeMessage } from './escape';

const ROW_BITS: u32 = 19;
const ROW_MASK: u32 = (1 << ROW_BITS) - 1;
const NO_SLOT: i32 = -1;

const DASH: u8 = 0x2d;
const QUOTE: u8 = 0x22;
const ZERO: u8 = 0x30;

/** Contract: `Kernel.extract`. */
export function extract(extractor: usize, start: usize, length: usize, out: usize, outEnd: usize): i32 {
  const end = start + length;
  let walked: i32;
  if (load<u32>(extractor, EXTRACTOR_ONE_PASS) != 0) {
    walked = onePass(extractor, start, end);
  } else {
    const pathBytes = (length + 1) << 2;
    if (out + pathBytes + 4 > outEnd) return EXTRACT_NO_ROOM;
    walked = twoPasses(extractor, start, end, (outEnd - pathBytes) & ~3);
  }
  return walked != 0 ? walked : writeGroups(extractor, out, outEnd);
}

// @ts-ignore: decorator
@inline
function classAt(classes: usize, endClass: u32, at: usize, end: usize): u32 {
  return at < end ? load<u8>(classes + load<u8>(at)) : endClass;
}

/** @returns 0 for a match */
function onePass(extractor: usize, start: usize, end: usize): i32 {
  const classes = <usize>load<u32>(extractor, EXTRACTOR_CLASSES);
  const entries = <usize>load<u32>(extractor, EXTRACTOR_ENTRIES);
  const endClass = load<u32>(extractor, EXTRACTOR_END_CLASS);
  const slotBytes = <usize>load<u32>(extractor, EXTRACTOR_SLOT_BYTES);
  memory.fill(EXTRACT_WORKING_SLOTS, 0xff, slotBytes);
  let matched = false;
  let row = load<u32>(extractor, EXTRACTOR_START);
  let at = start;
  for (;;) {
    const entry = load<u32>(entries + (<usize>(row + classAt(classes, endClass, at, end)) << 2));
    row = entry & ROW_MASK;
    if (entry > ROW_MASK) {
      if (<i32>entry < 0) {
        at = skip(extractor, entry, at + 1, end);
        continue;
      }
      const action = <usize>load<u32>(extractor, EXTRACTOR_ACTIONS) + <usize>(entry >> ROW_BITS) * 20;
      if (load<u32>(action) != 0) {
        matched = true;
        memory.copy(EXTRACT_SLOTS, EXTRACT_WORKING_SLOTS, slotBytes);
        setSlots(EXTRACT_SLOTS, load<u64>(action, 4), at);
        store<u32>(EXTRACT_SLOTS, <u32>at, 4);
      }
      setSlots(EXTRACT_WORKING_SLOTS, load<u64>(action, 12), at);
    }
    if (row == 0) break;
    at += 1;
  }
  if (stopsBesideNonAscii(start, at, end)) return EXTRACT_ILL_FORMED;
  return matched ? 0 : EXTRACT_NO_MATCH;
}

// @ts-ignore: decorator
@inline
function setSlots(slots: usize, mask: u64, at: usize): void {
  for (; mask != 0; mask &= mask - 1) store<u32>(slots + (<usize>ctz<u64>(mask) << 2), <u32>at);
}

/** @param path room for a word per byte and one more
 *  @returns 0 for a match */
function twoPasses(extractor: usize, start: usize, end: usize, path: usize): i32 {
  const classes = <usize>load<u32>(extractor, EXTRACTOR_CLASSES);
  const entries = <usize>load<u32>(extractor, EXTRACTOR_ENTRIES);
  const endClass = load<u32>(extractor, EXTRACTOR_END_CLASS);
  let matchAt: usize = 0; // no text begins at 0
  let row = load<u32>(extractor, EXTRACTOR_START);
  let at = start;
  let passed = path;
  for (;;) {
    store<u32>(passed, row);
    passed += 4;
    const entry = load<u32>(entries + (<usize>(row + classAt(classes, endClass, at, end)) << 2));
    row = entry & ROW_MASK;
    if (entry > ROW_MASK) {
      if (<i32>entry < 0) {
        const next = skip(extractor, entry, at + 1, end);
        for (at += 1; at < next; at++, passed += 4) store<u32>(passed, row);
        continue;
      }
      matchAt = at;
    }
    if (row == 0) break;
    at += 1;
  }
  if (stopsBesideNonAscii(start, at, end)) return EXTRACT_ILL_FORMED;
  if (matchAt == 0) return EXTRACT_NO_MATCH;
  const origins = <usize>load<u32>(extractor, EXTRACTOR_ORIGINS);
  const originsOf = <usize>load<u32>(extractor, EXTRACTOR_ORIGINS_OF);
  memory.fill(EXTRACT_SLOTS, 0xff, <usize>load<u32>(extractor, EXTRACTOR_SLOT_BYTES));
  store<u32>(EXTRACT_SLOTS, <u32>matchAt, 4);
  let thread: i32 = -1;
  for (at = matchAt; at >= start; at--) {
    row = load<u32>(path + ((at - start) << 2));
    const first = load<u32>(originsOf + (<usize>(row + classAt(classes, endClass, at, end)) << 2));
    const origin = origins + (<usize>(first + <u32>(thread + 1) * 3) << 2);
    for (let mask = load<u64>(origin, 4); mask != 0; mask &= mask - 1) {
      const slot = EXTRACT_SLOTS + (<usize>ctz<u64>(mask) << 2);
      if (load<i32>(slot) == NO_SLOT) store<u32>(slot, <u32>at);
    }
    if (load<i32>(EXTRACT_SLOTS) != NO_SLOT) break;
    thread = load<i32>(origin);
  }
  return 0;
}

/** @returns the first byte from `at` on that may leave the state, or the end */
// @ts-ignore: decorator
@inline
function skip(extractor: usize, entry: u32, at: usize, end: usize): usize {
  const set = v128.load(<usize>load<u32>(extractor, EXTRACTOR_SKIPS) + (<usize>((entry & 0x7fffffff) >> ROW_BITS) << 4));
  const bits = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const low = i8x16.splat(15);
  while (at < end) {
    const block = v128.load(at);
    const rows = i8x16.swizzle(set, v128.and(block, low));
    const columns = i8x16.swizzle(bits, i8x16.shr_u(block, 4));
    const leaves = i8x16.bitmask(v128.or(block, i8x16.ne(v128.and(rows, columns), i8x16.splat(0))));
    if (leaves != 0) {
      at += <usize>ctz<i32>(leaves);
      return at < end ? at : end;
    }
    at += 16;
  }
  return end;
}

// @ts-ignore: decorator
@inline
function stopsBesideNonAscii(start: usize, at: usize, end: usize): bool {
  return (at < end && load<u8>(at) >= 0x80) || (at > start && load<u8>(at - 1) >= 0x80);
}

/** Contract: `Kernel.writeGroups`. */
export function writeGroups(extractor: usize, outStart: usize, outEnd: usize): i32 {
  const count = load<u32>(extractor, EXTRACTOR_MEMBER_COUNT);
  let member = <usize>load<u32>(extractor, EXTRACTOR_MEMBERS);
  let out = outStart;
  for (let index: u32 = 0; index < count; index++, member += MEMBER_BYTES) {
    const slots = EXTRACT_SLOTS + (<usize>load<u32>(member, MEMBER_GROUP) << 3);
    if (load<i32>(slots) == NO_SLOT) continue;
    const from = <usize>load<u32>(slots);
    const to = <usize>load<u32>(slots, 4);
    const form = load<u32>(member, MEMBER_FORM);
    if ((form & FORM_OMITS_DASH) != 0 && to - from == 1 && load<u8>(from) == DASH) continue;
    if ((form & FORM_MASK) == FORM_PRIORITY && priorityOf(from, to) >= <u32>PRIORITIES) continue;
    const labelLength = <usize>load<u32>(member, MEMBER_LABEL_LENGTH);
    if (<u64>out + labelLength + <u64>(to - from) * ESCAPE_GROWTH + MEMBER_ROOM > <u64>outEnd) return EXTRACT_NO_ROOM;
    if (out != outStart) store<u8>(out++, 0x2c);
    out = copy(out, load<u32>(member, MEMBER_LABEL), labelLength);
    out = writeValue(out, from, to, form & FORM_MASK, load<u32>(member, MEMBER_TEXTS));
  }
  return <i32>(out - outStart);
}

// @ts-ignore: decorator
@inline
function writeValue(out: usize, from: usize, to: usize, form: u32, texts: usize): usize {
  switch (form) {
    case FORM_NUMBER:
      if (isNumber(from, to)) return copy(out, from, to - from);
      break;
    case FORM_LETTER:
      if (to - from == 1 && load<u8>(from) < <u8>LETTERS) return copyText(out, texts + (<usize>load<u8>(from) << 3));
      break;
    case FORM_PRIORITY:
      return copyText(out, texts + (<usize>priorityOf(from, to) << 3));
    default:
      break;
  }
  store<u8>(out, QUOTE);
  out = escapeMessage(out + 1, from, to);
  store<u8>(out, QUOTE);
  return out + 1;
}

// @ts-ignore: decorator
@inline
function copyText(out: usize, text: usize): usize {
  return copy(out, load<u32>(text), load<u32>(text, 4));
}

/** @returns PRIORITIES or more where it is none */
function priorityOf(from: usize, to: usize): u32 {
  if (from == to || to - from > 3) return PRIORITIES;
  let priority: u32 = 0;
  for (let at = from; at < to; at++) {
    if (!isDigit(load<u8>(at))) return PRIORITIES;
    priority = priority * 10 + (load<u8>(at) - ZERO);
  }
  return priority;
}

/** As JSON writes numbers, without an exponent. */
function isNumber(from: usize, to: usize): bool {
  let at = from;
  if (at < to && load<u8>(at) == DASH) at += 1;
  const whole = at;
  while (at < to && isDigit(load<u8>(at))) at += 1;
  if (at == whole || (load<u8>(whole) == ZERO && at - whole > 1)) return false;
  if (at == to) return true;
  if (load<u8>(at) != 0x2e) return false;
  const fraction = ++at;
  while (at < to && isDigit(load<u8>(at))) at += 1;
  return at == to && at > fraction;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u8>(byte - ZERO) < 10;
}
