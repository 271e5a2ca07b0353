/** What is to be sent to another server, in order and in batches: bounded, and what is dropped is counted. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import type { Random } from '@vigie/core/random';

/** `dropped`: trying again would fail the same way, or is not worth it. */
export type BatchOutcome = 'sent' | 'dropped' | 'retry';

export interface SendQueueOptions<Item> {
  readonly capacity: number;
  readonly batchSize: number;
  /** Does not throw, and ends when the signal aborts. */
  readonly send: (batch: readonly Item[], signal: AbortSignal) => Promise<BatchOutcome>;
}

export interface SendQueueDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** As remote write's own. */
const RETRY = { baseMs: 100, capMs: 30_000 } as const;

export class SendQueue<Item> {
  readonly counts = { sent: 0, refused: 0, overflowed: 0, retries: 0 };
  readonly #options: SendQueueOptions<Item>;
  readonly #deps: SendQueueDeps;
  readonly #abort = new AbortController();
  #items: Item[] = [];
  #running: Promise<void> | undefined;
  #isSending = 0;

  constructor(options: SendQueueOptions<Item>, deps: SendQueueDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Those that wait and those under way. */
  get length(): number {
    return this.#items.length + this.#isSending;
  }

  /** Takes as many as find room.
   *  @returns how many: the rest is the caller's to count */
  push(items: readonly Item[]): number {
    const room = Math.max(0, this.#options.capacity - this.length);
    // A call may not have as many arguments as there is room.
    for (const item of items.slice(0, room)) this.#items.push(item);
    this.#start();
    return Math.min(room, items.length);
  }

  /** Takes them all, in place of the oldest where there is no room; those are counted. */
  pushOver(items: readonly Item[]): void {
    const { capacity } = this.#options;
    const surplus = Math.max(0, this.#items.length + items.length - capacity);
    this.#items = [...this.#items, ...items].slice(surplus);
    this.counts.overflowed += surplus;
    this.#start();
  }

  /** Resolves when all is sent, after graceMs at the latest; what is left then is counted as overflowed. */
  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const timer = this.#deps.clock.setTimer(graceMs, () => this.#abort.abort());
    await this.#running;
    timer.cancel();
    this.#abort.abort();
    this.counts.overflowed += this.#items.length;
    this.#items = [];
  }

  #start(): void {
    if (this.#running !== undefined || this.#abort.signal.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    const { batchSize } = this.#options;
    while (this.#items.length > 0 && !this.#abort.signal.aborted) {
      const batch = this.#items.splice(0, batchSize);
      this.#isSending = batch.length;
      await this.#sendBatch(batch);
      this.#isSending = 0;
    }
  }

  async #sendBatch(batch: readonly Item[]): Promise<void> {
    const { signal } = this.#abort;
    const backoff = new Backoff(RETRY, this.#deps.random);
    for (;;) {
      const outcome = await this.#options.send(batch, signal);
      if (outcome === 'sent') this.counts.sent += batch.length;
      if (outcome === 'dropped') this.counts.refused += batch.length;
      if (outcome !== 'retry') return;
      this.counts.retries += 1;
      if (!signal.aborted) await this.#deps.clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
      if (!signal.aborted) continue;
      this.counts.overflowed += batch.length;
      return;
    }
  }
}
