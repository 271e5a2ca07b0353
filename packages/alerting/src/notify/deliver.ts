/** Sends a notification until it has arrived, may not arrive, or its time is over. Source: Alertmanager, notify/notify.go, RetryStage. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { formatDuration } from '@vigie/core/durations';
import { assertNever, describeError } from '@vigie/core/errors';
import type { Random } from '@vigie/core/random';
import { OUT_OF_TIME } from '../dispatch/telling.ts';
import type { Exchange, Integration, Notification, SendOutcome, SentOutcome } from '../receivers/integration.ts';

export type Delivery =
  | SentOutcome
  /** Trying again would fail the same way. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** It failed as often as was asked for, or is to be asked again much later, and may be tried again: not before afterMs. */
  | { readonly kind: 'exhausted'; readonly reason: string; readonly afterMs: number }
  /** The time for it is over; `reason` is that of the last attempt, undefined where there was none. */
  | { readonly kind: 'aborted'; readonly reason: string | undefined };

/** What is to be told, at each attempt anew: of several together, one may have gone since the last. */
export interface Deliverable {
  /** An attempt begins.
   *  @returns undefined: nothing is left to be told */
  next(): Notification | undefined;
}

/** @param ownsGroup whether this replica is to tell of a group, where there are several; asked before each attempt */
export function deliverableOf(
  notification: Notification,
  ownsGroup: ((groupKey: string) => boolean) | undefined,
): Deliverable {
  return { next: () => (ownsGroup?.(notification.groupKey) === false ? undefined : notification) };
}

export interface Attempt {
  readonly integration: Integration;
  readonly notification: Notification;
  /** Of this delivery, from 1. */
  readonly number: number;
  readonly outcome: SendOutcome;
  /** What went over the wire, in order. */
  readonly exchanges: readonly Exchange[];
  readonly seconds: number;
}

export interface DeliveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly onAttempt: (attempt: Attempt) => void;
}

/** As Alertmanager begins; it ends at a minute, too. Ours are spread over all of the wait, so that receivers that come back are not met by all. */
export const RETRY = { baseMs: 500, capMs: 60_000 } as const;

/** How long somebody is tried. */
export interface Patience {
  /** Infinity: until the signal aborts. */
  readonly maxAttempts: number;
  /** Of one attempt: whoever has not answered by then has failed. 0: until the signal aborts. */
  readonly timeoutMs: number;
}

export async function deliver(
  integration: Integration,
  deliverable: Deliverable,
  { maxAttempts, timeoutMs }: Patience,
  signal: AbortSignal,
  { clock, random, onAttempt }: DeliveryDeps,
): Promise<Delivery> {
  const backoff = new Backoff(RETRY, random);
  let reason: string | undefined;
  for (let number = 1; !signal.aborted; number++) {
    const notification = deliverable.next();
    if (notification === undefined) return { kind: 'aborted', reason };
    const startedMs = clock.monotonicMs();
    const deadline = startDeadline(
      signal,
      clock,
      timeoutMs || undefined,
      `no answer within ${formatDuration(timeoutMs)}`,
    );
    const exchanges: Exchange[] = [];
    const outcome = await attempt(integration, notification, deadline.signal, (one) => exchanges.push(one));
    deadline.cancel();
    const isCutShort = outcome.kind !== 'sent' && signal.aborted;
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    // What the service itself gives up says nothing of the receiver; that there was no answer in all of the time does.
    if (!isCutShort || signal.reason === OUT_OF_TIME)
      onAttempt({ integration, notification, number, outcome, exchanges, seconds });
    if (isCutShort) return { kind: 'aborted', reason: reason ?? outcome.reason };
    switch (outcome.kind) {
      case 'sent':
      case 'failed':
        return outcome;
      case 'retry':
        reason = outcome.reason;
        if (number >= maxAttempts || (Number.isFinite(maxAttempts) && (outcome.afterMs ?? 0) > RETRY.capMs))
          return { kind: 'exhausted', reason, afterMs: outcome.afterMs ?? 0 };
        // A receiver that names a time is not asked before it; a wait beyond the signal's end is ended by that.
        await clock.sleep(Math.max(backoff.nextMs(), outcome.afterMs ?? 0), signal).catch(() => undefined);
        break;
      default:
        assertNever(outcome);
    }
  }
  return { kind: 'aborted', reason };
}

/** What an integration throws is a failure like that of the network: the next attempt may go well. */
async function attempt(
  integration: Integration,
  notification: Notification,
  signal: AbortSignal,
  onExchange: (exchange: Exchange) => void,
): Promise<SendOutcome> {
  try {
    return await integration.send(notification, signal, onExchange);
  } catch (error) {
    return { kind: 'retry', reason: describeError(error), afterMs: undefined };
  }
}
