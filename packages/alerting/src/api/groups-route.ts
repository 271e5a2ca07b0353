/** `GET /api/v2/alerts/groups`. Source: Alertmanager, api/v2/api.go, getAlertGroupsHandler, and dispatch/dispatch.go, Groups. */
import { jsonLabels, jsonString, jsonText } from '@vigie/promql/api/json-text';
import { type Alert, compareAlerts } from '../dispatch/alert.ts';
import { compareLabels } from '../identity/label-order.ts';
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
  for (const { labels, route, mutedBy, routeLabels, shown } of groups) {
    const alerts = shown.map(({ alert, status }) => {
      const state = mutedBy.length > 0 ? 'suppressed' : status.state;
      const names = receivers.get(alert.fingerprint) ?? [];
      return alertJson(alert, { ...status, mutedBy, state }, receiversJson(names), times);
    });
    const receiver = jsonText({ name: route.options.receiver });
    yield `${before}{"alerts":[${alerts.join()}],"labels":${jsonLabels(labels)},"receiver":${receiver},"routeLabels":${sortedJson(routeLabels())}}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}

/** As Go writes a map: by its keys. */
function sortedJson(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => compareBytes(a, b));
  return `{${sorted.map(([name, value]) => `${jsonString(name)}:${jsonString(value)}`).join()}}`;
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
