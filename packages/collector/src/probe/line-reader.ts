/** Lines of a connection, as a dialogue waits for them. Source: Go, bufio.Scanner. */
import type { Socket } from 'node:net';
import { nextBytes } from './probe-connection.ts';

/** Go's own. */
const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineReader {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #isEnded = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Without its end; a last line without one counts, unless it is empty.
   *  @returns undefined after the last one
   *  @throws what breaks the connection off; a line that is too long */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      if (end >= 0) return this.#take(end, end + 1);
      if (this.#rest.length >= MAX_LINE_BYTES) throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
      if (this.#isEnded) return this.#rest.length === 0 ? undefined : this.#take(this.#rest.length, this.#rest.length);
      await this.#read();
    }
  }

  /** @returns fewer where there are no more
   *  @throws what breaks the connection off */
  async bytes(count: number): Promise<Buffer> {
    while (this.#rest.length < count && !this.#isEnded) await this.#read();
    const bytes = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }

  async #read(): Promise<void> {
    const chunk = await nextBytes(this.#socket);
    if (chunk === undefined) this.#isEnded = true;
    else this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  #take(end: number, next: number): Buffer {
    const line = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(next);
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }
}
