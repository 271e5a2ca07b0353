/** The tree of routes with what each inherits. Source: Alertmanager, dispatch/route.go. */
import { bug } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { RouteConfig } from '../config/route-section.ts';
import { type AlertMatcher, formatMatchers, matchesAll } from '../matchers/alert-matcher.ts';

/** How the alerts of a route are grouped and told. */
export interface RouteOptions {
  readonly receiver: string;
  readonly groupBy: readonly string[] | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Not inherited. */
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Those of all routes on the way here; the nearest wins. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Route {
  /** Of it and those above it: the first half of a group's key, shared by routes with the same matchers under the same parents. */
  readonly key: string;
  /** Of this route alone, whatever others are put before it: its groups, and who is on them, outlive such a reload. */
  readonly id: string;
  /** Where it stands in the configuration: `route.routes[0]`. */
  readonly place: string;
  readonly matchers: readonly AlertMatcher[];
  readonly continues: boolean;
  readonly options: RouteOptions;
  readonly routes: readonly Route[];
}

/** Of a root that does not say otherwise. */
export const DEFAULT_ROUTE_OPTIONS: RouteOptions = {
  receiver: '',
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 5 * 60_000,
  repeatIntervalMs: 4 * 3_600_000,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  labels: {},
};

/** Of a group that is no more in the configuration. */
export const UNKNOWN_ROUTE: Pick<Route, 'options'> = { options: DEFAULT_ROUTE_OPTIONS };

/** @param config of the root, as it has been checked */
export function buildRoutes(config: RouteConfig): Route {
  if (config.receiver === undefined) throw bug('the root route has no receiver');
  const matchers = formatMatchers(config.matchers);
  return buildRoute(config, DEFAULT_ROUTE_OPTIONS, { key: matchers, id: matchers, place: 'route' });
}

type Identity = Pick<Route, 'key' | 'id' | 'place'>;

function buildRoute(config: RouteConfig, inherited: RouteOptions, identity: Identity): Route {
  const options: RouteOptions = {
    receiver: config.receiver ?? inherited.receiver,
    groupBy: config.groupBy ?? inherited.groupBy,
    groupWaitMs: config.groupWaitMs ?? inherited.groupWaitMs,
    groupIntervalMs: config.groupIntervalMs ?? inherited.groupIntervalMs,
    repeatIntervalMs: config.repeatIntervalMs ?? inherited.repeatIntervalMs,
    muteTimeIntervals: config.muteTimeIntervals,
    activeTimeIntervals: config.activeTimeIntervals,
    labels: { ...inherited.labels, ...config.labels },
  };
  const siblings = new Map<string, number>();
  const routes = config.routes.map((child, index) => {
    const matchers = formatMatchers(child.matchers);
    const nth = siblings.get(matchers) ?? 0;
    siblings.set(matchers, nth + 1);
    return buildRoute(child, options, {
      key: `${identity.key}/${matchers}`,
      id: `${identity.id}/${matchers}/${nth}`,
      place: `${identity.place}.routes[${index}]`,
    });
  });
  return { ...identity, matchers: config.matchers, continues: config.continues, options, routes };
}

/** The routes that an alert is told by, in the order of the tree: depth first, a match ends the search among its siblings unless it continues,
 *  and a parent is one where none of its children is. */
export function matchRoutes(route: Route, labels: LabelSet): readonly Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const matches = matchRoutes(child, labels);
    found.push(...matches);
    if (matches.length > 0 && !child.continues) break;
  }
  return found.length > 0 ? found : [route];
}

/** The labels that the alert's group has in common. */
export function groupLabelsOf(labels: LabelSet, { groupBy }: RouteOptions): LabelSet {
  return groupBy === 'all' ? labels : labels.filter((name) => groupBy.includes(name));
}
