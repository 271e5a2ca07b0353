/** Which lines of a stream make one record: the rules, and how they look at a line. */

/** Told line by line. `state` is the rule's memory of one stream; it begins as 0. */
export interface MultilineRule {
  /** @param start the line's message, `start` up to `end` in memory, without its newline
   *  @returns the state behind the line: as it is when the line goes on with the record before it, its complement
   *  (`~state`, below 0) when the line begins a record.
   *  Cost: called for every line, so the first byte has to settle most of them */
  next(state: number, memory: Buffer, start: number, end: number): number;
}

/** Nothing is remembered, and a line begins a record. */
export const BEGINS = ~0;
/** Nothing is remembered, and a line goes on with the record before it. */
export const GOES_ON = 0;

const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

export function startsWith(memory: Uint8Array, start: number, end: number, literal: Uint8Array): boolean {
  if (end - start < literal.length) return false;
  for (let index = 0; index < literal.length; index++) {
    if (memory[start + index] !== literal[index]) return false;
  }
  return true;
}

export function endsWith(memory: Uint8Array, start: number, end: number, literal: Uint8Array): boolean {
  return end - start >= literal.length && startsWith(memory, end - literal.length, end, literal);
}

/** @returns position of the first byte that is neither space nor tab, `end` when all are (or a carriage return) */
export function afterBlanks(memory: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (memory[at] === SPACE || memory[at] === TAB)) at++;
  return at === end - 1 && memory[at] === CARRIAGE_RETURN ? end : at;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** @returns position behind the digits that begin at `start` */
export function afterDigits(memory: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(memory[at])) at++;
  return at;
}

/** Bytes of an ASCII text, for the tables of rules. */
export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** A byte per byte value: 1 where a line of that first byte needs a closer look. */
export function firstBytes(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of ascii(characters)) table[byte] = 1;
  return table;
}
