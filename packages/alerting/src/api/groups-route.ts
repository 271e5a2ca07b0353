/** `GET /api/v2/alerts/groups`. Source: Alertmanager, api/v2/api.go, getAlertGroupsHandler, and dispatch/dispatch.go, Groups. */
import { jsonLabels, jsonText } from '@vigie/promql/api/json-text';
import { compareText, type LabelSet } from '@vigie/promql/labels/label-set';
import { type Alert, compareAlerts } from '../dispatch/alert.ts';
import { compareBytes } from '../matchers/byte-order.ts';
import { alertFilterOf } from './alert-filter.ts';
import { alertJson, receiversJson } from './alert-json.ts';
import { ApiTimes } from './api-time.ts';
import type { AlertStatus, ApiWorld, GroupView } from './api-world.ts';
import { flagParameter } from './parameters.ts';

interface ShownGroup extends GroupView {
  readonly shown: readonly { readonly alert: Alert; readonly status: AlertStatus }[];
}

/** @returns pieces of a JSON text
 *  @throws {Refusal} */
export function answerGroups(parameters: URLSearchParams, world: ApiWorld): Iterable<string> {
  const filter = alertFilterOf(parameters, world.config().receivers);
  const muted = flagParameter(parameters, 'muted');
  const nowMs = world.clock.nowMs();
  const shownOf = (group: GroupView): ShownGroup => {
    const shown = group.alerts.flatMap((alert) => {
      if (alert.endsAtMs !== undefined && alert.endsAtMs < nowMs) return [];
      if (!filter.matches(alert.labels)) return [];
      const status = world.statusOf(alert);
      return filter.admits(status) ? [{ alert, status }] : [];
    });
    return { ...group, shown: shown.sort((a, b) => compareAlerts(a.alert, b.alert)) };
  };
  const groups = world
    .groups()
    .filter(({ route }) => filter.takesReceiver(route.options.receiver))
    .map(shownOf)
    .filter(({ shown }) => shown.length > 0)
    .sort(compareGroups);
  const receivers = receiversByAlert(groups);
  return groupPieces(
    groups.filter(({ mutedBy }) => muted || mutedBy.length === 0),
    receivers,
  );
}

function* groupPieces(
  groups: readonly ShownGroup[],
  receivers: ReadonlyMap<string, readonly string[]>,
): Generator<string, void> {
  const times = new ApiTimes();
  let before = '[';
  for (const { labels, route, mutedBy, shown } of groups) {
    const alerts = shown.map(({ alert, status }) => {
      const state = mutedBy.length > 0 ? 'suppressed' : status.state;
      const names = receivers.get(alert.fingerprint) ?? [];
      return alertJson(alert, { ...status, mutedBy, state }, receiversJson(names), times);
    });
    const receiver = jsonText({ name: route.options.receiver });
    const routeLabels = jsonText(route.options.labels);
    yield `${before}{"alerts":[${alerts.join()}],"labels":${jsonLabels(labels)},"receiver":${receiver},"routeLabels":${routeLabels}}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}

/** Those of all groups that an alert is in, sorted; one that it comes to twice is there twice. */
function receiversByAlert(groups: readonly ShownGroup[]): ReadonlyMap<string, readonly string[]> {
  const receivers = new Map<string, string[]>();
  for (const { route, shown } of groups) {
    for (const { alert } of shown) {
      const names = receivers.get(alert.fingerprint) ?? [];
      names.push(route.options.receiver);
      receivers.set(alert.fingerprint, names);
    }
  }
  for (const names of receivers.values()) names.sort(compareBytes);
  return receivers;
}

function compareGroups(a: GroupView, b: GroupView): number {
  return compareLabels(a.labels, b.labels) || compareBytes(a.route.options.receiver, b.route.options.receiver);
}

/** Fewer labels first. Source: Prometheus, common/model/labelset.go, Before. */
function compareLabels(a: LabelSet, b: LabelSet): number {
  if (a.size !== b.size) return a.size - b.size;
  for (let at = 0; at < a.size; at++) {
    // The set that lacks a name of the other comes first.
    const byName = compareText(b.names[at]!, a.names[at]!);
    if (byName !== 0) return byName;
    const byValue = compareText(a.values[at]!, b.values[at]!);
    if (byValue !== 0) return byValue;
  }
  return 0;
}
