/** Gets a notification to one integration of a receiver: within its rate, and to the fallback receiver where it cannot be told. */
import { Backoff } from '@vigie/core/backoff';
import type { Log } from '@vigie/core/log';
import type { HistoryEvent, SendEvent } from '../history/history-event.ts';
import { wanted } from '../receivers/http-integration.ts';
import type { Integration, Notification, SentOutcome } from '../receivers/integration.ts';
import {
  type Attempt,
  type Deliverable,
  type Delivery,
  type DeliveryDeps,
  deliver,
  deliverableOf,
  type Patience,
  RETRY,
} from './deliver.ts';
import { failureReason } from './failure-reason.ts';
import type { NotifyCounts } from './notify-counts.ts';
import { sendEvent, sentOverWire } from './notify-events.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Fallback, Receiver } from './receiver.ts';
import { RepeatedFailures } from './repeated-failures.ts';

export interface DeliveryPlanDeps extends Omit<DeliveryDeps, 'onAttempt'> {
  /** By the ids of integrations. */
  readonly limits: ReadonlyMap<string, RateLimit>;
  /** Whether this replica is to tell of a group, where there are several. */
  readonly ownsGroup?: ((groupKey: string) => boolean) | undefined;
  readonly counts: NotifyCounts;
  readonly record: (event: HistoryEvent) => void;
  readonly log: Log;
}

export interface Delivered {
  /** By the integration itself; undefined: it was not told. */
  readonly own: SentOutcome | undefined;
  /** Those of the fallback receiver that were told. */
  readonly inPlace: readonly Integration[];
}

/** Who is to hear of a notification.
 *  - either: the integration, or the fallback in its place
 *  - both: the fallback was told in its place before, and has to hear of this one, too
 *  - own: the fallback has heard of it, the integration has not */
export type Audience = 'either' | 'both' | 'own';

const UNDELIVERED: Delivered = { own: undefined, inPlace: [] };

export class DeliveryPlan {
  readonly #receivers: ReadonlyMap<string, Receiver>;
  readonly #deps: DeliveryPlanDeps;
  readonly #delivery: DeliveryDeps;

  /** @param receivers by their names */
  constructor(receivers: ReadonlyMap<string, Receiver>, deps: DeliveryPlanDeps) {
    this.#receivers = receivers;
    this.#deps = deps;
    const failures = new RepeatedFailures(deps.clock);
    this.#delivery = {
      ...deps,
      onAttempt: (attempt) => {
        deps.counts.attempted(attempt);
        warnOfPart(attempt, deps.log);
        const event = sendEvent(attempt, deps.clock.nowMs());
        if (failures.hides(event)) return;
        deps.record({ ...event, ...sentOverWire(attempt.exchanges) });
        if (event.kind === 'failed') warnOfFailure(event, deps.log);
      },
    };
  }

  async deliver(
    receiver: Receiver,
    integration: Integration,
    notification: Notification,
    audience: Audience,
    signal: AbortSignal,
  ): Promise<Delivered> {
    const { fallback } = receiver.options;
    if (fallback === undefined || audience === 'own') {
      const own = await this.deliverItself(integration, notification, fallback?.timeoutMs ?? 0, signal);
      return { ...UNDELIVERED, own };
    }
    const patience = patienceOf(fallback);
    if (audience === 'both') {
      const [own, inPlace] = await Promise.all([
        this.#pass(integration, notification, patience, signal),
        this.#toFallback(fallback, notification, signal),
      ]);
      return { own: sentOf(own), inPlace };
    }
    const { clock, random, counts, log } = this.#deps;
    const rounds = new Backoff(RETRY, random);
    /** By the monotonic clock: the receiver itself may have said when it is to be asked again. */
    let ownAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (clock.monotonicMs() >= ownAtMs) {
        const delivery = await this.#pass(integration, notification, patience, signal);
        if (delivery.kind === 'sent') return { own: delivery, inPlace: [] };
        if (delivery.kind === 'aborted') break;
        // What may not be tried again waits for the next flush.
        ownAtMs = delivery.kind === 'failed' ? Number.POSITIVE_INFINITY : clock.monotonicMs() + delivery.afterMs;
        counts.fellBack(receiver.name);
        const { reason } = delivery;
        log.warn('a receiver cannot be told, its fallback is', {
          integration: integration.id,
          fallback: fallback.receiver,
          reason,
        });
      }
      const inPlace = await this.#toFallback(fallback, notification, signal);
      if (inPlace.length > 0) return { own: undefined, inPlace };
      await clock.sleep(rounds.nextMs(), signal).catch(() => undefined);
    }
    return UNDELIVERED;
  }

  /** Tries it until it has been told, and nobody else in its place.
   *  @param timeoutMs of Patience
   *  @returns undefined: it was not told */
  async deliverItself(
    integration: Integration,
    notification: Notification,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<SentOutcome | undefined> {
    const patience = { maxAttempts: Number.POSITIVE_INFINITY, timeoutMs };
    return sentOf(await this.#pass(integration, notification, patience, signal));
  }

  /** @returns those of its integrations that were told */
  async #toFallback(
    fallback: Fallback,
    notification: Notification,
    signal: AbortSignal,
  ): Promise<readonly Integration[]> {
    const { receiver } = fallback;
    const integrations = this.#receivers.get(receiver)?.integrations ?? [];
    const told = { ...notification, receiver, kept: undefined };
    const deliveries = await Promise.all(
      integrations.map((integration) => this.#pass(integration, told, patienceOf(fallback), signal)),
    );
    return integrations.filter((_, index) => deliveries[index]?.kind === 'sent');
  }

  async #pass(
    integration: Integration,
    asked: Notification,
    patience: Patience,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const notification = wanted(asked, integration.sendsResolved);
    // Who wants to hear of no end is not told in anybody's place.
    if (notification === undefined) return { kind: 'aborted', reason: undefined };
    const send = async (deliverable: Deliverable, until: AbortSignal): Promise<Delivery> => {
      let last: Attempt | undefined;
      const onAttempt = (attempt: Attempt): void => {
        // Of one that its time has cut short, that is the reason.
        if (!until.aborted) last = attempt;
        this.#delivery.onAttempt(attempt);
      };
      const delivery = await deliver(integration, deliverable, patience, until, { ...this.#delivery, onAttempt });
      const failure = delivery.kind === 'sent' ? undefined : failureReason(last, until);
      this.#deps.counts.delivered(integration, failure);
      return delivery;
    };
    const limit = this.#deps.limits.get(integration.id);
    if (limit !== undefined) return limit.pass(notification, signal, send);
    return send(deliverableOf(notification, this.#deps.ownsGroup), signal);
  }
}

function patienceOf({ afterFailures, timeoutMs = 0 }: Fallback): Patience {
  return { maxAttempts: afterFailures, timeoutMs };
}

function sentOf(delivery: Delivery): SentOutcome | undefined {
  return delivery.kind === 'sent' ? delivery : undefined;
}

function warnOfFailure({ integration, groupKey, attempt, problem }: SendEvent, log: Log): void {
  log.warn('a notification has not arrived, and is tried again', { integration, groupKey, attempt, problem });
}

function warnOfPart({ integration: { id }, outcome }: Attempt, log: Log): void {
  if (outcome.kind !== 'sent' || outcome.problem === undefined) return;
  log.warn('some of those who are to be told do not hear of it', { integration: id, problem: outcome.problem });
}
