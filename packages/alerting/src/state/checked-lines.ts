/** Lines of text that know whether they are whole: `b54253da {"kind":…}`, the CRC-32 of what follows the space. Pure. */
import { crc32 } from 'node:zlib';

const SUM_LENGTH = 8;

/** @param text without a line feed, which JSON has none of */
export function checkedLine(text: string): string {
  return `${sumOf(text)} ${text}\n`;
}

export interface ReadLines {
  /** In order, of the lines that are whole. */
  readonly texts: readonly string[];
  /** Lines that are not, before the end. */
  readonly damaged: number;
  /** Where what is whole ends: behind it lies a write that was cut off. */
  readonly endByte: number;
}

/** Cost: O(bytes). */
export function readCheckedLines(bytes: Buffer): ReadLines {
  const texts: string[] = [];
  let damaged = 0;
  let damagedAtEnd = 0;
  let endByte = 0;
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const text = newline < 0 ? undefined : textOf(bytes.toString('utf8', at, newline));
    at = newline < 0 ? bytes.length : newline + 1;
    if (text === undefined) {
      damagedAtEnd += 1;
      continue;
    }
    texts.push(text);
    damaged += damagedAtEnd;
    damagedAtEnd = 0;
    endByte = at;
  }
  return { texts, damaged, endByte };
}

function textOf(line: string): string | undefined {
  const text = line.slice(SUM_LENGTH + 1);
  return line[SUM_LENGTH] === ' ' && line.slice(0, SUM_LENGTH) === sumOf(text) ? text : undefined;
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(SUM_LENGTH, '0');
}
