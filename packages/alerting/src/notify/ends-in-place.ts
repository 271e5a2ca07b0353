/** Ends that fallback receivers are owed: they were told in the place of another that an alert fires, and have not heard that it is over, which that
 *  one may have. */
import type { Alert } from '../dispatch/alert.ts';
import type { AlertGroup, Flush } from '../dispatch/alert-group.ts';
import type { NotificationLog } from '../dispatch/notification-log.ts';
import type { Route } from '../routing/route.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { DeliveryPlan } from './delivery-plan.ts';
import { endReason, keyOfTold, notificationOf } from './notification-of.ts';
import { type Addressee, addresseeOf, type Receiver } from './receiver.ts';

export interface EndsInPlaceDeps {
  readonly plan: Pick<DeliveryPlan, 'deliverItself'>;
  readonly notifications: Pick<NotificationLog, 'get' | 'recordEndsInPlace'>;
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
}

export interface EndsInPlaceSettings {
  /** By their names. */
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly resolveReason: boolean;
  readonly idempotencyKey?: boolean | undefined;
}

/** A flush of a group, of which others were told in the place of an integration. */
export interface FlushInPlace {
  readonly group: Pick<AlertGroup, 'key' | 'labels'>;
  readonly route: Pick<Route, 'options'>;
  /** Its id. */
  readonly integration: string;
  readonly flush: Flush;
  /** Of an attempt, as Patience has it. */
  readonly timeoutMs: number;
}

export class EndsInPlace {
  readonly #settings: EndsInPlaceSettings;
  readonly #deps: EndsInPlaceDeps;

  constructor(settings: EndsInPlaceSettings, deps: EndsInPlaceDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Tells them of the ends that they are owed, and of what of theirs goes on.
   *  @param signal ends the time for it
   *  @returns whether each of them has heard of all ends of the flush */
  async tell(told: FlushInPlace, signal: AbortSignal): Promise<boolean> {
    const { receivers } = this.#settings;
    const owed = this.#deps.notifications.get(told.group.key, told.integration)?.inPlace ?? [];
    const tellings = Array.from(owed, async ([id, fingerprints]) => {
      const to = addresseeOf(receivers, id);
      const part = partOf(told.flush, fingerprints);
      // To one that is no more in the configuration there is nothing to tell.
      if (to === undefined || part.resolved.length === 0) return true;
      // A reload may have it want to hear of no end: then it is owed none.
      const isSettled = !to.integration.sendsResolved || (await this.#tellOne(to, part, told, signal));
      if (isSettled) await this.#settle(id, part, told);
      return isSettled;
    });
    return (await Promise.all(tellings)).every(Boolean);
  }

  async #tellOne(
    { receiver, integration }: Addressee,
    part: Flush,
    { group, route, integration: inPlaceOf, timeoutMs }: FlushInPlace,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { plan, notifications } = this.#deps;
    const { resolveReason, idempotencyKey } = this.#settings;
    const beganAtMs = notifications.get(group.key, inPlaceOf)?.timeMs ?? part.timeMs;
    const notification = {
      ...notificationOf(group, route, { ...part, reason: endReason(part) }, resolveReason),
      receiver: receiver.name,
      idempotencyKey: idempotencyKey === false ? undefined : keyOfTold({ group: group.key, beganAtMs }, part),
    };
    return (await plan.deliverItself(integration, notification, timeoutMs, signal)) !== undefined;
  }

  async #settle(id: string, { resolved }: Flush, { group, integration }: FlushInPlace): Promise<void> {
    const { notifications, persist } = this.#deps;
    const ended = resolved.map(({ fingerprint }) => fingerprint);
    const entry = notifications.recordEndsInPlace(group.key, integration, [id], ended);
    if (entry !== undefined) await persist([{ kind: 'told', group: group.key, integration, entry }]);
  }
}

/** What of the flush somebody was told of. */
function partOf({ timeMs, alerts, resolved }: Flush, fingerprints: ReadonlySet<string>): Flush {
  const isKnown = ({ fingerprint }: Alert): boolean => fingerprints.has(fingerprint);
  return { timeMs, alerts: alerts.filter(isKnown), resolved: resolved.filter(isKnown) };
}
