/** The newest samples of each series that is being written, uncompressed: 28 of them, of which the oldest 8 go into the
 *  series' chunk when it is full. At a scrape every 15 s, 5 to 7 minutes are read by copying, which is where rates, rules
 *  and the HPA look. A block also keeps where the encoder of its series' last chunk stands. */

export const HOT_SAMPLES = 28;
export const COMPRESSED_AT_ONCE = 8;
const BLOCK_BITS = 9;
const BLOCKS_PER_PAGE = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCKS_PER_PAGE - 1;

/** What a time may be behind a block's base: 49 days. */
export const MAX_BEHIND_MS = 2 ** 32 - 1;

/** 168 KiB of samples for 512 series. */
export class HotPage {
  /** Unix ms, of each block. */
  readonly basesMs = new Float64Array(BLOCKS_PER_PAGE);
  /** Of each sample, behind the base of its block. */
  readonly behindMs = new Uint32Array(BLOCKS_PER_PAGE * HOT_SAMPLES);
  readonly values = new Float64Array(BLOCKS_PER_PAGE * HOT_SAMPLES);
  readonly valueWords = new Uint32Array(this.values.buffer);
  readonly counts = new Uint8Array(BLOCKS_PER_PAGE);
  /** When the counter of all samples of the block began; 0 where unknown. */
  readonly startsMs = new Float64Array(BLOCKS_PER_PAGE);
  /** Bits written to the series' newest chunk; 0 where the next samples begin another. */
  readonly openBits = new Uint32Array(BLOCKS_PER_PAGE);
  readonly openValues = new Float64Array(BLOCKS_PER_PAGE);
  readonly openDeltasMs = new Float64Array(BLOCKS_PER_PAGE);
  readonly openLeading = new Uint8Array(BLOCKS_PER_PAGE);
  readonly openTrailing = new Uint8Array(BLOCKS_PER_PAGE);
  used = 0;

  /** Unix ms. @param at of the sample in the columns of the page */
  timeAt(at: number): number {
    return this.basesMs[Math.floor(at / HOT_SAMPLES)]! + this.behindMs[at]!;
  }

  /** @param count of its samples, whose times stay as they are
   *  @returns whether they are within reach of the base */
  rebase(index: number, count: number, baseMs: number): boolean {
    const from = index * HOT_SAMPLES;
    if (count > 0) {
      const shiftMs = this.basesMs[index]! - baseMs;
      const first = this.behindMs[from]! + shiftMs;
      const last = this.behindMs[from + count - 1]! + shiftMs;
      if (first < 0 || last > MAX_BEHIND_MS) return false;
      for (let at = from; at < from + count; at++) this.behindMs[at]! += shiftMs;
    }
    this.basesMs[index] = baseMs;
    return true;
  }
}

const BYTES_PER_BLOCK = HOT_SAMPLES * 12 + 8 + 8 + 4 + 8 + 8 + 3;

export class HotBlocks {
  readonly #pages: (HotPage | undefined)[] = [];
  readonly #free: number[] = [];
  #pageCount = 0;
  #used = 0;

  get used(): number {
    return this.#used;
  }

  get samples(): number {
    let samples = 0;
    for (const page of this.#pages) if (page !== undefined) for (const count of page.counts) samples += count;
    return samples;
  }

  get heldBytes(): number {
    return this.#pageCount * BLOCKS_PER_PAGE * BYTES_PER_BLOCK;
  }

  /** @returns a number for `page` and `index`, from 0; the block is empty */
  allocate(): number {
    if (this.#free.length === 0) this.#addPage();
    const block = this.#free.pop()!;
    const page = this.page(block);
    const index = block & BLOCK_MASK;
    page.counts[index] = 0;
    page.startsMs[index] = 0;
    page.openBits[index] = 0;
    page.used++;
    this.#used++;
    return block;
  }

  free(block: number): void {
    this.page(block).counts[block & BLOCK_MASK] = 0;
    this.page(block).used--;
    this.#used--;
    this.#free.push(block);
  }

  page(block: number): HotPage {
    return this.#pages[block >>> BLOCK_BITS]!;
  }

  index(block: number): number {
    return block & BLOCK_MASK;
  }

  /** Gives back pages that no series uses. Cost: one walk over the free blocks. */
  trim(): void {
    const isEmpty = this.#pages.map((page) => page?.used === 0);
    if (!isEmpty.includes(true)) return;
    const kept = this.#free.filter((block) => !isEmpty[block >>> BLOCK_BITS]);
    this.#free.length = 0;
    for (const block of kept) this.#free.push(block);
    for (const [index, empty] of isEmpty.entries()) {
      if (!empty) continue;
      this.#pages[index] = undefined;
      this.#pageCount--;
    }
  }

  #addPage(): void {
    const hole = this.#pages.indexOf(undefined);
    const index = hole < 0 ? this.#pages.length : hole;
    this.#pages[index] = new HotPage();
    this.#pageCount++;
    for (let block = BLOCKS_PER_PAGE - 1; block >= 0; block--) this.#free.push((index << BLOCK_BITS) + block);
  }
}
