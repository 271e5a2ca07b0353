/** What the sidecar itself says on stderr: never in the midst of a line that it streams there, and never waited for. */
import { writeSync } from 'node:fs';
import { reopenWithoutBlocking } from './nonblocking.ts';
import type { Output } from './output.ts';

/** A reader that hangs must not make memory grow. */
const MAX_WAITING = 100;

export class OwnLines {
  /** Lines that stderr had no room for. */
  dropped = 0;
  /** Where files are streamed to the same descriptor: lines wait for their turn there. */
  output: Output | undefined;
  readonly #fd: number;
  #reopened: number | undefined;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param line with its newline */
  write(line: string): void {
    if (this.output === undefined) this.#writeNow(line);
    else this.#enqueue(this.output, line);
  }

  /** Resolves when nothing waits any more. */
  flushed(): Promise<void> {
    return this.#last;
  }

  /** Before the call returns, so that the last line before a crash is there. */
  #writeNow(line: string): void {
    try {
      this.#reopened ??= reopenWithoutBlocking(this.#fd).fd;
      writeSync(this.#reopened, line);
    } catch {
      this.dropped++;
    }
  }

  #enqueue(output: Output, line: string): void {
    if (this.#waiting === MAX_WAITING) {
      this.dropped++;
      return;
    }
    this.#waiting++;
    this.#last = output
      .write(Buffer.from(line))
      .catch(() => {
        this.dropped++;
      })
      .then(() => {
        this.#waiting--;
      });
  }
}
