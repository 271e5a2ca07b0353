/** Every series as a row of typed columns, found by its labels through an open hash table. A series is known outside by a
 *  reference: its slot, and which generation of it, so that one that has gone is not taken for its successor. */
import { bug } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Arena, BlockRef } from '../arena.ts';
import type { Symbols } from './symbols.ts';

/** Number of a series, 32 bits: 22 of slot, 10 of generation. A freed slot is used again after all those freed before it. */
export type SeriesRef = number;

const SLOT_BITS = 22;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** One slot is left out, so that no reference is 2^32 - 1. */
export const MAX_SERIES = SLOT_MASK;
const GENERATIONS = 2 ** (32 - SLOT_BITS);

export const NO_SLOT = -1;
export const NO_BLOCK = -1;

export function slotOf(ref: SeriesRef): number {
  return ref & SLOT_MASK;
}

export class SeriesTable {
  readonly #symbols: Symbols;
  readonly #arena: Arena;
  #capacity = 1024;
  /** Of each slot that was ever used. */
  #generations = new Uint16Array(this.#capacity);
  #labels = new Uint32Array(this.#capacity);
  #labelCounts = new Uint16Array(this.#capacity);
  #hashes = new Uint32Array(this.#capacity);
  #labelSets: (LabelSet | undefined)[] = [];
  /** Slots by hash, plus one; 0 is empty, TOMBSTONE was taken out. */
  #table = new Int32Array(4096);
  #tableUsed = 0;
  #freed: number[] = [];
  #freedFrom = 0;
  #slots = 0;
  #count = 0;

