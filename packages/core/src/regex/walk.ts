/** Runs an automaton's tables over bytes: one table look-up a byte, and for patterns that are not one-pass another one on
 *  the way back. */
import { ACTION_WORDS, type Automaton, ENTRY_ROW_BITS, ENTRY_ROW_MASK, ORIGIN_WORDS, SKIP_BYTES } from './automaton.ts';

/** `ill_formed`: it stopped beside a byte that is not ASCII, so that if the text is not well-formed UTF-8 there may be a
 *  match after all. */
export type Outcome = 'match' | 'no_match' | 'ill_formed';

/** Whether there is a match. Cost: ends at the first byte that decides it. */
export function hasMatch(automaton: Automaton, bytes: Uint8Array, start: number, end: number): Outcome {
  const { classes, entries, endClass, actions, onePass } = automaton;
  let row = automaton.start;
  let at = start;
  for (;;) {
    const entry = entries[row + (at < end ? classes[bytes[at]!]! : endClass)]!;
    if (entry > ENTRY_ROW_MASK && (!onePass || actions[(entry >>> ENTRY_ROW_BITS) * ACTION_WORDS] === 1))
      return 'match';
    row = entry & ENTRY_ROW_MASK;
    if (row === 0) break;
    at = entry < 0 ? skip(automaton, entry, bytes, at + 1, end) : at + 1;
  }
  return stopsBesideNonAscii(bytes, start, at, end) ? 'ill_formed' : 'no_match';
}

export interface Walked {
  readonly matched: boolean;
  /** It stopped beside a byte that is not ASCII: if the text is not well-formed UTF-8, this is not the answer yet. */
  readonly illFormed: boolean;
}

/** @param spans takes the slots of the match: `automaton.slots` numbers, or fewer where fewer groups are wanted */
export function findMatch(
  automaton: Automaton,
  bytes: Uint8Array,
  start: number,
  end: number,
  spans: Int32Array,
): Walked {
  return automaton.onePass
    ? onePass(automaton, bytes, start, end, spans)
    : twoPasses(automaton, bytes, start, end, spans);
}

/** @returns the first byte from `at` on that may leave the state, or the end */
function skip({ skips }: Automaton, entry: number, bytes: Uint8Array, at: number, end: number): number {
  const set = ((entry & 0x7fffffff) >>> ENTRY_ROW_BITS) * SKIP_BYTES;
  let next = at;
  while (next < end) {
    const byte = bytes[next]!;
    if (byte >= 0x80 || ((skips[set + (byte & 15)]! >> (byte >> 4)) & 1) === 1) break;
    next += 1;
  }
  return next;
}

/** Whether an ill-formed byte can be why a walk stopped in front of byte `at`. */
function stopsBesideNonAscii(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  return (at < end && bytes[at]! >= 0x80) || (at > start && bytes[at - 1]! >= 0x80);
}

function onePass(automaton: Automaton, bytes: Uint8Array, start: number, end: number, spans: Int32Array): Walked {
  const { classes, entries, endClass, actions } = automaton;
  const slots = scratchSlots(automaton.slots);
  let matched = false;
  let row = automaton.start;
  let at = start;
  for (;;) {
    const entry = entries[row + (at < end ? classes[bytes[at]!]! : endClass)]!;
    if (entry > ENTRY_ROW_MASK) {
      const action = (entry >>> ENTRY_ROW_BITS) * ACTION_WORDS;
      if (actions[action] === 1) {
        matched = true;
        spans.set(spans.length === slots.length ? slots : slots.subarray(0, spans.length));
        setSlots(spans, actions[action + 1]!, actions[action + 2]!, at);
        spans[1] = at;
      }
      setSlots(slots, actions[action + 3]!, actions[action + 4]!, at);
    }
    row = entry & ENTRY_ROW_MASK;
    if (row === 0) break;
    at = entry < 0 ? skip(automaton, entry, bytes, at + 1, end) : at + 1;
  }
  return { matched, illFormed: stopsBesideNonAscii(bytes, start, at, end) };
}

function setSlots(slots: Int32Array, low: number, high: number, at: number): void {
  for (let mask = low; mask !== 0; mask &= mask - 1) {
    const slot = 31 - Math.clz32(mask & -mask);
    if (slot < slots.length) slots[slot] = at;
  }
  for (let mask = high; mask !== 0; mask &= mask - 1) {
    const slot = 63 - Math.clz32(mask & -mask);
    if (slot < slots.length) slots[slot] = at;
  }
}

function twoPasses(automaton: Automaton, bytes: Uint8Array, start: number, end: number, spans: Int32Array): Walked {
  const { classes, entries, endClass, originsOf, origins } = automaton;
  const path = scratchPath(end - start + 1);
  let matchAt = -1;
  let row = automaton.start;
  let at = start;
  for (;;) {
    path[at - start] = row;
    const entry = entries[row + (at < end ? classes[bytes[at]!]! : endClass)]!;
    if (entry > ENTRY_ROW_MASK) matchAt = at;
    row = entry & ENTRY_ROW_MASK;
    if (row === 0) break;
    at += 1;
    if (entry >= 0) continue;
    const passed = at;
    at = skip(automaton, entry, bytes, at, end);
    path.fill(row, passed - start, at - start);
  }
  const walked = { matched: matchAt !== -1, illFormed: stopsBesideNonAscii(bytes, start, at, end) };
  if (!walked.matched) return walked;
  spans.fill(-1);
  spans[1] = matchAt;
  let thread = -1; // the match itself stands in front of the threads
  for (at = matchAt; at >= start; at--) {
    const column = at < end ? classes[bytes[at]!]! : endClass;
    const origin = originsOf[path[at - start]! + column]! + (thread + 1) * ORIGIN_WORDS;
    setUnset(spans, origins[origin + 1]!, origins[origin + 2]!, at);
    if (spans[0] !== -1) break;
    thread = origins[origin]!;
  }
  return walked;
}

/** What was set last counts, and that is met first on the way back. */
function setUnset(spans: Int32Array, low: number, high: number, at: number): void {
  for (let mask = low; mask !== 0; mask &= mask - 1) {
    const slot = 31 - Math.clz32(mask & -mask);
    if (slot < spans.length && spans[slot] === -1) spans[slot] = at;
  }
  for (let mask = high; mask !== 0; mask &= mask - 1) {
    const slot = 63 - Math.clz32(mask & -mask);
    if (slot < spans.length && spans[slot] === -1) spans[slot] = at;
  }
}

// Scratch of all walks: they do not wait for anything, so that there is one at a time.
let slotsScratch = new Int32Array(64);
let pathScratch = new Int32Array(4096);
/** More is given back when the next text is short: 1 MiB. */
const PATH_KEPT = 1 << 18;

function scratchSlots(count: number): Int32Array {
  if (slotsScratch.length !== count) slotsScratch = new Int32Array(count);
  return slotsScratch.fill(-1);
}

function scratchPath(length: number): Int32Array {
  if (pathScratch.length < length || (pathScratch.length > PATH_KEPT && length <= PATH_KEPT)) {
    pathScratch = new Int32Array(Math.max(length, Math.min(2 * length, PATH_KEPT)));
  }
  return pathScratch;
}
