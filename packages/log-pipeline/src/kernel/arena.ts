/** Bytes that live as long as one batch: joined messages, decoded docker entries, rewritten members. */
import { bug } from '@vigie/core/errors';

/** Bump allocator over a region of kernel memory. `reset` at the start of each batch frees everything. */
export class Arena {
  readonly #start: number;
  readonly #end: number;
  #next: number;

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
    this.#next = start;
  }

  /** @returns position of `sizeBytes` fresh bytes (contents undefined), or -1 when the arena is full; nothing is then
   *  allocated and smaller requests may still succeed. */
  alloc(sizeBytes: number): number {
    if (sizeBytes > this.#end - this.#next) return -1;
    const at = this.#next;
    this.#next += sizeBytes;
    return at;
  }

  /** Gives back the unused end of the newest allocation, for callers that allocate an upper bound first. */
  shrink(at: number, usedBytes: number): void {
    if (at < this.#start || at + usedBytes > this.#next) {
      throw bug(`arena holds ${this.#start}..${this.#next}, cannot end at ${at + usedBytes}`);
    }
    this.#next = at + usedBytes;
  }

  reset(): void {
    this.#next = this.#start;
  }

  get freeBytes(): number {
    return this.#end - this.#next;
  }
}
