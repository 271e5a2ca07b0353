/** Leaves members out of others, whatever objects they stand in. */
import type { Span } from '../members.ts';
import { COMMA, OPEN_BRACE, skipSpaces } from './json-bytes.ts';

/** Copies members, but for those at `cuts`, each from its name's first quote to its value's end. Of an object whose
 *  members are all cut, its braces stay.
 *  @param cuts in any order; one may lie in another
 *  @param out where to write; as many bytes as the members have must be free there, apart from them
 *  @returns one past the last byte; `out` where nothing but white space is left */
export function cutMembers(memory: Buffer, { start, end }: Span, cuts: readonly Span[], out: number): number {
  let next = out;
  let at = start;
  for (const cut of cuts.toSorted((a, b) => a.start - b.start)) {
    if (cut.start < at) continue;
    memory.copyWithin(next, at, cut.start);
    next += cut.start - at;
    at = skipSpaces(memory, cut.end, end);
    const last = lastByte(memory, out, next);
    const follows = at < end && memory[at] === COMMA;
    if (follows && (last === undefined || last === COMMA || last === OPEN_BRACE)) at = skipSpaces(memory, at + 1, end);
    else if (!follows && last === COMMA) next = lastByteAt(memory, out, next);
  }
  memory.copyWithin(next, at, end);
  next += end - at;
  return lastByteAt(memory, out, next) < out ? out : next;
}

function lastByte(memory: Buffer, start: number, end: number): number | undefined {
  const at = lastByteAt(memory, start, end);
  return at < start ? undefined : memory[at];
}

/** @returns where the last byte stands that is no white space */
function lastByteAt(memory: Buffer, start: number, end: number): number {
  let at = end - 1;
  while (at >= start && memory[at]! <= 0x20) at -= 1;
  return at;
}
