/** A pattern as a program over UTF-8 bytes: re2js parses and compiles, and its instructions over code points become
 *  instructions over bytes here. What a thread of the program does, in order of preference, decides which match is found. */
import { bug } from '../errors.ts';
import { type ByteRanges, utf8Ranges } from './utf8-ranges.ts';

export type Step =
  /** Consumes one byte; ranges ascend and do not overlap. */
  | {
      readonly op: 'bytes';
      readonly to: readonly { readonly low: number; readonly high: number; readonly next: number }[];
    }
  /** Goes both ways, rather `first`. */
  | { readonly op: 'fork'; readonly first: number; readonly second: number }
  /** Slot 2g is the start of group g, 2g + 1 its end. */
  | { readonly op: 'capture'; readonly slot: number; readonly next: number }
  /** Goes on where all of these ASSERT_ bits hold. */
  | { readonly op: 'assert'; readonly bits: number; readonly next: number }
  | { readonly op: 'match' }
  | { readonly op: 'fail' };

export const ASSERT_BEGIN_LINE = 1;
export const ASSERT_END_LINE = 2;
export const ASSERT_BEGIN_TEXT = 4;
export const ASSERT_END_TEXT = 8;
export const ASSERT_WORD_BOUNDARY = 16;
export const ASSERT_NO_WORD_BOUNDARY = 32;

export interface ByteProgram {
  readonly steps: readonly Step[];
  readonly start: number;
}

/** Codes of re2js 2.10, an exact dependency: those of Go's regexp/syntax. */
const RE2 = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  emptyWidth: 4,
  fail: 5,
  match: 6,
  nop: 7,
  rune: 8,
  rune1: 9,
  runeAny: 10,
  runeAnyNotNewline: 11,
} as const;
const FOLD_CASE = 1;
const MAX_CODE_POINT = 0x10ffff;
const LF = 0x0a;
/** More steps than any pattern of a log line has; `\pL{100}` has some 20,000. */
const MAX_STEPS = 8_192;

/** What is read of an instruction of re2js. */
export interface Re2Instruction {
  readonly op: number;
  readonly out: number;
  readonly arg: number;
  readonly runes: ArrayLike<number>;
}

/** @param anchored the pattern can only match at the beginning of the text; otherwise the program looks for the
 *  leftmost match
 *  @returns undefined for a program that is too long, or has an instruction not known here */
export function byteProgramOf(
  instructions: readonly Re2Instruction[],
  start: number,
  anchored: boolean,
): ByteProgram | undefined {
  const builder = new Builder(instructions);
  try {
    const first = builder.add({ op: 'capture', slot: 0, next: builder.stepOf(start) });
    const program = { steps: builder.steps, start: anchored ? first : builder.search(first) };
    return program;
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

class Unusual extends Error {}

class Builder {
  readonly steps: Step[] = [];
  readonly #instructions: readonly Re2Instruction[];
  /** Step of each instruction, so that loops close. */
  readonly #known = new Map<number, number>();
  /** Equal tails of sequences are one step. */
  readonly #byContent = new Map<string, number>();

  constructor(instructions: readonly Re2Instruction[]) {
    this.#instructions = instructions;
  }

  add(step: Step): number {
    if (this.steps.length >= MAX_STEPS) throw new Unusual();
    this.steps.push(step);
    return this.steps.length - 1;
  }

  /** The program that tries `first` here, then behind each code point. */
  search(first: number): number {
    const loop = this.add({ op: 'fail' });
    const skip = this.#codePoints([[0, MAX_CODE_POINT]], loop);
    this.steps[loop] = { op: 'fork', first, second: skip };
    return loop;
  }

  stepOf(index: number): number {
    const known = this.#known.get(index);
    if (known !== undefined) return known;
    const own = this.add({ op: 'fail' });
    this.#known.set(index, own);
    const instruction = this.#instructions[index];
    if (instruction === undefined) throw bug(`re2js leads to instruction ${index}`);
    this.steps[own] = this.#translate(instruction);
    return own;
  }

  #translate({ op, out, arg, runes }: Re2Instruction): Step {
    switch (op) {
      case RE2.alt:
      case RE2.altMatch:
        return { op: 'fork', first: this.stepOf(out), second: this.stepOf(arg) };
      case RE2.capture:
        return { op: 'capture', slot: arg, next: this.stepOf(out) };
      case RE2.emptyWidth:
        return { op: 'assert', bits: arg, next: this.stepOf(out) };
      case RE2.nop:
        return { op: 'assert', bits: 0, next: this.stepOf(out) };
      case RE2.fail:
        return { op: 'fail' };
      case RE2.match:
        return { op: 'match' };
      case RE2.rune:
      case RE2.rune1:
        return this.#step(rangesOf(runes, (arg & FOLD_CASE) !== 0), out);
      case RE2.runeAny:
        return this.#step([[0, MAX_CODE_POINT]], out);
      case RE2.runeAnyNotNewline:
        return this.#step(
          [
            [0, LF - 1],
            [LF + 1, MAX_CODE_POINT],
          ],
          out,
        );
      default:
        throw new Unusual();
    }
  }

  #step(ranges: readonly (readonly [number, number])[], out: number): Step {
    return this.steps[this.#codePoints(ranges, this.stepOf(out))]!;
  }

  #codePoints(ranges: readonly (readonly [number, number])[], next: number): number {
    return this.#sequences(
      ranges.flatMap(([low, high]) => utf8Ranges(low, high)),
      0,
      next,
    );
  }

  /** The step that consumes what is left of the sequences from their byte `depth` on; they share what comes before. */
  #sequences(sequences: readonly ByteRanges[], depth: number, next: number): number {
    const to: { low: number; high: number; next: number }[] = [];
    for (let index = 0; index < sequences.length; ) {
      const [low, high] = sequences[index]![depth]!;
      let last = index + 1;
      while (last < sequences.length && sequences[last]![depth]![0] === low) last += 1;
      const isEnd = sequences[index]!.length === depth + 1;
      const after = isEnd ? next : this.#sequences(sequences.slice(index, last), depth + 1, next);
      const before = to.at(-1);
      if (before?.next === after && before.high === low - 1) before.high = high;
      else to.push({ low, high, next: after });
      index = last;
    }
    const content = to.map((one) => `${one.low}-${one.high}:${one.next}`).join();
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const added = this.add({ op: 'bytes', to });
    this.#byContent.set(content, added);
    return added;
  }
}

/** Letters beyond ASCII that fold to an ASCII letter: the Kelvin sign and the long s. */
const FOLDED_TO_ASCII: Readonly<Record<string, number>> = { k: 0x212a, s: 0x17f };

/** A single code point with the fold flag stands for all that fold to it; ranges are folded by re2js's parser. */
function rangesOf(runes: ArrayLike<number>, folds: boolean): readonly (readonly [number, number])[] {
  if (runes.length !== 1) {
    return Array.from({ length: runes.length / 2 }, (_, index) => [runes[2 * index]!, runes[2 * index + 1]!] as const);
  }
  const rune = runes[0]!;
  if (!folds) return [[rune, rune]];
  if (rune >= 0x80) throw new Unusual();
  const lower = String.fromCharCode(rune).toLowerCase();
  const upper = lower.toUpperCase().charCodeAt(0);
  const all = new Set([upper, lower.charCodeAt(0), FOLDED_TO_ASCII[lower] ?? upper]);
  return [...all].sort((a, b) => a - b).map((one) => [one, one] as const);
}
