/** Several notifications as one, for a receiver that gets more than it may: all their alerts, once each. Pure. */
import { bug } from '@vigie/core/errors';
import { mergedContext } from '../context/notification-context.ts';
import { compareAlerts, isResolved } from '../dispatch/alert.ts';
import { dedupKeyOf } from '../identity/group-key.ts';
import type { Notification } from '../receivers/integration.ts';
import { commonLabels } from './common-labels.ts';
import { listedAlerts } from './listed-alerts.ts';

/** Those that show text and remember nothing. An incident that the others keep by the key of its group would not end with it. */
const SHOWN: ReadonlySet<string> = new Set([
  'email',
  'slack',
  'telegram',
  'discord',
  'msteams',
  'msteamsv2',
  'pushover',
]);

export function takesDigests(kind: string): boolean {
  return SHOWN.has(kind);
}

/** @param notifications of one receiver, at least one; the same alert in several of them is taken from the newest
 *  @param mostListed alerts that are listed one by one */
export function digestOf(notifications: readonly Notification[], mostListed: number): Notification {
  const [first, ...others] = notifications.toSorted((a, b) => a.timeMs - b.timeMs);
  if (first === undefined) throw bug('a digest of nothing');
  if (others.length === 0) return first;
  const all = [first, ...others];
  const alerts = new Map(all.flatMap((one) => one.alerts.map((alert) => [alert.fingerprint, alert] as const)));
  // A storm has more of them than a call may have arguments.
  const timeMs = all.reduce((newestMs, one) => Math.max(newestMs, one.timeMs), first.timeMs);
  const sorted = [...alerts.values()].sort(compareAlerts);
  const firing = sorted.some((alert) => !isResolved(alert, timeMs));
  return {
    receiver: first.receiver,
    groupKey: first.groupKey,
    groupLabels: commonLabels(all.map(({ groupLabels }) => groupLabels)),
    routeLabels: first.routeLabels,
    reason: firing
      ? (all.find(({ reason }) => reason !== 'all alerts resolved')?.reason ?? first.reason)
      : first.reason,
    alerts: sorted,
    listed: listedAlerts(sorted, timeMs, mostListed),
    groupKeys: all.map(({ groupKey }) => groupKey),
    timeMs,
    idempotencyKey: combinedKey(all),
    context: mergedContext(all.map(({ context }) => context)),
  };
}

/** @returns undefined where one of them has none */
function combinedKey(notifications: readonly Notification[]): string | undefined {
  const keys = notifications.map(({ idempotencyKey }) => idempotencyKey);
  return keys.includes(undefined) ? undefined : dedupKeyOf(keys.join('\n'));
}
