/** What stands in a sink's way, over all deliveries that run to it: for /readyz and alarms. */
import type { HeldReason, RetryReason } from '../sinks/sink.ts';

/** `held`: nothing will move until somebody acts. `dead_letter`: the dead-letter file cannot be written. `buffer`: nor can
 *  the disk buffer.
 *  `retrying`: it may pass by itself. */
export type Trouble =
  | { readonly kind: 'held'; readonly reason: HeldReason; readonly detail: string; readonly sinceMs: number }
  | {
      readonly kind: 'dead_letter' | 'buffer';
      readonly reason: string;
      readonly detail: string;
      readonly sinceMs: number;
    }
  | { readonly kind: 'retrying'; readonly reason: RetryReason; readonly detail: string; readonly sinceMs: number };

const GRAVITY: Record<Trouble['kind'], number> = { retrying: 0, dead_letter: 1, buffer: 1, held: 2 };

export class SinkHealth {
  readonly #troubles = new Map<object, Trouble>();

  /** The gravest trouble, of equals the one that lasts longest; undefined when all goes well.
   *  `sinceMs` is monotonic. */
  get trouble(): Trouble | undefined {
    let worst: Trouble | undefined;
    for (const trouble of this.#troubles.values()) {
      const graver = worst === undefined ? 1 : GRAVITY[trouble.kind] - GRAVITY[worst.kind];
      if (worst === undefined || graver > 0 || (graver === 0 && trouble.sinceMs < worst.sinceMs)) worst = trouble;
    }
    return worst;
  }

  /** @param delivery whoever meets the trouble; one trouble each at a time */
  troubled(delivery: object, trouble: Trouble): void {
    const before = this.#troubles.get(delivery);
    const same = before?.kind === trouble.kind;
    this.#troubles.set(delivery, same ? { ...trouble, sinceMs: before.sinceMs } : trouble);
  }

  passed(delivery: object): void {
    this.#troubles.delete(delivery);
  }
}
