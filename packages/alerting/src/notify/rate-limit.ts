/** Holds back notifications of one integration that come faster than it may be told: none is dropped. Those that wait are told as one digest,
 *  where the integration shows text, else one after the other. */
import type { Clock, Timer } from '@vigie/core/clock';
import { onAbort } from '@vigie/core/on-abort';
import type { Notification } from '../receivers/integration.ts';
import { type Deliverable, type Delivery, deliverableOf } from './deliver.ts';
import { takesDigests } from './digest.ts';
import { DigestDelivery, type DigestPart } from './digest-delivery.ts';

export interface RateLimitOptions {
  /** So many at once, and so many in each period. */
  readonly notifications: number;
  readonly periodMs: number;
  /** Whether those that wait may be told as one. */
  readonly digest: boolean;
  /** Alerts that such a one lists; of the others it says how many there are, and of what. */
  readonly digestAlerts: number;
}

export interface RateLimitDeps {
  readonly clock: Clock;
  /** Whether this replica is to tell of a group, where there are several. */
  readonly ownsGroup?: ((groupKey: string) => boolean) | undefined;
  /** How much of all groups is this replica's, from above 0 to 1: so much of the rate is, too. 1 unless given. */
  readonly portion?: (() => number) | undefined;
}

type Send = (deliverable: Deliverable, signal: AbortSignal) => Promise<Delivery>;

interface Waiting extends DigestPart {
  readonly send: Send;
  /** It waits for its turn no more. */
  readonly leave: () => void;
}

export class RateLimit {
  /** Digests sent, and notifications that they stood for. */
  readonly counts = { held: 0, digests: 0, digested: 0 };
  readonly #kind: string;
  readonly #deps: RateLimitDeps;
  readonly #waiting = new Set<Waiting>();
  #options: RateLimitOptions;
  #tokens: number;
  #refilledAtMs: number;
  #timer: Timer | undefined;

  /** @param kind of the integration */
  constructor(options: RateLimitOptions, kind: string, deps: RateLimitDeps) {
    this.#options = options;
    this.#kind = kind;
    this.#deps = deps;
    this.#tokens = options.notifications;
    this.#refilledAtMs = deps.clock.monotonicMs();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get periodMs(): number {
    return this.#options.periodMs;
  }

  /** It is another from now on: what it has let through counts, and what waits goes on waiting. */
  retune(options: RateLimitOptions): void {
    this.#refill();
    this.#options = options;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#schedule();
  }

  /** There is no rate any more: what waits is told. */
  lift(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const one of [...this.#waiting]) this.#tell(one);
  }

  /** So many were told before. */
  spend(notifications: number): void {
    this.#tokens = Math.max(0, this.#tokens - notifications);
  }

  /** @param send is called when its turn has come
   *  @param signal ends the wait, too: what was not told is told with the next flush of its group */
  pass(notification: Notification, signal: AbortSignal, send: Send): Promise<Delivery> {
    if (this.#waiting.size === 0 && this.#takeToken()) return send(this.#single(notification), signal);
    this.counts.held += 1;
    return new Promise((resolve) => {
      const abort = (): void => {
        leave();
        resolve({ kind: 'aborted', reason: undefined });
      };
      const unhear = onAbort(signal, abort);
      const leave = (): void => {
        unhear();
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = { notification, signal, send, resolve, leave };
      this.#waiting.add(waiting);
      if (signal.aborted) abort();
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#refill();
    const { notifications, periodMs } = this.#options;
    const tokenMs = periodMs / notifications;
    // Meanwhile more of the rate may have become this replica's.
    const waitMs = Math.min(tokenMs, ((1 - this.#tokens) * tokenMs) / this.#portion);
    this.#timer = this.#deps.clock.setTimer(Math.max(0, Math.ceil(waitMs)), () => {
      this.#timer = undefined;
      if (this.#waiting.size > 0 && this.#takeToken()) this.#release();
      this.#schedule();
    });
  }

  #release(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { digest: digests, digestAlerts } = this.#options;
    const together = digests && takesDigests(this.#kind) ? [...this.#waiting] : [first];
    if (together.length === 1) {
      this.#tell(first);
      return;
    }
    for (const one of together) one.leave();
    this.counts.digests += 1;
    this.counts.digested += together.length;
    const owns = this.#deps.ownsGroup ?? (() => true);
    const digest = new DigestDelivery(together, digestAlerts, owns);
    // As the newest says how: a reload may have come since the first.
    void digest.tell((together.at(-1) ?? first).send);
  }

  #tell({ notification, signal, send, resolve, leave }: Waiting): void {
    leave();
    resolve(send(this.#single(notification), signal));
  }

  #single(notification: Notification): Deliverable {
    return deliverableOf(notification, this.#deps.ownsGroup);
  }

  get #portion(): number {
    return this.#deps.portion?.() ?? 1;
  }

  #takeToken(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const { notifications, periodMs } = this.#options;
    const nowMs = this.#deps.clock.monotonicMs();
    const own = notifications * this.#portion;
    const refilled = this.#tokens + ((nowMs - this.#refilledAtMs) * own) / periodMs;
    this.#tokens = Math.min(Math.max(1, own), refilled);
    this.#refilledAtMs = nowMs;
  }
}
