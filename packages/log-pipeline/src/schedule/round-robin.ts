/** A turn of the deficit round robin: Shreedhar and Varghese, "Efficient fair queueing using deficit
 *  round robin", SIGCOMM 1995. */
export interface Turn<T> {
  readonly item: T;
  /** Bytes it may read in this turn. */
  readonly allowanceBytes: number;
}

interface Entry {
  deficitBytes: number;
  queued: boolean;
  /** Not before this time (rate limit, file not settled); 0 = now. */
  parkedUntilMs: number;
}

/** Who reads next: the one that has waited longest, each given a quantum a turn, what it did not use
 *  carried over while it still has something to read. Items that must wait are parked, not polled.
 *  Cost: O(1) a turn; O(parked) when a wait ends. */
export class RoundRobin<T extends object> {
  readonly #quantumBytes: number;
  readonly #entries = new Map<T, Entry>();
  readonly #queue: T[] = [];
  #head = 0;
  readonly #parked = new Set<T>();

  constructor(quantumBytes: number) {
    this.#quantumBytes = quantumBytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#queue.length;
  }

  get parked(): number {
    return this.#parked.size;
  }

  /** There is something to read; harmless if it is queued already. A parked item stays parked. */
  offer(item: T): void {
    let entry = this.#entries.get(item);
    if (entry === undefined) {
      entry = { deficitBytes: 0, queued: false, parkedUntilMs: 0 };
      this.#entries.set(item, entry);
    }
    if (entry.queued || entry.parkedUntilMs > 0) return;
    entry.queued = true;
    this.#queue.push(item);
  }

  next(nowMs: number): Turn<T> | undefined {
    this.#unpark(nowMs);
    for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
      const entry = this.#entries.get(item);
      if (entry === undefined) continue;
      entry.queued = false;
      // Offered during the turn that ended by parking it: it is offered again when its wait is over.
      if (entry.parkedUntilMs > 0) continue;
      entry.deficitBytes += this.#quantumBytes;
      return { item, allowanceBytes: entry.deficitBytes };
    }
    return undefined;
  }

  /** Ends a turn that the item used, in full or in part. @param more whether there is more to read now */
  used(item: T, bytes: number, more: boolean): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    entry.deficitBytes = more ? Math.min(this.#quantumBytes, Math.max(0, entry.deficitBytes - bytes)) : 0;
    if (more) this.offer(item);
  }

  /** Ends a turn by a wait, whatever is offered meanwhile: not before `untilMs` is it given another. */
  park(item: T, untilMs: number): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    entry.deficitBytes = 0;
    entry.parkedUntilMs = untilMs;
    this.#parked.add(item);
  }

  /** It need not wait any longer. */
  unpark(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined || !this.#parked.delete(item)) return;
    entry.parkedUntilMs = 0;
    this.offer(item);
  }

  /** When the first parked item may go on; undefined if none waits. */
  nextWakeMs(): number | undefined {
    let earliest: number | undefined;
    for (const item of this.#parked) {
      const parkedUntilMs = this.#entries.get(item)?.parkedUntilMs ?? 0;
      if (earliest === undefined || parkedUntilMs < earliest) earliest = parkedUntilMs;
    }
    return earliest;
  }

  /** Forgets it. Whoever has it in a turn may still end that: nothing comes of it. */
  remove(item: T): void {
    this.#entries.delete(item);
    this.#parked.delete(item);
    const index = this.#queue.indexOf(item, this.#head);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  #shift(): T | undefined {
    const item = this.#queue[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #unpark(nowMs: number): void {
    if (this.#parked.size === 0) return;
    for (const item of this.#parked) {
      const entry = this.#entries.get(item);
      if (entry === undefined || entry.parkedUntilMs > nowMs) continue;
      entry.parkedUntilMs = 0;
      this.#parked.delete(item);
      this.offer(item);
    }
  }
}
