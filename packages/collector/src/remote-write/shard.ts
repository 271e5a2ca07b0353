/** One of the lines in which batches wait and are sent, one after another: a series keeps to its line, and so to its order. */
import type { Clock, Timer } from '@vigie/core/clock';
import { onAbort } from '@vigie/core/on-abort';
import { Batch, type BatchKind } from './batch.ts';
import type { QueueOptions } from './remote-write-options.ts';

export class Shard {
  readonly #queue: QueueOptions;
  readonly #clock: Clock;
  readonly #deliver: (batch: Batch, signal: AbortSignal) => Promise<void>;
  /** Closed ones, in their order. */
  readonly #waiting: Batch[] = [];
  #open: Batch | undefined;
  #pending = 0;
  #deadline: Timer | undefined;
  #wake: () => void = () => undefined;
  #roomMade: () => void = () => undefined;
  #flushing = false;

  constructor(queue: QueueOptions, clock: Clock, deliver: (batch: Batch, signal: AbortSignal) => Promise<void>) {
    this.#queue = queue;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** Rows that are not sent yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether a row finds room; else see `room`. Capacity counts what waits and what is being sent. */
  get hasRoom(): boolean {
    return this.#pending < Math.max(this.#queue.capacity, this.#queue.maxSamplesPerSend);
  }

  /** Resolves when there may be room, or the signal aborts. */
  room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = onAbort(signal, resolve);
      this.#roomMade = () => {
        leave();
        resolve();
      };
    });
  }

  /** The batch that takes the next row. */
  batchFor(kind: BatchKind): Batch {
    const open = this.#open;
    const fits =
      open !== undefined &&
      !open.isFull &&
      open.kind.isLate === kind.isLate &&
      open.kind.mayBeKnown === kind.mayBeKnown;
    if (open !== undefined && fits) return open;
    this.#close();
    const made = new Batch(kind, this.#queue.maxSamplesPerSend, this.#clock.monotonicMs());
    this.#open = made;
    this.#deadline = this.#clock.setTimer(this.#queue.batchSendDeadlineMs, () => this.#close());
    return made;
  }

  /** What comes next is sent in another request than what has come. */
  cut(): void {
    this.#close();
  }

  /** To be called behind a row: a full batch waits for nothing. */
  added(): void {
    this.#pending++;
    if (this.#open?.isFull === true) this.#close();
  }

  /** Sends what comes until the signal aborts, or after `flush` until nothing is left. */
  async run(signal: AbortSignal): Promise<void> {
    const leave = onAbort(signal, () => this.#wake());
    try {
      while (!signal.aborted) {
        const batch = this.#waiting.shift();
        if (batch === undefined) {
          if (this.#flushing) return;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        await this.#deliver(batch, signal);
        batch.settle();
        this.#pending -= batch.count;
        this.#roomMade();
      }
    } catch (error) {
      // What was not sent is in the log still.
      if (!signal.aborted) throw error;
    } finally {
      leave();
      this.#deadline?.cancel();
    }
  }

  /** No row comes any more: what is there is sent without waiting for others. */
  flush(): void {
    this.#flushing = true;
    this.#close();
    this.#wake();
  }

  #close(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || open.count === 0) return;
    this.#waiting.push(open);
    this.#wake();
  }
}
