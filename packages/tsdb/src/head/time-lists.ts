/** The times of hot samples, once for all series that have the same ones: those of a target, or of a batch that was pushed. Lists are
 *  immutable, and equal ones are one list as long as somebody uses it. Series that began one after the other come to have the same
 *  times but for how many of the oldest are compressed already: eight lists for a target at most. */

/** Of a series. */
export const HOT_SAMPLES = 28;
/** The oldest of a full list, which go on in the series' chunk. */
export const COMPRESSED_AT_ONCE = 8;
/** The list without a time. */
export const NO_TIMES = 0;

const FIRST_CAPACITY = 64;
const BYTES_PER_LIST = HOT_SAMPLES * 8 + 1 + 7 * 4;

export class TimeLists {
  /** Unix ms, ascending; those of a list begin at its number times HOT_SAMPLES. */
  timesMs: Float64Array;
  /** Of each list. */
  counts: Uint8Array;
  #uses: Uint32Array;
  #hashes: Int32Array;
  /** Of a number that several lists had one after the other. */
  #generations: Uint32Array;
  /** What a list became when a time was appended last. */
  #next: Uint32Array;
  #nextGenerations: Uint32Array;
  /** First list by hash, and the next with as many low bits in common; NO_TIMES at the end. */
  #buckets: Uint32Array;
  #others: Uint32Array;
  readonly #free: number[] = [];
  readonly #made = new Float64Array(HOT_SAMPLES);

  constructor() {
    this.timesMs = new Float64Array(FIRST_CAPACITY * HOT_SAMPLES);
    this.counts = new Uint8Array(FIRST_CAPACITY);
    this.#uses = new Uint32Array(FIRST_CAPACITY);
    this.#hashes = new Int32Array(FIRST_CAPACITY);
    this.#generations = new Uint32Array(FIRST_CAPACITY);
    this.#next = new Uint32Array(FIRST_CAPACITY);
    this.#nextGenerations = new Uint32Array(FIRST_CAPACITY);
    this.#buckets = new Uint32Array(FIRST_CAPACITY);
    this.#others = new Uint32Array(FIRST_CAPACITY);
    this.#nextGenerations[NO_TIMES] = UNKNOWN;
    for (let list = FIRST_CAPACITY - 1; list > NO_TIMES; list--) this.#free.push(list);
  }

  get heldBytes(): number {
    return this.counts.length * BYTES_PER_LIST;
  }

  /** Lists that are used. */
  get count(): number {
    return this.counts.length - 1 - this.#free.length;
  }

  /** One use of the list becomes one of that which has the time behind it; a full one is without its oldest eight then.
   *  Cost: a few ns where the list became the same before, else one look-up. */
  append(list: number, timeMs: number): number {
    const next = this.#next[list]!;
    const isSame =
      this.#generations[next] === this.#nextGenerations[list] &&
      this.timesMs[next * HOT_SAMPLES + this.counts[next]! - 1] === timeMs;
    if (isSame) {
      this.#uses[next]!++;
      this.release(list);
      return next;
    }
    const count = this.#copy(list, this.counts[list] === HOT_SAMPLES ? COMPRESSED_AT_ONCE : 0);
    this.#made[count] = timeMs;
    const made = this.#listOf(count + 1);
    this.#next[list] = made;
    this.#nextGenerations[list] = this.#generations[made]!;
    this.release(list);
    return made;
  }

  /** The same with a time in another place. @param at how many of the list, which is not full, are before it */
  insert(list: number, at: number, timeMs: number): number {
    const count = this.#copy(list, 0);
    this.#made.copyWithin(at + 1, at, count);
    this.#made[at] = timeMs;
    return this.#replace(list, count + 1);
  }

  /** The same without the oldest eight of a full list. */
  shorten(list: number): number {
    return this.#replace(list, this.#copy(list, COMPRESSED_AT_ONCE));
  }

  /** One use less. */
  release(list: number): void {
    if (list !== NO_TIMES && --this.#uses[list]! === 0) this.#remove(list);
  }

  #replace(list: number, count: number): number {
    const made = this.#listOf(count);
    this.release(list);
    return made;
  }

  /** Into `#made`, from the time at `from` on. @returns how many */
  #copy(list: number, from: number): number {
    const count = this.counts[list]! - from;
    const first = list * HOT_SAMPLES + from;
    for (let at = 0; at < count; at++) this.#made[at] = this.timesMs[first + at]!;
    return count;
  }

  /** The list of what `#made` has, with one use more. */
  #listOf(count: number): number {
    let hash = count;
    for (let at = 0; at < count; at++) hash = Math.imul(hash ^ this.#made[at]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    const first = this.#buckets[hash & (this.#buckets.length - 1)]!;
    for (let list = first; list !== NO_TIMES; list = this.#others[list]!) {
      if (this.#hashes[list] !== hash || !this.#isMade(list, count)) continue;
      this.#uses[list]!++;
      return list;
    }
    return this.#add(count, hash);
  }

  #isMade(list: number, count: number): boolean {
    if (this.counts[list] !== count) return false;
    const first = list * HOT_SAMPLES;
    for (let at = 0; at < count; at++) if (this.timesMs[first + at] !== this.#made[at]) return false;
    return true;
  }

  #add(count: number, hash: number): number {
    if (this.#free.length === 0) this.#grow();
    const list = this.#free.pop()!;
    for (let at = 0; at < count; at++) this.timesMs[list * HOT_SAMPLES + at] = this.#made[at]!;
    this.counts[list] = count;
    this.#uses[list] = 1;
    this.#hashes[list] = hash;
    this.#next[list] = NO_TIMES;
    this.#nextGenerations[list] = UNKNOWN;
    this.#enter(list);
    return list;
  }

  #enter(list: number): void {
    const bucket = this.#hashes[list]! & (this.#buckets.length - 1);
    this.#others[list] = this.#buckets[bucket]!;
    this.#buckets[bucket] = list;
  }

  #remove(list: number): void {
    const bucket = this.#hashes[list]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === list) this.#buckets[bucket] = this.#others[list]!;
    else {
      let before = this.#buckets[bucket]!;
      while (this.#others[before] !== list) before = this.#others[before]!;
      this.#others[before] = this.#others[list]!;
    }
    this.#generations[list]!++;
    this.#free.push(list);
  }

  #grow(): void {
    const before = this.counts.length;
    const size = 2 * before;
    this.timesMs = grown(this.timesMs, new Float64Array(size * HOT_SAMPLES));
    this.counts = grown(this.counts, new Uint8Array(size));
    this.#uses = grown(this.#uses, new Uint32Array(size));
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    this.#generations = grown(this.#generations, new Uint32Array(size));
    this.#next = grown(this.#next, new Uint32Array(size));
    this.#nextGenerations = grown(this.#nextGenerations, new Uint32Array(size));
    this.#buckets = new Uint32Array(size);
    this.#others = new Uint32Array(size);
    for (let list = 1; list < before; list++) this.#enter(list);
    for (let list = size - 1; list >= before; list--) this.#free.push(list);
  }
}

/** In place of a generation, of which the list without a time has only the first. */
const UNKNOWN = 1;

function grown<T extends Float64Array | Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
