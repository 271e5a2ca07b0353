import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { FIRST_READ_BYTES, HEAD_BYTES, type Head, headMatches, isHeadCut } from './head.ts';

/** Reads a .gz as if it were the plain file, front to back. Going back further than the position last
 *  asked for starts again from the first byte: readers do that only after a restart.
 *  Memory: the window asked for plus one inflated chunk. */
export class GzipReader {
  readonly path: string;
  /** The first inflated bytes, until the first line or HEAD_BYTES are there. */
  #opening: Buffer = Buffer.alloc(0);
  #matches: boolean | undefined;
  #stream: Gunzip | undefined;
  #chunks: AsyncIterator<unknown> | undefined;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #ended = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether the archive is the one that begins with this line: rotation by numbers gives its name to the next one,
   *  and the file system its inode. Asked after a read from a position behind that line, or at the archive's end. */
  beginsWith(head: Head): boolean {
    this.#matches ??= headMatches(head, this.#opening);
    return this.#matches;
  }

  /** @returns bytes copied; less than `length` only at the end
   *  @throws the stream's error when the archive is damaged or gone */
  async read(target: Uint8Array, targetStart: number, length: number, position: number): Promise<number> {
    if (this.#chunks === undefined || position < this.#windowStart) this.#open();
    this.#drop(position);
    while (!this.#ended && this.#windowStart + this.#window.length < position + length) {
      const next = await this.#chunks?.next();
      if (next === undefined || next.done === true) {
        this.#ended = true;
        break;
      }
      if (!Buffer.isBuffer(next.value)) continue;
      if (isHeadCut(this.#opening)) this.#opening = Buffer.concat([this.#opening, next.value]).subarray(0, HEAD_BYTES);
      this.#window = this.#window.length === 0 ? next.value : Buffer.concat([this.#window, next.value]);
      this.#drop(position);
    }
    const from = position - this.#windowStart;
    if (from >= this.#window.length) return 0;
    const bytes = Math.min(length, this.#window.length - from);
    target.set(this.#window.subarray(from, from + bytes), targetStart);
    return bytes;
  }

  close(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#chunks = undefined;
    this.#window = Buffer.alloc(0);
  }

  #open(): void {
    this.close();
    const file = createReadStream(this.path);
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    gunzip.on('close', () => file.destroy());
    file.pipe(gunzip);
    this.#stream = gunzip;
    this.#chunks = gunzip[Symbol.asyncIterator]();
    this.#windowStart = 0;
    this.#ended = false;
    this.#opening = Buffer.alloc(0);
    this.#matches = undefined;
  }

  #drop(position: number): void {
    const excess = Math.min(position - this.#windowStart, this.#window.length);
    if (excess <= 0) return;
    this.#window = this.#window.subarray(excess);
    this.#windowStart += excess;
  }
}

/** Length of the plain bytes, from the trailer (RFC 1952 ISIZE, modulo 2^32: rotated logs are far smaller). */
export function gzipPlainSize(path: string): number {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size < 18) return 0;
    const trailer = Buffer.alloc(4);
    readSync(fd, trailer, 0, 4, size - 4);
    return trailer.readUInt32LE(0);
  } finally {
    closeSync(fd);
  }
}

/** The first plain bytes of an archive: the first line and perhaps more, HEAD_BYTES at most. */
export async function gzipHead(path: string): Promise<Buffer> {
  const reader = new GzipReader(path);
  const readUpTo = async (length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, await reader.read(bytes, 0, length, 0));
  };
  try {
    const some = await readUpTo(FIRST_READ_BYTES);
    return some.length === FIRST_READ_BYTES && isHeadCut(some) ? await readUpTo(HEAD_BYTES) : some;
  } finally {
    reader.close();
  }
}
