/** Series by the bytes that name them: a sender repeats them in every request, and reading labels costs more than the rest. */

const NONE = -1;
const INITIAL_SLOTS = 1024;

/** A table of bytes to numbers. Bounded: where the next one would not fit, it begins anew with it. */
export class SeriesCache {
  readonly #maxBytes: number;
  #slots = new Int32Array(INITIAL_SLOTS).fill(NONE);
  #count = 0;
  #keys = Buffer.allocUnsafeSlow(64 * 1024);
  #view = viewOf(this.#keys);
  #ends = new Uint32Array(INITIAL_SLOTS);
  #hashes = new Int32Array(INITIAL_SLOTS);
  #refs = new Int32Array(INITIAL_SLOTS);

  /** @param maxBytes of keys; a key costs some 20 bytes more */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  clear(): void {
    this.#slots.fill(NONE);
    this.#count = 0;
  }

  /** @param view of `bytes` from its first byte on
   *  @returns what was put there, or undefined */
  get(view: DataView, start: number, end: number): number | undefined {
    const hash = hashOf(view, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === NONE) return undefined;
      if (this.#hashes[entry] === hash && this.#isKey(entry, view, start, end)) return this.#refs[entry];
    }
  }

  /** @param start and @param end of a key that is not there */
  put(bytes: Buffer, view: DataView, start: number, end: number, ref: number): void {
    if (this.#endOf(this.#count - 1) + end - start > this.#maxBytes) this.clear();
    if (end - start > this.#maxBytes) return;
    this.#reserve(end - start);
    const entry = this.#count++;
    const keyStart = this.#endOf(entry - 1);
    bytes.copy(this.#keys, keyStart, start, end);
    this.#ends[entry] = keyStart + end - start;
    this.#hashes[entry] = hashOf(view, start, end);
    this.#refs[entry] = ref;
    this.#place(entry);
  }

  #endOf(entry: number): number {
    return entry < 0 ? 0 : this.#ends[entry]!;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[entry]! & mask;
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }

  #isKey(entry: number, view: DataView, start: number, end: number): boolean {
    const keyStart = this.#endOf(entry - 1);
    const length = end - start;
    if (this.#ends[entry]! - keyStart !== length) return false;
    let at = 0;
    for (; at + 4 <= length; at += 4) {
      if (view.getInt32(start + at, true) !== this.#view.getInt32(keyStart + at, true)) return false;
    }
    for (; at < length; at++) if (view.getUint8(start + at) !== this.#view.getUint8(keyStart + at)) return false;
    return true;
  }

  #reserve(keyBytes: number): void {
    const wanted = this.#endOf(this.#count - 1) + keyBytes;
    if (wanted > this.#keys.length) {
      const keys = Buffer.allocUnsafeSlow(Math.max(2 * this.#keys.length, wanted));
      keys.set(this.#keys);
      this.#keys = keys;
      this.#view = viewOf(keys);
    }
    // Half full at most, so that a search is short.
    if (2 * (this.#count + 1) <= this.#slots.length) return;
    const size = 2 * this.#slots.length;
    this.#ends = grown(this.#ends, new Uint32Array(size));
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    this.#refs = grown(this.#refs, new Int32Array(size));
    this.#slots = new Int32Array(size).fill(NONE);
    for (let entry = 0; entry < this.#count; entry++) this.#place(entry);
  }
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function grown<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Murmur3's mixing over 32-bit words. Senders who look for collisions make their own requests slow: a series is at most once in
 *  the table, and its size is bounded. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mixed(hash, view.getInt32(at, true));
  let rest = 0;
  for (let index = at; index < end; index++) rest = (rest << 8) | view.getUint8(index);
  hash = mixed(hash, rest);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mixed(hash: number, word: number): number {
  let part = Math.imul(word, 0xcc9e2d51);
  part = Math.imul((part << 15) | (part >>> 17), 0x1b873593);
  const turned = hash ^ part;
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}
