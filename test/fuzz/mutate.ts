/** Inputs that are almost real: samples cut, spliced, repeated and flipped by a seeded generator. */
import type { Random } from '@vigie/core/random';

/** What parsers look for, and what they hope not to see. */
const TOKENS: readonly Buffer[] = [
  ...[
    '"',
    '\\',
    '\\u',
    '\\ud800',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '=',
    ' ',
    '\t',
    '\r',
    '-',
    '.',
    '<',
    '>',
    '@',
    '0',
    '9',
  ],
  ...[
    'é',
    '€',
    '😀',
    '\ufeff',
    '\u0000',
    '\u001b',
    '\u007f',
    '9999999999999999999999',
    '-0',
    '1e999',
    'eyJ',
    'Bearer ',
    '\n',
    '__proto__',
    'constructor',
  ],
].map((text) => Buffer.from(text));
/** No UTF-8, most of them. */
const ILL_FORMED: readonly Buffer[] = [
  [0x80],
  [0xc0, 0x80],
  [0xc3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
  // Numbers of protobuf and of eight bytes, as lengths that are too long.
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0, 0, 0, 0, 0, 0, 0, 0],
].map((bytes) => Buffer.from(bytes));
const MAX_BYTES = 4_096;
const MAX_STEPS = 6;

export class Mutator {
  readonly #random: Random;
  readonly #samples: readonly Buffer[];

  constructor(random: Random, samples: readonly Buffer[]) {
    this.#random = random;
    this.#samples = samples;
  }

  next(): Buffer {
    let bytes = this.#pick(this.#samples);
    for (let steps = this.#below(MAX_STEPS + 1); steps > 0; steps--) bytes = this.#mutated(bytes);
    return bytes.subarray(0, MAX_BYTES);
  }

  #mutated(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const to = Math.min(bytes.length, at + this.#below(20));
    const around = (middle: Uint8Array, rest = at): Buffer =>
      Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(rest)]);
    switch (this.#below(8)) {
      case 0:
        return around(Buffer.alloc(0), to);
      case 1:
        return around(this.#pick(TOKENS));
      case 2:
        return around(this.#pick(ILL_FORMED), to);
      case 3:
        return around(Buffer.of(this.#below(256)), Math.min(bytes.length, at + 1));
      case 4:
        return around(Buffer.concat(Array.from({ length: this.#below(40) }, () => bytes.subarray(at, to))));
      case 5:
        return bytes.subarray(0, at);
      case 6: {
        const other = this.#pick(this.#samples);
        return Buffer.concat([bytes.subarray(0, at), other.subarray(this.#below(other.length + 1))]);
      }
      default:
        return around(Buffer.concat(Array.from({ length: this.#below(8) }, () => this.#pick(TOKENS))));
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick(list: readonly Buffer[]): Buffer {
    return list[this.#below(list.length)] ?? Buffer.alloc(0);
  }
}
