/** A named pipe, whose two ends a test holds. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

export class Fifo {
  readonly writeFd: number;
  readonly #reader: Socket;
  #bytes: Buffer[] = [];
  #closed = false;

  /** @param path made anew
   *  @param reading false: nothing is read before `resume` */
  constructor(path: string, reading = true) {
    execFileSync('mkfifo', [path]);
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeFd = openSync(path, constants.O_WRONLY);
    this.#reader = new Socket({ fd: readFd, readable: true, writable: false });
    // Paused, a socket still fills its buffer of 16 KiB or so: that is the pipe being a little larger.
    if (reading) this.resume();
  }

  resume(): void {
    this.#reader.on('data', (chunk: Buffer) => this.#bytes.push(chunk));
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#bytes);
    this.#bytes = [all];
    return all;
  }

  /** Whole lines, without their newlines. */
  get lines(): string[] {
    return this.received.toString('latin1').split('\n').slice(0, -1);
  }

  /** The writer is another process now. */
  closeWriter(): void {
    if (!this.#closed) closeSync(this.writeFd);
    this.#closed = true;
  }

  closeReader(): void {
    this.#reader.destroy();
  }

  close(): void {
    this.closeWriter();
    this.closeReader();
  }
}
