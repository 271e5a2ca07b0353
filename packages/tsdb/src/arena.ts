/** Memory outside the V8 heap for what is many and small: chunks of samples, label sets. Pages are cut into blocks of one
 *  size; an empty page is cut anew or given back. A block is known by a number, so that a million of them cost no object. */
import { bug } from '@vigie/core/errors';

/** Small enough that twenty sizes with a page hardly begun weigh little, large enough that its views weigh nothing. */
const PAGE_BYTES = 256 * 1024;
const UNIT_BYTES = 16;
const UNIT_BITS = 14;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
/** What 32 bits can address: 64 GiB. */
const MAX_PAGES = 2 ** (32 - UNIT_BITS);
/** Behind each page, so that a reader of bits may look past the end of a stream. */
const SLACK_BYTES = 16;

/** Steps of an eighth to a third: at most that share of a block is unused. */
const BLOCK_BYTES: readonly number[] = blockSizes();
export const MAX_BLOCK_BYTES = BLOCK_BYTES.at(-1)!;
const CLASS_OF_UNITS = classOfUnits();

function blockSizes(): number[] {
  const sizes: number[] = [];
  for (let bytes = UNIT_BYTES; bytes < 256; bytes += UNIT_BYTES) sizes.push(bytes);
  for (let bytes = 256; bytes < 64 * 1024; bytes *= 2)
    for (let quarter = 4; quarter < 8; quarter++) sizes.push((bytes * quarter) / 4);
  sizes.push(64 * 1024);
  return sizes;
}

function classOfUnits(): Uint8Array {
  const classes = new Uint8Array(MAX_BLOCK_BYTES / UNIT_BYTES + 1);
  let size = 0;
  for (let units = 0; units < classes.length; units++) {
    if (units * UNIT_BYTES > BLOCK_BYTES[size]!) size++;
    classes[units] = size;
  }
  return classes;
}

/** Number of a block; never 0. */
export type BlockRef = number;

class Page {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly view: DataView;
  readonly sizeClass: number;
  /** Offset in bytes of the first free block, and in that block the offset of the next; -1 at the end. */
  firstFree = -1;
  /** Bytes from which on no block was ever cut. */
  uncut = 0;
  blocks = 0;
  /** Whether the list of pages with room has it. */
  listed = false;

  constructor(sizeClass: number) {
    const buffer = new ArrayBuffer(PAGE_BYTES + SLACK_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.view = new DataView(buffer);
    this.sizeClass = sizeClass;
  }
}

export class Arena {
  readonly #pages: (Page | undefined)[] = [];
  readonly #freePageIndices: number[] = [];
  /** Pages with a free block, by size. */
  readonly #withRoom: number[][] = BLOCK_BYTES.map(() => []);
  #pageCount = 0;
  #usedBytes = 0;

  /** Of blocks in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Of pages, which is what the process pays. */
  get heldBytes(): number {
    return this.#pageCount * PAGE_BYTES;
  }

  /** The content is whatever was there. @param sizeBytes 1 to MAX_BLOCK_BYTES */
  allocate(sizeBytes: number): BlockRef {
    const sizeClass = CLASS_OF_UNITS[(sizeBytes + UNIT_BYTES - 1) >>> 4];
    if (sizeClass === undefined) throw bug(`a block of ${sizeBytes} bytes`);
    const blockBytes = BLOCK_BYTES[sizeClass]!;
    const pageIndex = this.#pageWithRoom(sizeClass);
    const page = this.#pages[pageIndex]!;
    let offset = page.firstFree;
    if (offset >= 0) {
      page.firstFree = page.words[offset >>> 2]! | 0;
    } else {
      offset = page.uncut;
      page.uncut += blockBytes;
    }
    page.blocks++;
    this.#usedBytes += blockBytes;
    return pageIndex * (UNIT_MASK + 1) + (offset >>> 4);
  }

  free(ref: BlockRef): void {
    const pageIndex = ref >>> UNIT_BITS;
    const page = this.#page(ref);
    const offset = (ref & UNIT_MASK) << 4;
    page.words[offset >>> 2] = page.firstFree;
    page.firstFree = offset;
    page.blocks--;
    this.#usedBytes -= BLOCK_BYTES[page.sizeClass]!;
    const list = this.#withRoom[page.sizeClass]!;
    // One empty page of a size stays, or a block that comes and goes would make a page each time.
    if (page.blocks === 0 && list.length > (page.listed ? 1 : 0)) this.#drop(pageIndex, page, list);
    else if (!page.listed) {
      page.listed = true;
      list.push(pageIndex);
    }
  }

  /** What a block can hold. */
  capacity(ref: BlockRef): number {
    return BLOCK_BYTES[this.#page(ref).sizeClass]!;
  }

  /** Memory of the block's page, in which it begins at `offset(ref)`. Valid until the block is freed. */
  bytes(ref: BlockRef): Uint8Array {
    return this.#page(ref).bytes;
  }

  words(ref: BlockRef): Uint32Array {
    return this.#page(ref).words;
  }

  doubles(ref: BlockRef): Float64Array {
    return this.#page(ref).doubles;
  }

  view(ref: BlockRef): DataView {
    return this.#page(ref).view;
  }

  /** In bytes, a multiple of 16. */
  offset(ref: BlockRef): number {
    return (ref & UNIT_MASK) << 4;
  }

  #page(ref: BlockRef): Page {
    const page = this.#pages[ref >>> UNIT_BITS];
    if (page === undefined) throw bug(`no page of block ${ref}`);
    return page;
  }

  #drop(pageIndex: number, page: Page, list: number[]): void {
    if (page.listed) list.splice(list.indexOf(pageIndex), 1);
    this.#pages[pageIndex] = undefined;
    this.#pageCount--;
    this.#freePageIndices.push(pageIndex);
  }

  #pageWithRoom(sizeClass: number): number {
    const list = this.#withRoom[sizeClass]!;
    const blockBytes = BLOCK_BYTES[sizeClass]!;
    for (let index = list.at(-1); index !== undefined; index = list.at(-1)) {
      const page = this.#pages[index]!;
      if (page.firstFree >= 0 || page.uncut + blockBytes <= PAGE_BYTES) return index;
      page.listed = false;
      list.pop();
    }
    const page = new Page(sizeClass);
    // Block 0 would be taken for none.
    if (this.#pages.length === 0) this.#pages.push(undefined);
    const index = this.#freePageIndices.pop() ?? this.#pages.length;
    if (index >= MAX_PAGES) throw bug('more memory than block numbers reach');
    this.#pages[index] = page;
    this.#pageCount++;
    page.listed = true;
    list.push(index);
    return index;
  }
}
