/** The labels of a group's route as its notifications have them, where nothing is sent: templates in them are expanded. Source: Alertmanager 0.34,
 *  dispatch/dispatch.go, RouteLabels. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from '../dispatch/alert.ts';
import type { Route } from '../routing/route.ts';
import { notificationData } from './notification-data.ts';
import type { NotificationTemplates } from './notification-templates.ts';

export interface GroupNow {
  readonly route: Pick<Route, 'options'>;
  readonly labels: LabelSet;
  readonly alerts: readonly Alert[];
}

type RouteLabels = Readonly<Record<string, string>>;

/** One that fails is left out.
 *  Cost: O(alerts) where one of them is a template, else none. */
export type RouteLabelsOf = (group: GroupNow, nowMs: number) => RouteLabels;

/** @param templatesOf a receiver, by its name
 *  @param externalUrl under which users reach the alerting service */
export function routeLabelsOf(
  templatesOf: (receiver: string) => NotificationTemplates,
  externalUrl: string,
): RouteLabelsOf {
  return ({ route, labels: groupLabels, alerts }, timeMs) => {
    const { receiver, labels: routeLabels } = route.options;
    if (!Object.values(routeLabels).some((text) => text.includes('{{'))) return routeLabels;
    // Why a group is told is nothing that they say.
    const asked = { receiver, groupKey: '', groupLabels, routeLabels, alerts, timeMs };
    const told = notificationData({ ...asked, reason: 'first notification' }, externalUrl);
    const { data } = templatesOf(receiver).render(told);
    return Object.fromEntries(data.routeLabels);
  };
}
