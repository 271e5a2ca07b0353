/** Which alerts another configuration would tell of elsewhere, or otherwise. Pure. */
import { formatDuration } from '@vigie/core/durations';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import { buildRoutes, matchRoutes, type Route } from '../routing/route.ts';

/** Alerts of which the same becomes another. */
export interface RouteChange {
  /** Receivers; where these are the same, with how they are told. */
  readonly before: string;
  readonly after: string;
  readonly alerts: number;
  /** Labels of one of them. */
  readonly example: LabelSet;
}

/** @param alerts each set of labels once
 *  @returns those of the most alerts first; none of alerts that are told as before
 *  Cost: O(alerts x routes). */
export function routeChanges(
  before: Pick<AlertmanagerConfig, 'route'>,
  after: Pick<AlertmanagerConfig, 'route'>,
  alerts: Iterable<LabelSet>,
): readonly RouteChange[] {
  const [old, next] = [buildRoutes(before.route), buildRoutes(after.route)];
  const changes = new Map<string, RouteChange>();
  for (const labels of alerts) {
    const [was, is] = [matchRoutes(old, labels), matchRoutes(next, labels)];
    const change = changeOf(was.map(receiverOf), is.map(receiverOf)) ?? changeOf(was.map(wayOf), is.map(wayOf));
    if (change === undefined) continue;
    const key = `${change.before}\n${change.after}`;
    const known = changes.get(key);
    changes.set(key, { ...change, alerts: (known?.alerts ?? 0) + 1, example: known?.example ?? labels });
  }
  return [...changes.values()].sort((a, b) => b.alerts - a.alerts);
}

function changeOf(
  before: readonly string[],
  after: readonly string[],
): Pick<RouteChange, 'before' | 'after'> | undefined {
  const [was, is] = [before.join(', '), after.join(', ')];
  return was === is ? undefined : { before: was, after: is };
}

function receiverOf({ options }: Route): string {
  return options.receiver;
}

/** `pager (by alertname, cluster; 30s, 5m, 4h; muted in night)` */
function wayOf({ options }: Route): string {
  const { receiver, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = options;
  const by =
    groupBy === 'all' ? 'each alone' : groupBy.length === 0 ? 'all in one' : `by ${groupBy.toSorted().join(', ')}`;
  const timers = [groupWaitMs, groupIntervalMs, repeatIntervalMs].map((ms) => formatDuration(ms)).join(', ');
  const { muteTimeIntervals, activeTimeIntervals } = options;
  const muted = muteTimeIntervals.length === 0 ? '' : `; muted in ${muteTimeIntervals.toSorted().join(', ')}`;
  const active = activeTimeIntervals.length === 0 ? '' : `; active in ${activeTimeIntervals.toSorted().join(', ')}`;
  return `${receiver} (${by}; ${timers}${muted}${active})`;
}
