/** From a byte program to tables: all its threads at once, determinised. A state is what the threads would do next, in
 *  order of preference, and what kind of byte came before; a transition is on the next byte or on the end of the text, so
 *  that assertions that look ahead are decided when it is taken. Tables are plain numbers: other walkers may copy them.
 *
 *  Where no state has more than one thread, captures are recorded on the way (RE2 calls such a pattern one-pass, and so
 *  are most patterns of log lines). Otherwise the walker keeps the states it passed, and finds the captures on the way
 *  back: each transition knows for each of its threads which one it came from.
 *  Source: Cox, "Regular Expression Matching in the Wild", 2010; Dubé and Feeley, "Efficiently building a parse tree from
 *  a regular expression", 2000. */
import {
  ASSERT_BEGIN_LINE,
  ASSERT_BEGIN_TEXT,
  ASSERT_END_LINE,
  ASSERT_END_TEXT,
  ASSERT_NO_WORD_BOUNDARY,
  ASSERT_WORD_BOUNDARY,
  type ByteProgram,
} from './byte-program.ts';

export interface Automaton {
  /** No state has more than one thread. */
  readonly onePass: boolean;
  /** Two a group. */
  readonly slots: number;
  /** Column of each byte value. */
  readonly classes: Uint8Array;
  /** Column of the end of the text. */
  readonly endClass: number;
  /** Columns of a row. */
  readonly stride: number;
  /** First entry of the start state's row. Row 0 is the dead state. */
  readonly start: number;
  /** Per state and column: the next state's row in the low ENTRY_ROW_BITS, above them what to do. One-pass: the number
   *  of an action, 0 for nothing. Otherwise 1 where a match ends in front of the byte. Negative: it stays in a state that
   *  most ASCII bytes do not leave, and what stands above the row is the number of that state's skip set. */
  readonly entries: Int32Array;
  /** SKIP_BYTES each: which bytes may leave the state. Byte b may if it is 0x80 or more, or bit b >> 4 of the set's byte
   *  b & 15 is set: so sixteen of them can be looked up at once. */
  readonly skips: Uint8Array;
  /** One-pass: ACTION_WORDS each. */
  readonly actions: Int32Array;
  /** Otherwise, per entry: where its origins begin in `origins`. */
  readonly originsOf: Int32Array;
  /** Per transition: where the match comes from (-1, and two words unused, where there is none), then where each thread
   *  of the next state comes from; ORIGIN_WORDS each: the thread, and the slots it sets on its way as two masks. */
  readonly origins: Int32Array;
}

/** A table has at most this many entries, 256 KiB; see `ENTRY_ROW_BITS`. */
const MAX_ENTRIES = 1 << 16;
/** Of all transitions together, in words. */
const MAX_ORIGIN_WORDS = 1 << 18;
/** Steps of the program looked at while determinising: 150 to 400 ms on a busy machine. */
const MAX_WORK = 500_000;
export const ENTRY_ROW_BITS = 19;
export const ENTRY_ROW_MASK = 2 ** ENTRY_ROW_BITS - 1;
const MAX_ACTIONS = 2 ** (31 - ENTRY_ROW_BITS) - 1;
/** Slots are bits of two words. */
const MAX_SLOTS = 64;
/** An action: whether a match ends in front of the byte, the slots that match sets there, the slots the thread that goes
 *  on sets there; masks are a low and a high word. */
export const ACTION_WORDS = 5;
export const ORIGIN_WORDS = 3;
export const SKIP_BYTES = 16;
const SKIP_MARK = 1 << 31;
/** A state that fewer ASCII bytes stay in is mostly left after a few bytes. */
const MIN_STAYING = 64;

/** The end of the text as a column's representative. */
const END = -1;
const LF = 0x0a;

/** What came before a state, as far as assertions can tell. */
type Before = 'begin' | 'newline' | 'word' | 'other';

interface State {
  readonly threads: readonly number[];
  readonly before: Before;
  readonly row: number;
}

/** Where a thread, or a match, comes from. */
interface Origin {
  readonly thread: number;
  readonly low: number;
  readonly high: number;
}

/** @param slots two a group
 *  @returns undefined where the tables would be too large */
export function determinise(program: ByteProgram, slots: number): Automaton | undefined {
  if (slots > MAX_SLOTS) return undefined;
  return new Determiniser(program, slots).run();
}

