/** Timers of routes that come to something else than they say. */
import type { ConfigPath } from '@vigie/core/config/problem';
import { formatDuration } from '@vigie/core/durations';
import { DEFAULT_ROUTE_OPTIONS, type RouteOptions } from '../routing/route.ts';
import type { Findings } from './findings.ts';
import type { RouteConfig } from './route-section.ts';

type Timers = Pick<RouteOptions, 'groupIntervalMs' | 'repeatIntervalMs'>;

/** A repeat is told at a group_interval: of one that is not a multiple of it the next is waited for. Each route that says one of them is looked at. */
export function warnOfTimers(
  route: RouteConfig,
  findings: Findings,
  inherited: Timers = DEFAULT_ROUTE_OPTIONS,
  path: ConfigPath = ['route'],
): void {
  const { groupIntervalMs = inherited.groupIntervalMs, repeatIntervalMs = inherited.repeatIntervalMs } = route;
  const isSaid = route.groupIntervalMs !== undefined || route.repeatIntervalMs !== undefined;
  if (isSaid && repeatIntervalMs % groupIntervalMs !== 0) {
    const key = route.repeatIntervalMs === undefined ? 'group_interval' : 'repeat_interval';
    const laterMs = Math.ceil(repeatIntervalMs / groupIntervalMs) * groupIntervalMs;
    findings.warn(
      [...path, key],
      `repeat_interval ${formatDuration(repeatIntervalMs)} is no multiple of group_interval ${formatDuration(groupIntervalMs)}: repeats are told after ${formatDuration(laterMs)}, unless notifications.repeat_on_time of alerting.yaml is set`,
    );
  }
  for (const [index, child] of route.routes.entries())
    warnOfTimers(child, findings, { groupIntervalMs, repeatIntervalMs }, [...path, 'routes', index]);
}
