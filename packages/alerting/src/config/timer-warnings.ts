/** Timers of routes that come to something else than they say. */
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { formatDuration } from '@vigie/core/durations';
import { DEFAULT_ROUTE_OPTIONS, type RouteOptions } from '../routing/route.ts';
import type { RouteConfig } from './route-section.ts';

type Timers = Pick<RouteOptions, 'groupIntervalMs' | 'repeatIntervalMs'>;

/** A repeat is told when more than repeat_interval has passed: whoever wants one at each group_interval writes this much less at most. */
const SLIGHTLY_LESS = 0.1;

/** A repeat is told at a group_interval: of one that is not a multiple of it the next is waited for. Each route that says one of them is looked at. */
export function warnOfTimers(
  route: RouteConfig,
  findings: Findings,
  inherited: Timers = DEFAULT_ROUTE_OPTIONS,
  path: ConfigPath = ['route'],
): void {
  const { groupIntervalMs = inherited.groupIntervalMs, repeatIntervalMs = inherited.repeatIntervalMs } = route;
  const isSaid = route.groupIntervalMs !== undefined || route.repeatIntervalMs !== undefined;
  const later = laterThanSaid(groupIntervalMs, repeatIntervalMs);
  if (isSaid && later !== undefined) {
    const key = route.repeatIntervalMs === undefined ? 'group_interval' : 'repeat_interval';
    findings.warn(
      [...path, key],
      `repeat_interval ${formatDuration(repeatIntervalMs)} ${later.why} group_interval ${formatDuration(groupIntervalMs)}: repeats are told after ${formatDuration(later.repeatMs)}, unless notifications.repeat_on_time of alerting.yaml is set`,
    );
  }
  for (const [index, child] of route.routes.entries())
    warnOfTimers(child, findings, { groupIntervalMs, repeatIntervalMs }, [...path, 'routes', index]);
}

/** @returns after how long a repeat is told instead; undefined: when it says, or as it is meant */
function laterThanSaid(
  groupIntervalMs: number,
  repeatIntervalMs: number,
): { readonly repeatMs: number; readonly why: string } | undefined {
  if (repeatIntervalMs === groupIntervalMs) return { repeatMs: 2 * groupIntervalMs, why: 'is not more than' };
  const laterMs = Math.ceil(repeatIntervalMs / groupIntervalMs) * groupIntervalMs;
  const isEachFlush =
    laterMs === groupIntervalMs && groupIntervalMs - repeatIntervalMs <= SLIGHTLY_LESS * groupIntervalMs;
  return laterMs === repeatIntervalMs || isEachFlush ? undefined : { repeatMs: laterMs, why: 'is no multiple of' };
}
