/** Holds back notifications of one integration that come faster than it may be told: none is dropped. Those that wait are told as one digest,
 *  where the integration shows text, else one after the other. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Notification } from '../receivers/integration.ts';
import type { Delivery } from './deliver.ts';
import { digestOf, takesDigests } from './digest.ts';

export interface RateLimitOptions {
  /** So many at once, and so many in each period. */
  readonly notifications: number;
  readonly periodMs: number;
  /** Whether those that wait may be told as one. */
  readonly digest: boolean;
  /** Alerts that such a one lists; of the others it says how many there are, and of what. */
  readonly digestAlerts: number;
}

type Send = (notification: Notification, signal: AbortSignal) => Promise<Delivery>;

interface Waiting {
  readonly notification: Notification;
  readonly signal: AbortSignal;
  readonly send: Send;
  readonly resolve: (delivery: Delivery | Promise<Delivery>) => void;
}

export class RateLimit {
  /** Digests sent, and notifications that they stood for. */
  readonly counts = { held: 0, digests: 0, digested: 0 };
  readonly #options: RateLimitOptions;
  readonly #digests: boolean;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #tokens: number;
  #refilledAtMs: number;
  #timer: Timer | undefined;

  /** @param kind of the integration */
  constructor(options: RateLimitOptions, kind: string, clock: Clock) {
    this.#options = options;
    this.#digests = options.digest && takesDigests(kind);
    this.#clock = clock;
    this.#tokens = options.notifications;
    this.#refilledAtMs = clock.monotonicMs();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** @param send is called when its turn has come
   *  @param signal ends the wait, too: what was not told is told with the next flush of its group */
  pass(notification: Notification, signal: AbortSignal, send: Send): Promise<Delivery> {
    if (this.#waiting.size === 0 && this.#takeToken()) return send(notification, signal);
    this.counts.held += 1;
    return new Promise((resolve) => {
      const waiting: Waiting = { notification, signal, send, resolve };
      this.#waiting.add(waiting);
      const leave = (): void => {
        if (this.#waiting.delete(waiting)) resolve({ kind: 'aborted', reason: undefined });
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#refill();
    const { notifications, periodMs } = this.#options;
    const waitMs = Math.max(0, Math.ceil(((1 - this.#tokens) * periodMs) / notifications));
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#timer = undefined;
      if (this.#waiting.size > 0 && this.#takeToken()) this.#release();
      this.#schedule();
    });
  }

  #release(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const together = this.#digests ? [...this.#waiting] : [first];
    for (const one of together) this.#waiting.delete(one);
    if (together.length === 1) {
      first.resolve(first.send(first.notification, first.signal));
      return;
    }
    this.counts.digests += 1;
    this.counts.digested += together.length;
    const ending = new AbortController();
    const endWithAll = (): void => {
      if (together.every(({ signal }) => signal.aborted)) ending.abort();
    };
    for (const { signal } of together) signal.addEventListener('abort', endWithAll, { once: true });
    const notifications = together.map(({ notification }) => notification);
    const delivery = first.send(digestOf(notifications, this.#options.digestAlerts), ending.signal);
    for (const { resolve, signal } of together) resolve(unlessAborted(delivery, signal));
  }

  #takeToken(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(): void {
    const { notifications, periodMs } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    const refilled = this.#tokens + ((nowMs - this.#refilledAtMs) * notifications) / periodMs;
    this.#tokens = Math.min(notifications, refilled);
    this.#refilledAtMs = nowMs;
  }
}

/** Whose time is over goes on with the next flush, whatever becomes of the digest: others may wait for it for longer. */
function unlessAborted(delivery: Promise<Delivery>, signal: AbortSignal): Promise<Delivery> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve({ kind: 'aborted', reason: undefined });
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    delivery.then(resolve, reject);
  });
}
