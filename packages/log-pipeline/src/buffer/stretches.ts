/** A segment from one entry to the next, over what is damaged between them. */
import { decodeEntryHead, type EntryHead, LEAST_HEAD_BYTES, mayBeEntryHead } from './entry.ts';
import { type BufferFile, readUpTo } from './fs.ts';

/** What stands in a segment from `start` to `end`. */
export type Stretch =
  /** `isWhole`: its body ends within the segment. */
  | {
      readonly kind: 'entry';
      readonly start: number;
      readonly end: number;
      readonly head: EntryHead;
      readonly isWhole: boolean;
    }
  /** No head can be made out. */
  | { readonly kind: 'damaged'; readonly start: number; readonly end: number };

/** Most heads are smaller. */
const HEAD_GUESS_BYTES = 4096;
const WINDOW_BYTES = 64 * 1024;

/** A file seen through a window that moves along it. */
export class FileView {
  readonly #file: BufferFile;
  #start = 0;
  #window: Buffer = Buffer.alloc(0);

  constructor(file: BufferFile) {
    this.#file = file;
  }

  /** @returns a view of the bytes there are, `length` at most, until the next call */
  async bytes(at: number, length: number): Promise<Buffer> {
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      this.#window = await readUpTo(this.#file, at, Math.max(length, WINDOW_BYTES));
      this.#start = at;
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }
}

/** @param from where an entry begins
 *  @param to where the segment ends
 *  @returns stretches that join, from `from` to `to`
 *  Cost: a read of the heads; behind a damaged one, of everything up to the next. */
export async function* stretches(view: FileView, from: number, to: number): AsyncGenerator<Stretch> {
  for (let start = from; start < to; ) {
    const head = await readHead(view, start, to);
    if (head === undefined) {
      const end = await findHead(view, start + 1, to);
      yield { kind: 'damaged', start, end };
      start = end;
      continue;
    }
    const bodyEnd = start + head.headBytes + head.bodyBytes;
    const end = Math.min(bodyEnd, to);
    yield { kind: 'entry', start, end, head, isWhole: bodyEnd === end };
    start = end;
  }
}

/** @returns undefined where no undamaged head stands */
async function readHead(view: FileView, at: number, to: number): Promise<EntryHead | undefined> {
  let decoded = decodeEntryHead(await view.bytes(at, Math.min(HEAD_GUESS_BYTES, to - at)));
  if (decoded.status === 'short' && decoded.neededBytes <= to - at) {
    decoded = decodeEntryHead(await view.bytes(at, decoded.neededBytes));
  }
  return decoded.status === 'ok' ? decoded.head : undefined;
}

/** @returns where the next whole entry begins; `to` when there is none */
async function findHead(view: FileView, from: number, to: number): Promise<number> {
  for (let at = from; at + LEAST_HEAD_BYTES <= to; ) {
    const bytes = await view.bytes(at, Math.min(WINDOW_BYTES, to - at));
    const end = bytes.length - LEAST_HEAD_BYTES;
    if (end < 0) return to;
    for (let offset = 0; offset <= end; offset++) {
      const place = at + offset;
      if (!mayBeEntryHead(bytes, offset, to - place)) continue;
      if ((await readHead(view, place, to)) !== undefined) return place;
    }
    at += end + 1;
  }
  return to;
}
