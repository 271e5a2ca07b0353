/** What matchers have found that took a test of every value of a label: rules and dashboards ask the same each minute, and series
 *  come and go less often. */

/** Of one name with a regular expression or its like, a dashboard has some dozens. */
const MAX_ENTRIES = 512;
/** Four bytes each. */
const MAX_SLOTS = 1 << 20;

interface Entry {
  readonly version: number;
  readonly slots: Int32Array;
}

/** Bounded: what was asked for least recently goes first. */
export class MatchedSeries {
  readonly #entries = new Map<string, Entry>();
  #slots = 0;

  get heldBytes(): number {
    return 4 * this.#slots;
  }

  /** @param version of the label's postings
   *  @returns undefined where nothing is known as of that version */
  get(key: string, version: number): Int32Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (entry.version !== version) return undefined;
    this.#add(key, entry);
    return entry.slots;
  }

  /** @param slots not changed any more as long as the version is that */
  put(key: string, version: number, slots: Int32Array): void {
    if (slots.length > MAX_SLOTS) return;
    this.#add(key, { version, slots });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#slots <= MAX_SLOTS) break;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#slots += entry.slots.length;
  }

  #remove(key: string, { slots }: Entry): void {
    this.#entries.delete(key);
    this.#slots -= slots.length;
  }
}