class Determiniser {
  readonly #program: ByteProgram;
  readonly #slots: number;
  readonly #asserted: number;
  readonly #classes = new Uint8Array(256);
  /** A byte of each class, then END. */
  readonly #representatives: number[] = [];
  readonly #states: State[] = [];
  readonly #byContent = new Map<string, State>();
  readonly #entries: number[] = [];
  readonly #transitions: { readonly match: Origin | undefined; readonly threads: readonly Origin[] }[] = [];
  /** The round in which a step was last reached. */
  readonly #seen: Int32Array;
  #round = 0;
  #work = 0;

  constructor(program: ByteProgram, slots: number) {
    this.#program = program;
    this.#slots = slots;
    this.#seen = new Int32Array(program.steps.length);
    this.#asserted = program.steps.reduce((bits, step) => (step.op === 'assert' ? bits | step.bits : bits), 0);
    this.#classify();
  }

  run(): Automaton | undefined {
    this.#state([], 'other'); // the dead one, row 0
    const start = this.#state([this.#program.start], this.#relevant('begin'));
    for (let index = 0; index < this.#states.length; index++) {
      for (const byte of this.#representatives) this.#transition(this.#states[index]!, byte);
      const isTooLarge = this.#states.length * this.#representatives.length > MAX_ENTRIES;
      if (isTooLarge || this.#work > MAX_WORK) return undefined;
    }
    const onePass = this.#states.every(({ threads }) => threads.length <= 1);
    const captures = onePass ? this.#actions() : this.#origins();
    if (captures === undefined) return undefined;
    const skips = this.#markSkips(captures.entries);
    return {
      onePass,
      slots: this.#slots,
      classes: this.#classes,
      endClass: this.#representatives.length - 1,
      stride: this.#representatives.length,
      start: start.row,
      ...captures,
      skips,
    };
  }

  /** @returns the skip sets of the entries it marks */
  #markSkips(entries: Int32Array): Uint8Array {
    const skips: number[] = [];
    for (const { row } of this.#states) {
      const leaving: number[] = [];
      for (let byte = 0; byte < 0x80; byte++) if (entries[row + this.#classes[byte]!] !== row) leaving.push(byte);
      const number = skips.length / SKIP_BYTES;
      if (row === 0 || 0x80 - leaving.length < MIN_STAYING || number > MAX_ACTIONS) continue;
      const set = new Array<number>(SKIP_BYTES).fill(0);
      for (const byte of leaving) set[byte & 15]! |= 1 << (byte >> 4);
      skips.push(...set);
      for (let column = row; column < row + this.#representatives.length - 1; column++) {
        if (entries[column] === row) entries[column] = row | (number << ENTRY_ROW_BITS) | SKIP_MARK;
      }
    }
    return Uint8Array.from(skips);
  }

  /** Bytes that no step and no assertion tells apart share a column. */
  #classify(): void {
    const begins = new Uint8Array(257);
    const mark = (low: number, high: number): void => {
      begins[low] = 1;
      begins[high + 1] = 1;
    };
    for (const step of this.#program.steps) {
      if (step.op === 'bytes') for (const { low, high } of step.to) mark(low, high);
    }
    if ((this.#asserted & (ASSERT_BEGIN_LINE | ASSERT_END_LINE)) !== 0) mark(LF, LF);
    if ((this.#asserted & (ASSERT_WORD_BOUNDARY | ASSERT_NO_WORD_BOUNDARY)) !== 0) {
      for (const range of ['09', 'AZ', '__', 'az']) mark(range.charCodeAt(0), range.charCodeAt(1));
    }
    for (let byte = 0; byte < 256; byte++) {
      if (byte === 0 || begins[byte] === 1) this.#representatives.push(byte);
      this.#classes[byte] = this.#representatives.length - 1;
    }
    this.#representatives.push(END);
  }

  #relevant(before: Before): Before {
    switch (before) {
      case 'begin':
        return this.#asserted === 0 ? 'other' : 'begin';
      case 'newline':
        return (this.#asserted & ASSERT_BEGIN_LINE) === 0 ? 'other' : 'newline';
      case 'word':
        return (this.#asserted & (ASSERT_WORD_BOUNDARY | ASSERT_NO_WORD_BOUNDARY)) === 0 ? 'other' : 'word';
      case 'other':
        return 'other';
    }
  }

  #state(threads: readonly number[], before: Before): State {
    const content = `${before}:${threads.join()}`;
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const state = { threads, before, row: this.#states.length * this.#representatives.length };
    this.#states.push(state);
    this.#byContent.set(content, state);
    return state;
  }

  #transition({ threads, before }: State, byte: number): void {
    const holds = assertionsBetween(before, byte);
    const targets: number[] = [];
    const origins: Origin[] = [];
    let match: Origin | undefined;
    const seen = this.#seen;
    this.#round += 1;
    /** @returns whether a match was reached: what is less preferred ends there */
    const follow = (at: number, thread: number, low: number, high: number): boolean => {
      this.#work += 1;
      if (seen[at] === this.#round) return false;
      seen[at] = this.#round;
      const step = this.#program.steps[at]!;
      switch (step.op) {
        case 'fork':
          return follow(step.first, thread, low, high) || follow(step.second, thread, low, high);
        case 'capture':
          return step.slot < 32
            ? follow(step.next, thread, low | (1 << step.slot), high)
            : follow(step.next, thread, low, high | (1 << (step.slot - 32)));
        case 'assert':
          return (step.bits & ~holds) === 0 && follow(step.next, thread, low, high);
        case 'match':
          match = { thread, low, high };
          return true;
        case 'bytes': {
          const next = step.to.find((range) => byte >= range.low && byte <= range.high)?.next;
          if (next !== undefined && !targets.includes(next)) {
            targets.push(next);
            origins.push({ thread, low, high });
          }
          return false;
        }
        case 'fail':
          return false;
      }
    };
    threads.some((at, thread) => follow(at, thread, 0, 0));
    const next = targets.length === 0 ? 0 : this.#state(targets, this.#relevant(kindOf(byte))).row;
    this.#entries.push(next);
    this.#transitions.push({ match, threads: origins });
  }

  #actions() {
    const words: number[] = [0, 0, 0, 0, 0];
    const known = new Map([[words.join(), 0]]);
    const entries = Int32Array.from(this.#entries, (row, index) => {
      const { match, threads } = this.#transitions[index]!;
      const [goesOn] = threads;
      const action = [
        match === undefined ? 0 : 1,
        match?.low ?? 0,
        match?.high ?? 0,
        goesOn?.low ?? 0,
        goesOn?.high ?? 0,
      ];
      const content = action.join();
      let number = known.get(content);
      if (number === undefined) {
        number = known.size;
        known.set(content, number);
        words.push(...action);
      }
      return row | (number << ENTRY_ROW_BITS);
    });
    if (known.size > MAX_ACTIONS) return undefined;
    const none = new Int32Array();
    return { entries, actions: Int32Array.from(words), originsOf: none, origins: none };
  }

  #origins() {
    const words: number[] = [];
    const known = new Map<string, number>();
    const originsOf = new Int32Array(this.#entries.length);
    const entries = new Int32Array(this.#entries.length);
    for (const [index, row] of this.#entries.entries()) {
      const { match, threads } = this.#transitions[index]!;
      entries[index] = row | (match === undefined ? 0 : 1 << ENTRY_ROW_BITS);
      const all = [match ?? { thread: -1, low: 0, high: 0 }, ...threads].flatMap((one) => [
        one.thread,
        one.low,
        one.high,
      ]);
      const content = all.join();
      let at = known.get(content);
      if (at === undefined) {
        at = words.length;
        known.set(content, at);
        for (const word of all) words.push(word);
        if (words.length > MAX_ORIGIN_WORDS) return undefined;
      }
      originsOf[index] = at;
    }
    return { entries, actions: new Int32Array(), originsOf, origins: Int32Array.from(words) };
  }
}

function kindOf(byte: number): Before {
  if (byte === LF) return 'newline';
  return isWord(byte) ? 'word' : 'other';
}

function isWord(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return byte !== END && (isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f);
}

function assertionsBetween(before: Before, byte: number): number {
  let holds = 0;
  if (before === 'begin') holds |= ASSERT_BEGIN_TEXT | ASSERT_BEGIN_LINE;
  if (before === 'newline') holds |= ASSERT_BEGIN_LINE;
  if (byte === END) holds |= ASSERT_END_TEXT | ASSERT_END_LINE;
  if (byte === LF) holds |= ASSERT_END_LINE;
  holds |= (before === 'word') === isWord(byte) ? ASSERT_NO_WORD_BOUNDARY : ASSERT_WORD_BOUNDARY;
  return holds;
}
