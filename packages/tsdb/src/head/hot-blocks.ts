/** The newest samples of each series that is being written, uncompressed: 28 of them, of which the oldest 8 go into the
 *  series' chunk when it is full. At a scrape every 15 s, 5 to 7 minutes are read by copying, which is where rates, rules
 *  and the HPA look. A block also keeps where the encoder of its series' last chunk stands. */
import { HOT_SAMPLES, NO_TIMES, TimeLists } from './time-lists.ts';

const BLOCK_BITS = 9;
const BLOCKS_PER_PAGE = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCKS_PER_PAGE - 1;

/** 112 KiB of samples for 512 series. */
export class HotPage {
  readonly values = new Float64Array(BLOCKS_PER_PAGE * HOT_SAMPLES);
  readonly valueWords = new Uint32Array(this.values.buffer);
  /** Of each block the list of its samples' times. */
  readonly lists = new Uint32Array(BLOCKS_PER_PAGE);
  /** When the counter of all samples of the block began; 0 where unknown. */
  readonly startsMs = new Float64Array(BLOCKS_PER_PAGE);
  /** Bits written to the series' newest chunk; 0 where the next samples begin another. */
  readonly openBits = new Uint32Array(BLOCKS_PER_PAGE);
  readonly openValues = new Float64Array(BLOCKS_PER_PAGE);
  readonly openDeltasMs = new Float64Array(BLOCKS_PER_PAGE);
  readonly openLeading = new Uint8Array(BLOCKS_PER_PAGE);
  readonly openTrailing = new Uint8Array(BLOCKS_PER_PAGE);
  used = 0;
}

const BYTES_PER_BLOCK = HOT_SAMPLES * 8 + 4 + 8 + 4 + 8 + 8 + 2;

export class HotBlocks {
  readonly lists = new TimeLists();
  readonly #pages: (HotPage | undefined)[] = [];
  readonly #free: number[] = [];
  #pageCount = 0;
  #used = 0;

  get used(): number {
    return this.#used;
  }

  get samples(): number {
    let samples = 0;
    for (const page of this.#pages)
      if (page !== undefined) for (const list of page.lists) samples += this.lists.counts[list]!;
    return samples;
  }

  get heldBytes(): number {
    return this.#pageCount * BLOCKS_PER_PAGE * BYTES_PER_BLOCK + this.lists.heldBytes;
  }

  /** @returns a number for `page` and `index`, from 0; the block is empty */
  allocate(): number {
    if (this.#free.length === 0) this.#addPage();
    const block = this.#free.pop()!;
    const page = this.page(block);
    const index = block & BLOCK_MASK;
    page.startsMs[index] = 0;
    page.openBits[index] = 0;
    page.used++;
    this.#used++;
    return block;
  }

  free(block: number): void {
    this.empty(this.page(block), block & BLOCK_MASK);
    this.page(block).used--;
    this.#used--;
    this.#free.push(block);
  }

  /** Lets go of the block's samples. */
  empty(page: HotPage, index: number): void {
    this.lists.release(page.lists[index]!);
    page.lists[index] = NO_TIMES;
  }

  /** How many samples the block has. */
  countOf(page: HotPage, index: number): number {
    return this.lists.counts[page.lists[index]!]!;
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
