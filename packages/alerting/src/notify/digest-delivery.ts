/** Several notifications on their way as one digest. Each may leave it: when its time is over, whatever becomes of the digest, for others may wait for it
 *  for longer; or when its group is another replica's, which tells of it. */
import { onAbort } from '@vigie/core/on-abort';
import type { Notification } from '../receivers/integration.ts';
import type { Deliverable, Delivery } from './deliver.ts';
import { digestOf } from './digest.ts';

/** A notification that is told with others. */
export interface DigestPart {
  readonly notification: Notification;
  /** Ends its time. */
  readonly signal: AbortSignal;
  /** Called once, with what has become of it. */
  readonly resolve: (delivery: Delivery | Promise<Delivery>) => void;
}

export class DigestDelivery implements Deliverable {
  /** Each with what takes back that its signal is heard. */
  readonly #left: Map<DigestPart, () => void>;
  readonly #mostListed: number;
  readonly #owns: (groupKey: string) => boolean;
  readonly #ending = new AbortController();

  /** @param mostListed as of digestOf
   *  @param owns whether this replica is to tell of a group; asked before each attempt */
  constructor(parts: readonly DigestPart[], mostListed: number, owns: (groupKey: string) => boolean) {
    this.#left = new Map(parts.map((part) => [part, () => undefined]));
    this.#mostListed = mostListed;
    this.#owns = owns;
  }

  /** Resolves when each of them knows what has become of it. */
  async tell(send: (digest: Deliverable, signal: AbortSignal) => Promise<Delivery>): Promise<void> {
    for (const part of this.#left.keys())
      this.#left.set(
        part,
        onAbort(part.signal, () => this.#look()),
      );
    const delivery = send(this, this.#ending.signal);
    await delivery.catch(() => undefined);
    for (const part of this.#left.keys()) this.#leave(part, delivery);
  }

  next(): Notification | undefined {
    this.#look();
    if (this.#left.size === 0) return undefined;
    return digestOf(
      Array.from(this.#left.keys(), ({ notification }) => notification),
      this.#mostListed,
    );
  }

  #look(): void {
    let reason: unknown;
    for (const part of this.#left.keys()) {
      if (!part.signal.aborted && this.#owns(part.notification.groupKey)) continue;
      this.#leave(part, { kind: 'aborted', reason: undefined });
      reason = part.signal.reason;
    }
    if (this.#left.size === 0) this.#ending.abort(reason);
  }

  #leave(part: DigestPart, delivery: Delivery | Promise<Delivery>): void {
    this.#left.get(part)?.();
    this.#left.delete(part);
    part.resolve(delivery);
  }
}
