import { read as fsRead, readSync } from 'node:fs';
import type { Progress } from '../delivery/progress.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Descriptors } from '../tail/descriptors.ts';
import type { Generation } from '../tail/generation.ts';
import { headOf, PREFIX_BYTES } from '../tail/head.ts';
import { readHead } from '../tail/read-head.ts';
import type { LogCursor } from './log-cursor.ts';

export interface InputReports {
  readError(generation: Generation, error: unknown): void;
}

/** Small reads come from the page cache, where a thread-pool round trip costs more than the read. */
const SYNC_READ_BYTES = 64 * 1024;

/** Reads a generation's next bytes into the kernel's input, and makes sure that they are its own: under its name another
 *  file may stand by now. */
export class InputReader {
  readonly #kernel: Kernel;
  readonly #descriptors: Descriptors;
  readonly #reports: InputReports;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);

  constructor(kernel: Kernel, descriptors: Descriptors, reports: InputReports) {
    this.#kernel = kernel;
    this.#descriptors = descriptors;
    this.#reports = reports;
  }

  /** @param length at most so many bytes; of an archive's beginning all of its first line
   *  @returns how many there are now at the start of the input, 0 at the file's end; `doubt`: they are not of this
   *  generation, or cannot be told to be
   *  @throws what the file system throws but ENOENT */
  read(cursor: LogCursor, progress: Progress, length: number): Promise<number | 'doubt'> {
    return progress.generation.encoding === 'gzip'
      ? this.#readGzip(cursor, progress, length)
      : this.#readPlain(progress, length);
  }

  async #readPlain(progress: Progress, length: number): Promise<number | 'doubt'> {
    const { generation } = progress;
    const { memory, regions } = this.#kernel;
    const acquired = this.#descriptors.acquire(generation);
    if (acquired.status === 'moved') return 'doubt';
    if (acquired.status === 'failed') throw acquired.error;
    const { fd } = acquired;
    try {
      const position = progress.readOffset;
      const small = generation.sizeBytes - position <= SYNC_READ_BYTES;
      const bytes = small
        ? readSync(fd, memory, regions.input.start, length, position)
        : await readAsync(fd, memory, regions.input.start, length, position);
      return this.#opensAsKnown(generation, fd, position, bytes) ? bytes : 'doubt';
    } finally {
      this.#descriptors.release(generation, fd);
    }
  }

  /** Verified after the read: a truncation before it shows in the file's first bytes now.
   *  @returns whether the bytes may be taken for the generation's */
  #opensAsKnown(generation: Generation, fd: number, position: number, bytes: number): boolean {
    const { memory, regions } = this.#kernel;
    const { start } = regions.input;
    if (generation.head === undefined) {
      const head = headOf(position === 0 ? memory.subarray(start, start + bytes) : readHead(fd));
      // It may have been written, copied, truncated and begun anew since somebody looked, and what the copy has comes
      // first: only a scan of the folder finds that, and learns the first line then.
      if (head !== undefined && generation.live) return false;
      generation.head = head;
      return true;
    }
    const { prefix } = generation.head;
    if (position === 0 && bytes >= prefix.length) {
      return prefix.equals(memory.subarray(start, start + prefix.length));
    }
    const found = readSync(fd, this.#prefix, 0, prefix.length, 0);
    return prefix.equals(this.#prefix.subarray(0, found));
  }

  async #readGzip(cursor: LogCursor, progress: Progress, length: number): Promise<number | 'doubt'> {
    const { generation } = progress;
    if (generation.path === undefined) return 'doubt';
    const reader = cursor.gzip(generation, generation.path);
    // All of the first line, by which the archive is known.
    const known = (generation.head?.length ?? 0) - progress.readOffset;
    const { memory, regions } = this.#kernel;
    try {
      const bytes = await reader.read(memory, regions.input.start, Math.max(length, known), progress.readOffset);
      if (generation.head === undefined || reader.beginsWith(generation.head)) return bytes;
      cursor.closeGzip();
      return 'doubt';
    } catch (error) {
      cursor.closeGzip();
      if (error instanceof Error && 'code' in error) {
        if (error.code === 'ENOENT') return 'doubt';
        if (typeof error.code === 'string' && error.code.startsWith('Z_')) {
          this.#reports.readError(generation, error);
          generation.gone = 'corrupt_gzip';
          return 'doubt';
        }
      }
      throw error;
    }
  }
}

function readAsync(fd: number, buffer: Buffer, start: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fsRead(fd, buffer, start, length, position, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
