/** What an integration is asked to tell of a flush. */
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup, Flush } from '../dispatch/alert-group.ts';
import type { NotificationReason } from '../dispatch/notification-log.ts';
import { idempotencyKeyOf } from '../identity/group-key.ts';
import type { Claim } from '../outbox/outbox.ts';
import type { Notification } from '../receivers/integration.ts';
import { type Route, UNKNOWN_ROUTE } from '../routing/route.ts';

/** The annotation of a resolved alert that says why it is. */
export const RESOLVE_REASON = 'vigie_resolve_reason';

/** Why an alert is over. */
export type ToldReason = NonNullable<Alert['resolveReason']> | 'expired';

/** - recovered, no_data, rule_removed: what its rule says; of alerts from elsewhere, recovered is that whoever told of it says that it is over
 *  - manual: somebody has ended it by hand
 *  - expired: nobody said so, and nobody tells of it any more */
export function resolveReasonOf({ endsAtMs, updatedAtMs, resolveReason: ofRule }: Alert): ToldReason {
  return ofRule ?? ownReason(endsAtMs, updatedAtMs);
}

function ownReason(endsAtMs: number | undefined, updatedAtMs: number): 'recovered' | 'expired' {
  return endsAtMs !== undefined && endsAtMs <= updatedAtMs ? 'recovered' : 'expired';
}

export interface Told {
  readonly alerts: readonly Alert[];
  readonly reason: NotificationReason;
  readonly timeMs: number;
}

/** @param route of the group when its flush began
 *  @param withResolveReason whether resolved alerts get the annotation */
export function notificationOf(
  group: Pick<AlertGroup, 'key' | 'labels'>,
  route: Pick<Route, 'options'>,
  { alerts, reason, timeMs }: Told,
  withResolveReason: boolean,
): Notification {
  return {
    receiver: route.options.receiver,
    groupKey: group.key,
    groupLabels: group.labels,
    routeLabels: route.options.labels,
    reason,
    alerts: withResolveReason ? alerts.map((alert) => (isResolved(alert, timeMs) ? explained(alert) : alert)) : alerts,
    timeMs,
    repeatIntervalMs: route === UNKNOWN_ROUTE ? undefined : route.options.repeatIntervalMs,
  };
}

/** By which a web hook knows what it has had.
 *  @param claim `beganAtMs`: when it was to be told first, Unix ms */
export function keyOfTold(
  { group, beganAtMs }: Pick<Claim, 'group' | 'beganAtMs'>,
  { alerts, timeMs }: Pick<Flush, 'alerts' | 'timeMs'>,
): string {
  // With its begin: one that was over and fires again is told anew.
  const told = alerts.map((alert) => {
    return `${isResolved(alert, timeMs) ? '-' : ''}${alert.fingerprint}@${alert.startsAtMs}`;
  });
  return idempotencyKeyOf(group, beganAtMs, told);
}

/** Of alerts whose end is owed for longer than the log remembers that they fired. */
export function endReason({ alerts, resolved }: Pick<Flush, 'alerts' | 'resolved'>): NotificationReason {
  return alerts.length === resolved.length ? 'all alerts resolved' : 'some alerts resolved';
}

function explained(alert: Alert): Alert {
  return { ...alert, annotations: alert.annotations.with(RESOLVE_REASON, resolveReasonOf(alert)) };
}
