/** Values of JSON members with what is to be hidden replaced: strings, and numbers, which become strings then. Names stay. */
import type { Redactor } from '@vigie/core/redaction/redactor';
import type { Batch } from '../batch/batch.ts';
import type { Span } from './members.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DASH = 0x2d;
const NUMBER_BYTES: ReadonlySet<number> = new Set(Buffer.from('-+.eE0123456789'));

export class RedactedMembers {
  readonly #redactor: Redactor;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** @param members as the extra column holds them
   *  @returns undefined where they may stay as they are */
  redact({ kernel, arena }: Batch, { start, end }: Span): Span | 'no_room' | undefined {
    const { memory } = kernel;
    const parts: Buffer[] = [];
    let copied = start;
    for (let at = start; at < end; ) {
      const value = nextValue(memory, at, end);
      if (value === undefined) break;
      const redacted = this.#redactValue(memory, value);
      if (redacted !== undefined) {
        parts.push(memory.subarray(copied, value.start), redacted);
        copied = value.end;
      }
      at = value.end;
    }
    if (parts.length === 0) return undefined;
    parts.push(memory.subarray(copied, end));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const at = arena.alloc(length);
    if (at === -1) return 'no_room';
    let out = at;
    for (const part of parts) out += part.copy(memory, out);
    return { start: at, end: out };
  }

  /** @returns the value as JSON, undefined where nothing is to be replaced */
  #redactValue(memory: Buffer, { start, end }: Span): Buffer | undefined {
    const isString = memory[start] === QUOTE;
    const text = memory.subarray(isString ? start + 1 : start, isString ? end - 1 : end);
    const isEscaped = text.includes(BACKSLASH);
    const plain = isEscaped ? Buffer.from(String(JSON.parse(memory.toString('utf8', start, end)))) : text;
    const length = this.#redactor.find(plain, 0, plain.length);
    if (length === -1) return undefined;
    const redacted = Buffer.alloc(length);
    this.#redactor.write(plain, 0, plain.length, redacted, 0);
    if (isEscaped) return Buffer.from(JSON.stringify(redacted.toString()));
    return Buffer.concat([QUOTE_BYTES, redacted, QUOTE_BYTES]);
  }
}

const QUOTE_BYTES = Buffer.from('"');

/** The first string or number from `at` on that is a value, with its quotes. */
function nextValue(memory: Buffer, at: number, end: number): Span | undefined {
  let next = at;
  while (next < end) {
    const byte = memory[next]!;
    if (byte === QUOTE) {
      const stringEnd = endOfString(memory, next, end);
      let after = stringEnd;
      while (after < end && memory[after]! <= 0x20) after += 1;
      if (memory[after] !== COLON || after >= end) return { start: next, end: stringEnd };
      next = after + 1;
    } else if (byte === DASH || (byte >= 0x30 && byte <= 0x39)) {
      let numberEnd = next + 1;
      while (numberEnd < end && NUMBER_BYTES.has(memory[numberEnd]!)) numberEnd += 1;
      return { start: next, end: numberEnd };
    } else {
      next += 1;
    }
  }
  return undefined;
}

function endOfString(memory: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end && memory[at] !== QUOTE) at += memory[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, end);
}
