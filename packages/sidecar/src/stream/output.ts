/** Standard output or error as a place for lines: takes one batch after another, waits while its reader does not read. */
import { write } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '@vigie/core/clock';
import { errorCode, VigieError } from '@vigie/core/errors';
import { reopenWithoutBlocking } from './nonblocking.ts';

/** Nobody reads any more, and nobody will. */
export class OutputClosedError extends VigieError {
  constructor(output: string, cause: unknown) {
    super('OUTPUT_CLOSED', `the reader of ${output} is gone`, { cause });
  }
}

const writeSome = promisify(write);
/** A full disk behind a redirection; a terminal that somebody made non-blocking. */
const RETRY_MS = 200;
const RETRIED: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT', 'EINTR']);
/** Codes by which a pipe or socket says that its other end is closed; the last for writes behind such a one. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** Bytes leave in the order of the calls, each batch whole before the next. */
export class Output {
  readonly name: string;
  readonly #fd: number;
  readonly #clock: Clock;
  #write: ((bytes: Uint8Array) => Promise<void>) | undefined;
  #last: Promise<void> = Promise.resolve();
  #pending = 0;
  #busySinceMs = 0;

  /** @param name for people: stdout, stderr */
  constructor(name: string, fd: number, clock: Clock) {
    this.name = name;
    this.#fd = fd;
    this.#clock = clock;
  }

  /** How long the batch at hand has waited for the reader; 0 while there is none. */
  get waitsMs(): number {
    return this.#pending === 0 ? 0 : this.#clock.monotonicMs() - this.#busySinceMs;
  }

  /** Resolves when the system has taken every byte; their memory is the caller's again then, and not before.
   *  @throws {OutputClosedError} */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#pending++ === 0) this.#busySinceMs = this.#clock.monotonicMs();
    const written = this.#last.then(async () => {
      this.#write ??= this.#open();
      try {
        await this.#write(bytes);
      } finally {
        this.#pending--;
        this.#busySinceMs = this.#clock.monotonicMs();
      }
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  #open(): (bytes: Uint8Array) => Promise<void> {
    const { fd, kind } = reopenWithoutBlocking(this.#fd);
    return kind === 'stream' ? this.#streamWriter(fd) : (bytes) => this.#writeFile(fd, bytes);
  }

  /** libuv writes what fits and waits for room by epoll: no thread, no polling. */
  #streamWriter(fd: number): (bytes: Uint8Array) => Promise<void> {
    const socket = new Socket({ fd, readable: false, writable: true });
    // The write that fails tells of it too.
    socket.on('error', () => undefined);
    return (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(CLOSED.has(errorCode(error)) ? new OutputClosedError(this.name, error) : error);
        });
      });
  }

  async #writeFile(fd: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      try {
        done += (await writeSome(fd, bytes, done, bytes.length - done, null)).bytesWritten;
      } catch (error) {
        if (CLOSED.has(errorCode(error))) throw new OutputClosedError(this.name, error);
        if (!RETRIED.has(errorCode(error))) throw error;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }
}
