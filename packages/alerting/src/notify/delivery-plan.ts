/** Gets a notification to one integration of a receiver: within its rate, and to the fallback receiver where it cannot be told. */
import { Backoff } from '@vigie/core/backoff';
import type { Log } from '@vigie/core/log';
import { isResolved } from '../dispatch/alert.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import type { Integration, Notification } from '../receivers/integration.ts';
import { type Deliverable, type Delivery, type DeliveryDeps, deliver, deliverableOf, RETRY } from './deliver.ts';
import type { NotifyCounts } from './notify-counts.ts';
import { sendEvent } from './notify-events.ts';
import { RateLimit, type RateLimitDeps } from './rate-limit.ts';
import type { Fallback, Receiver } from './receiver.ts';

export interface DeliveryPlanDeps extends Omit<DeliveryDeps, 'onAttempt'>, RateLimitDeps {
  readonly counts: NotifyCounts;
  readonly record: (event: HistoryEvent) => void;
  readonly log: Log;
}

export interface Delivered {
  readonly isDelivered: boolean;
  /** Whether the fallback receiver was told. */
  readonly viaFallback: boolean;
}

export class DeliveryPlan {
  readonly #receivers: ReadonlyMap<string, Receiver>;
  readonly #limits: ReadonlyMap<string, RateLimit>;
  readonly #deps: DeliveryPlanDeps;
  readonly #delivery: DeliveryDeps;

  /** @param receivers by their names */
  constructor(receivers: ReadonlyMap<string, Receiver>, deps: DeliveryPlanDeps) {
    this.#receivers = receivers;
    this.#deps = deps;
    this.#delivery = {
      ...deps,
      onAttempt: (attempt) => {
        deps.counts.attempted(attempt);
        deps.record(sendEvent(attempt, deps.clock.nowMs()));
      },
    };
    this.#limits = new Map(
      [...receivers.values()].flatMap(({ integrations, options: { rateLimit } }) =>
        rateLimit === undefined
          ? []
          : integrations.map(({ id, kind }) => [id, new RateLimit(rateLimit, kind, deps)] as const),
      ),
    );
  }

  /** By the ids of integrations. */
  get limits(): ReadonlyMap<string, RateLimit> {
    return this.#limits;
  }

  /** @param alsoFallback it was told in the integration's place before, and has to hear of this one, too */
  async deliver(
    receiver: Receiver,
    integration: Integration,
    notification: Notification,
    alsoFallback: boolean,
    signal: AbortSignal,
  ): Promise<Delivered> {
    const { fallback } = receiver.options;
    if (fallback === undefined) {
      const delivery = await this.#pass(integration, notification, Number.POSITIVE_INFINITY, signal);
      return { isDelivered: delivery.kind === 'sent', viaFallback: false };
    }
    if (alsoFallback) {
      const [own, other] = await Promise.all([
        this.#pass(integration, notification, fallback.afterFailures, signal),
        this.#toFallback(fallback, notification, signal),
      ]);
      return { isDelivered: own.kind === 'sent' || other, viaFallback: other };
    }
    const { clock, random, counts, log } = this.#deps;
    const rounds = new Backoff(RETRY, random);
    /** By the monotonic clock: the receiver itself may have said when it is to be asked again. */
    let ownAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (clock.monotonicMs() >= ownAtMs) {
        const delivery = await this.#pass(integration, notification, fallback.afterFailures, signal);
        if (delivery.kind === 'sent') return { isDelivered: true, viaFallback: false };
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
      if (await this.#toFallback(fallback, notification, signal)) return { isDelivered: true, viaFallback: true };
      await clock.sleep(rounds.nextMs(), signal).catch(() => undefined);
    }
    return { isDelivered: false, viaFallback: false };
  }

  /** @returns whether one of its integrations was told */
  async #toFallback({ receiver, afterFailures }: Fallback, notification: Notification, signal: AbortSignal) {
    const integrations = this.#receivers.get(receiver)?.integrations ?? [];
    const deliveries = await Promise.all(
      integrations.map((integration) => {
        const alerts = integration.sendsResolved
          ? notification.alerts
          : notification.alerts.filter((alert) => !isResolved(alert, notification.timeMs));
        if (alerts.length === 0) return { kind: 'sent' } as const;
        return this.#pass(integration, { ...notification, receiver, alerts }, afterFailures, signal);
      }),
    );
    return deliveries.some(({ kind }) => kind === 'sent');
  }

  async #pass(
    integration: Integration,
    notification: Notification,
    maxAttempts: number,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const send = async (deliverable: Deliverable, until: AbortSignal): Promise<Delivery> => {
      const delivery = await deliver(integration, deliverable, maxAttempts, until, this.#delivery);
      this.#deps.counts.delivered(integration, delivery);
      return delivery;
    };
    const limit = this.#limits.get(integration.id);
    if (limit !== undefined) return limit.pass(notification, signal, send);
    return send(
      deliverableOf(notification, () => this.#deps.ownsGroup?.(notification.groupKey) !== false),
      signal,
    );
  }
}
