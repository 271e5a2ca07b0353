/** Who would be told of an alert, and why: every decision of the configuration, in order. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { InhibitRule } from '../config/inhibition-section.ts';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { groupKeyOf } from '../identity/group-key.ts';
import { Inhibitor } from '../inhibition/inhibitor.ts';
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';
import { buildRoutes, groupLabelsOf, matchRoutes, type Route } from '../routing/route.ts';
import { intervalsAt } from '../time-intervals/contains-time.ts';

export interface AlertQuestion {
  readonly labels: LabelSet;
  /** Unix ms. */
  readonly timeMs: number;
  /** Labels of other alerts that fire then. */
  readonly firing: readonly LabelSet[];
}

/** What becomes of the alert at a route.
 *  - told: its receiver is told
 *  - passed: it matches, and routes below take it
 *  - unmatched: by the first matcher that does not hold
 *  - unreached: a route before it has taken the alert */
export type RouteDecision =
  | { readonly kind: 'told' }
  | { readonly kind: 'passed' }
  | { readonly kind: 'unmatched'; readonly by: AlertMatcher }
  | { readonly kind: 'unreached'; readonly taker: string };

export interface ExplainedRoute {
  readonly route: Route;
  readonly decision: RouteDecision;
  readonly routes: readonly ExplainedRoute[];
}

export interface ExplainedNotification {
  readonly route: Route;
  /** Names of how it is told: `webhook`, `slack`; a receiver may have none. */
  readonly integrations: readonly string[];
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  /** Those of the route's intervals that contain the time. */
  readonly mutedBy: readonly string[];
  readonly activeIn: readonly string[];
  /** Whether the time intervals let it be told. */
  readonly isOpen: boolean;
}

/** A rule whose targets the alert is one of. */
export interface ExplainedInhibition {
  readonly rule: InhibitRule;
  /** From 0. */
  readonly index: number;
  /** What else inhibits it must have. */
  readonly equal: LabelSet;
  /** The alert among those that fire which does; undefined where none does. */
  readonly source: LabelSet | undefined;
}

export interface AlertExplanation {
  readonly question: AlertQuestion;
  readonly fingerprint: string;
  readonly root: ExplainedRoute;
  readonly notifications: readonly ExplainedNotification[];
  readonly inhibitions: readonly ExplainedInhibition[];
}

export function explainAlert(config: AlertmanagerConfig, question: AlertQuestion): AlertExplanation {
  const root = buildRoutes(config.route);
  const told = matchRoutes(root, question.labels);
  return {
    question,
    fingerprint: fingerprintOf(question.labels),
    root: explainRoute(root, question.labels, new Set(told)),
    notifications: told.map((route) => explainNotification(route, config, question)),
    inhibitions: explainInhibitions(config.inhibitRules, question),
  };
}

function explainRoute(route: Route, labels: LabelSet, told: ReadonlySet<Route>): ExplainedRoute {
  const by = route.matchers.find((matcher) => !matcher.matches(labels.get(matcher.name)));
  if (by !== undefined) return { route, decision: { kind: 'unmatched', by }, routes: [] };
  let taker: string | undefined;
  const routes = route.routes.map((child) => {
    if (taker !== undefined) return { route: child, decision: { kind: 'unreached', taker } as const, routes: [] };
    if (matchesAll(child.matchers, labels) && !child.continues) taker = child.place;
    return explainRoute(child, labels, told);
  });
  return { route, decision: { kind: told.has(route) ? 'told' : 'passed' }, routes };
}

function explainNotification(
  route: Route,
  config: AlertmanagerConfig,
  { labels, timeMs }: AlertQuestion,
): ExplainedNotification {
  const { receiver, muteTimeIntervals, activeTimeIntervals } = route.options;
  const groupLabels = groupLabelsOf(labels, route.options);
  const mutedBy = intervalsAt(muteTimeIntervals, config.timeIntervals, timeMs);
  const activeIn = intervalsAt(activeTimeIntervals, config.timeIntervals, timeMs);
  return {
    route,
    integrations: config.receivers.find(({ name }) => name === receiver)?.integrations.map(({ kind }) => kind) ?? [],
    groupKey: groupKeyOf(route.key, groupLabels),
    groupLabels,
    mutedBy,
    activeIn,
    isOpen: mutedBy.length === 0 && (activeTimeIntervals.length === 0 || activeIn.length > 0),
  };
}

/** By the names that the alert which inhibits has. */
function equalOf({ equal, equalOfTarget = equal }: InhibitRule, labels: LabelSet): LabelSet {
  return LabelSet.of(
    equal.flatMap((name, at) => {
      const value = labels.get(equalOfTarget[at] ?? name);
      return value === '' ? [] : [[name, value] as const];
    }),
  );
}

function explainInhibitions(
  rules: readonly InhibitRule[],
  { labels, timeMs, firing }: AlertQuestion,
): readonly ExplainedInhibition[] {
  return rules.flatMap((rule, index) => {
    if (!matchesAll(rule.target, labels)) return [];
    const inhibitor = new Inhibitor([rule]);
    for (const other of firing)
      inhibitor.set({ fingerprint: fingerprintOf(other), labels: other, endsAtMs: undefined });
    const source = inhibitor.inhibitionOf(labels, timeMs)?.source.labels;
    return { rule, index, equal: equalOf(rule, labels), source };
  });
}
