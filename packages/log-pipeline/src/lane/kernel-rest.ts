import type { Kernel } from '../kernel/kernel.ts';
import type { Slot } from './slot.ts';

/** Shorter than the pauses of a log that is written to all the time. */
const IDLE_MS = 2_000;
/** The collection that frees the old memory stops the process for some 30 ms (core's idle-memory.ts). */
const EVERY_MS = 60_000;
/** Below that there is more to lose than to gain. */
const WORTH_BYTES = 1024 * 1024;

/** When a lane gives its kernel's memory back. A request that was 4 MB long once keeps their pages as long as the memory,
 *  which cannot be given back in parts: a node that starts with a burst and then falls silent would hold them for ever. */
export class KernelRest {
  readonly #kernel: Kernel;
  /** The most that each request has held since the memory is new. */
  readonly #touched = new Map<Slot, number>();
  #usedAtMs = 0;
  #renewedAtMs = Number.NEGATIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The slot is sent. */
  used(slot: Slot, nowMs: number): void {
    this.#usedAtMs = nowMs;
    if (slot.bytes > (this.#touched.get(slot) ?? 0)) this.#touched.set(slot, slot.bytes);
  }

  /** When an idle lane may renew the memory; undefined where that is not worth it. */
  get dueMs(): number | undefined {
    let bytes = 0;
    for (const touched of this.#touched.values()) bytes += touched;
    return bytes < WORTH_BYTES ? undefined : Math.max(this.#usedAtMs + IDLE_MS, this.#renewedAtMs + EVERY_MS);
  }

  /** To be called when nothing is in flight, and no row is left to be encoded. */
  renewIfDue(nowMs: number): void {
    if (nowMs < (this.dueMs ?? Number.POSITIVE_INFINITY)) return;
    this.#kernel.renew();
    this.#touched.clear();
    this.#renewedAtMs = nowMs;
  }
}