  /** Newest timestamp, -Infinity without samples. */
  lastMs = new Float64Array(this.#capacity);
  /** Newest timestamp of the whole head when the series was made. */
  madeAtMs = new Float64Array(this.#capacity);
  /** Of its hot block, NO_BLOCK without. */
  hot = new Int32Array(this.#capacity).fill(NO_BLOCK);
  /** The newest chunk, 0 for none. */
  chunk = new Uint32Array(this.#capacity);

  constructor(symbols: Symbols, arena: Arena) {
    this.#symbols = symbols;
    this.#arena = arena;
  }

  get count(): number {
    return this.#count;
  }

  /** Slots lie below it. */
  get slots(): number {
    return this.#slots;
  }

  get heldBytes(): number {
    return this.#capacity * (2 + 4 + 2 + 4 + 8 + 8 + 4 + 4) + this.#table.byteLength;
  }

  isLive(slot: number): boolean {
    return slot < this.#slots && this.#labels[slot] !== 0;
  }

  /** @returns NO_SLOT where there is no such series any more */
  resolve(ref: SeriesRef): number {
    const slot = ref & SLOT_MASK;
    const isSame = slot < this.#slots && this.#labels[slot] !== 0 && this.#generations[slot] === ref >>> SLOT_BITS;
    return isSame ? slot : NO_SLOT;
  }

  refOf(slot: number): SeriesRef {
    return ((this.#generations[slot]! << SLOT_BITS) | slot) >>> 0;
  }

  /** @param pairs symbols of name and value by turns, sorted by the text of the name */
  find(pairs: readonly number[] | Uint32Array, hash = hashOf(pairs)): number {
    const mask = this.#table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at]!;
      if (entry === 0) return NO_SLOT;
      if (entry > 0 && this.#hashes[entry - 1] === hash && this.#equals(entry - 1, pairs)) return entry - 1;
    }
  }

  /** A series that is not there yet. @returns its slot, NO_SLOT where all are taken */
  add(pairs: readonly number[] | Uint32Array, madeAtMs: number): number {
    let slot = this.#slots;
    if (this.#freedFrom < this.#freed.length) slot = this.#takeFreed();
    if (slot >= MAX_SERIES) return NO_SLOT;
    this.#occupy(slot, pairs, madeAtMs);
    return slot;
  }

  /** A series under a reference that a log has given it; its slot is free. */
  addAt(ref: SeriesRef, pairs: readonly number[] | Uint32Array, madeAtMs: number): void {
    const slot = ref & SLOT_MASK;
    if (this.isLive(slot)) throw bug(`slot ${slot} is taken`);
    this.#occupy(slot, pairs, madeAtMs);
    this.#generations[slot] = ref >>> SLOT_BITS;
  }

  /** After the last `addAt`: from here on, slots that were left out are free. */
  collectFree(): void {
    this.#freed = [];
    this.#freedFrom = 0;
    for (let slot = 0; slot < this.#slots; slot++) if (!this.isLive(slot)) this.#freed.push(slot);
  }

  /** What it had in columns is the caller's to let go before. */
  remove(slot: number): void {
    const mask = this.#table.length - 1;
    let at = this.#hashes[slot]! & mask;
    while (this.#table[at] !== slot + 1) at = (at + 1) & mask;
    this.#table[at] = TOMBSTONE;
    this.#arena.free(this.#labels[slot]!);
    this.#labels[slot] = 0;
    if (slot < this.#labelSets.length) this.#labelSets[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) % GENERATIONS;
    this.#freed.push(slot);
    this.#count--;
  }

  /** Symbols of name and value by turns: a view, valid until the series is removed. */
  pairs(slot: number): Uint32Array {
    const block: BlockRef = this.#labels[slot]!;
    const from = this.#arena.offset(block) >>> 2;
    return this.#arena.words(block).subarray(from, from + 2 * this.#labelCounts[slot]!);
  }

  /** The same object each time, made when it is first wanted. */
  labelSet(slot: number): LabelSet {
    const known = this.#labelSets[slot];
    if (known !== undefined) return known;
    const pairs = this.pairs(slot);
    const names: string[] = [];
    const values: string[] = [];
    for (let index = 0; index < pairs.length; index += 2) {
      names.push(this.#symbols.text(pairs[index]!));
      values.push(this.#symbols.text(pairs[index + 1]!));
    }
    const labels = LabelSet.ofSorted(names, values);
    // An array that is written far beyond its end becomes a dictionary.
    while (this.#labelSets.length < slot) this.#labelSets.push(undefined);
    this.#labelSets[slot] = labels;
    return labels;
  }

  /** The symbol of the value that the series has for the name; undefined without. */
  valueOf(slot: number, name: number): number | undefined {
    const pairs = this.pairs(slot);
    for (let index = 0; index < pairs.length; index += 2) if (pairs[index] === name) return pairs[index + 1];
    return undefined;
  }

  #takeFreed(): number {
    const slot = this.#freed[this.#freedFrom++]!;
    if (this.#freedFrom > 1024 && this.#freedFrom * 2 > this.#freed.length) {
      this.#freed = this.#freed.slice(this.#freedFrom);
      this.#freedFrom = 0;
    }
    return slot;
  }

  #occupy(slot: number, pairs: readonly number[] | Uint32Array, madeAtMs: number): void {
    if (slot >= this.#slots) this.#slots = slot + 1;
    if (this.#slots > this.#capacity) this.#grow();
    // A series without labels has a block too: 0 says that a slot is free.
    const block = this.#arena.allocate(Math.max(4, pairs.length * 4));
    this.#arena.words(block).set(pairs, this.#arena.offset(block) >>> 2);
    this.#labels[slot] = block;
    this.#labelCounts[slot] = pairs.length / 2;
    this.#hashes[slot] = hashOf(pairs);
    this.lastMs[slot] = Number.NEGATIVE_INFINITY;
    this.madeAtMs[slot] = madeAtMs;
    this.hot[slot] = NO_BLOCK;
    this.chunk[slot] = 0;
    this.#count++;
    if ((this.#tableUsed + 1) * 2 > this.#table.length) this.#rehash();
    else this.#enter(slot);
  }

  #enter(slot: number): void {
    const mask = this.#table.length - 1;
    let at = this.#hashes[slot]! & mask;
    while (this.#table[at]! > 0) at = (at + 1) & mask;
    if (this.#table[at] === 0) this.#tableUsed++;
    this.#table[at] = slot + 1;
  }

  #rehash(): void {
    let size = 4096;
    while (size < this.#count * 4) size *= 2;
    this.#table = new Int32Array(size);
    this.#tableUsed = 0;
    for (let slot = 0; slot < this.#slots; slot++) if (this.isLive(slot)) this.#enter(slot);
  }

  #equals(slot: number, pairs: readonly number[] | Uint32Array): boolean {
    if (this.#labelCounts[slot]! * 2 !== pairs.length) return false;
    const block = this.#labels[slot]!;
    const words = this.#arena.words(block);
    const from = this.#arena.offset(block) >>> 2;
    for (let index = 0; index < pairs.length; index++) if (words[from + index] !== pairs[index]) return false;
    return true;
  }

  #grow(): void {
    while (this.#capacity < this.#slots) this.#capacity *= 2;
    const size = this.#capacity;
    this.#generations = grow(this.#generations, new Uint16Array(size));
    this.#labels = grow(this.#labels, new Uint32Array(size));
    this.#labelCounts = grow(this.#labelCounts, new Uint16Array(size));
    this.#hashes = grow(this.#hashes, new Uint32Array(size));
    this.lastMs = grow(this.lastMs, new Float64Array(size));
    this.madeAtMs = grow(this.madeAtMs, new Float64Array(size));
    this.hot = grow(this.hot, new Int32Array(size).fill(NO_BLOCK));
    this.chunk = grow(this.chunk, new Uint32Array(size));
  }
}

const TOMBSTONE = -1;

function grow<T extends Uint16Array | Uint32Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** FNV-1a over words, with a last mix: linear probing needs the low bits to be good. */
function hashOf(pairs: readonly number[] | Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < pairs.length; index++) hash = Math.imul(hash ^ pairs[index]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
