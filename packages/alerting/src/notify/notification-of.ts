/** What an integration is asked to tell of a flush. */
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import type { NotificationReason } from '../dispatch/notification-log.ts';
import type { Notification } from '../receivers/integration.ts';
import type { Route } from '../routing/route.ts';

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
  };
}

function explained(alert: Alert): Alert {
  return { ...alert, annotations: alert.annotations.with(RESOLVE_REASON, resolveReasonOf(alert)) };
}
