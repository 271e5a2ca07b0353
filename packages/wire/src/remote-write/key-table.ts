/** Numbers by the bytes that name them: a sender repeats the labels of its series in every request, and reading them costs more
 *  than the rest. */

export const NOT_FOUND = -1;

/** A key: four words of hash, and the number plus one; 0 there is a free place. */
const WORDS = 5;
/** Of a key, at the load that a table has between two doublings. */
export const BYTES_PER_KEY = 40;
const FIRST_PLACES = 1024;

/** An open table of keys to numbers. Keys are kept as 128 bits of hash and not as they are: labels of 400 bytes cost 40, and a look-up
 *  one line of cache. Two keys of one hash would be one; among a million, the chance is 1e-27. Senders who look for
 *  collisions find their own series, which they may write as it is. */
export class KeyTable {
  readonly #maxKeys: number;
  #places = FIRST_PLACES;
  #words = new Int32Array(FIRST_PLACES * WORDS);
  #count = 0;
  /** Of the key last asked for. */
  #h1 = 0;
  #h2 = 0;
  #h3 = 0;
  #h4 = 0;

  /** @param maxKeys where the next one would be one too many, the table begins anew with it */
  constructor(maxKeys: number) {
    this.#maxKeys = Math.max(1, maxKeys);
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#places = FIRST_PLACES;
    this.#words = new Int32Array(FIRST_PLACES * WORDS);
    this.#count = 0;
  }

  /** @param view the key is from `start` to `end` in it
   *  @returns what was put there, or NOT_FOUND
   *  Cost: about 0.4 ns a byte. */
  get(view: DataView, start: number, end: number): number {
    this.#hash(view, start, end);
    const words = this.#words;
    const mask = this.#places - 1;
    for (let place = this.#h1 & mask; ; place = (place + 1) & mask) {
      const at = place * WORDS;
      const next = words[at + 4]!;
      if (next === 0) return NOT_FOUND;
      if (
        words[at] === this.#h1 &&
        words[at + 1] === this.#h2 &&
        words[at + 2] === this.#h3 &&
        words[at + 3] === this.#h4
      )
        return (next >>> 0) - 1;
    }
  }

  /** Under the key that the last `get` did not find. @param number from 0 to 2^32 - 2 */
  put(number: number): void {
    if (this.#count >= this.#maxKeys) this.clear();
    // Three quarters full at most, so that a search is short.
    if (4 * (this.#count + 1) > 3 * this.#places) this.#grow();
    this.#count++;
    this.#enter(this.#h1, this.#h2, this.#h3, this.#h4, number + 1);
  }

  #enter(h1: number, h2: number, h3: number, h4: number, next: number): void {
    const words = this.#words;
    const mask = this.#places - 1;
    let place = h1 & mask;
    while (words[place * WORDS + 4] !== 0) place = (place + 1) & mask;
    const at = place * WORDS;
    words[at] = h1;
    words[at + 1] = h2;
    words[at + 2] = h3;
    words[at + 3] = h4;
    words[at + 4] = next;
  }

  #grow(): void {
    const from = this.#words;
    this.#places *= 2;
    this.#words = new Int32Array(this.#places * WORDS);
    for (let at = 0; at < from.length; at += WORDS) {
      if (from[at + 4] !== 0) this.#enter(from[at]!, from[at + 1]!, from[at + 2]!, from[at + 3]!, from[at + 4]!);
    }
  }

  /** MurmurHash3_x86_128, but that what is left of the last sixteen bytes is mixed in as a block with zeros behind it. */
  #hash(view: DataView, start: number, end: number): void {
    let h1 = 0;
    let h2 = 0;
    let h3 = 0;
    let h4 = 0;
    let at = start;
    for (let isLast = false; !isLast; at += 16) {
      let k1 = 0;
      let k2 = 0;
      let k3 = 0;
      let k4 = 0;
      if (at + 16 <= end) {
        k1 = view.getInt32(at, true);
        k2 = view.getInt32(at + 4, true);
        k3 = view.getInt32(at + 8, true);
        k4 = view.getInt32(at + 12, true);
      } else {
        isLast = true;
        k1 = wordUpTo(view, at, end);
        k2 = wordUpTo(view, at + 4, end);
        k3 = wordUpTo(view, at + 8, end);
        k4 = wordUpTo(view, at + 12, end);
      }
      k1 = Math.imul(k1, 0x239b961b);
      h1 ^= Math.imul((k1 << 15) | (k1 >>> 17), 0xab0e9789);
      h1 = (Math.imul(((h1 << 19) | (h1 >>> 13)) + h2, 5) + 0x561ccd1b) | 0;
      k2 = Math.imul(k2, 0xab0e9789);
      h2 ^= Math.imul((k2 << 16) | (k2 >>> 16), 0x38b34ae5);
      h2 = (Math.imul(((h2 << 17) | (h2 >>> 15)) + h3, 5) + 0x0bcaa747) | 0;
      k3 = Math.imul(k3, 0x38b34ae5);
      h3 ^= Math.imul((k3 << 17) | (k3 >>> 15), 0xa1e38b93);
      h3 = (Math.imul(((h3 << 15) | (h3 >>> 17)) + h4, 5) + 0x96cd1c35) | 0;
      k4 = Math.imul(k4, 0xa1e38b93);
      h4 ^= Math.imul((k4 << 18) | (k4 >>> 14), 0x239b961b);
      h4 = (Math.imul(((h4 << 13) | (h4 >>> 19)) + h1, 5) + 0x32ac3b17) | 0;
    }
    const length = end - start;
    h1 = (h1 ^ length) + (h2 ^ length) + (h3 ^ length) + (h4 ^ length);
    h2 = finished((h2 ^ length) + h1);
    h3 = finished((h3 ^ length) + h1);
    h4 = finished((h4 ^ length) + h1);
    h1 = (finished(h1) + h2 + h3 + h4) | 0;
    this.#h1 = h1;
    this.#h2 = (h2 + h1) | 0;
    this.#h3 = (h3 + h1) | 0;
    this.#h4 = (h4 + h1) | 0;
  }
}

/** Four bytes, zeros for those from `end` on. */
function wordUpTo(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true);
  let word = 0;
  for (let index = at; index < end; index++) word |= view.getUint8(index) << (8 * (index - at));
  return word;
}

function finished(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
