/** Who reads the sidecar's stdout: a runtime that is well, slow, hangs, or dies. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, rmSync } from 'node:fs';

/** `slow`: some KB at a time. `blocked`: nothing. */
export type ReaderProfile = 'well' | 'slow' | 'blocked';

const PIECE_BYTES = 64 * 1024;
const SLOW_BYTES = 2 * 1024;
const TURN_MS = 3;
const NEWLINE = 0x0a;

/** A named pipe, whose writing end is given to a process. Reads by turns, so that a test knows what was read. */
export class PipeReader {
  profile: ReaderProfile = 'well';
  /** For the process that writes. */
  readonly writeFd: number;
  readonly #readFd: number;
  readonly #line: (line: Buffer) => void;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #rest: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param line called with each whole line, without its newline */
  constructor(path: string, line: (line: Buffer) => void) {
    execFileSync('mkfifo', [path]);
    this.#readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeFd = openSync(path, constants.O_WRONLY);
    // Both ends are open: nobody needs its name any more.
    rmSync(path);
    this.#line = line;
    this.#schedule();
  }

  /** What stands behind the last newline. */
  get rest(): Buffer {
    return this.#rest;
  }

  /** The writer has its own. */
  closeWriter(): void {
    closeSync(this.writeFd);
  }

  /** Everything that is in the pipe now. */
  readAll(): void {
    while (this.#readSome(PIECE_BYTES) > 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    closeSync(this.#readFd);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      if (this.profile === 'well') this.readAll();
      else if (this.profile === 'slow') this.#readSome(SLOW_BYTES);
      if (!this.#closed) this.#schedule();
    }, TURN_MS);
  }

  /** @returns how many bytes there were */
  #readSome(length: number): number {
    let bytes: number;
    try {
      bytes = readSync(this.#readFd, this.#piece, 0, length, null);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
      throw error;
    }
    let text = Buffer.concat([this.#rest, this.#piece.subarray(0, bytes)]);
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE)) {
      this.#line(text.subarray(0, end));
      text = text.subarray(end + 1);
    }
    this.#rest = text;
    return bytes;
  }
}
