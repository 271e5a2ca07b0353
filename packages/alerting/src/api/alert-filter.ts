/** Which alerts a request asks for. Source: Alertmanager, api/v2/api.go, alertFilter. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import type { Alert } from '../dispatch/alert.ts';
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';
import type { AlertStatus } from './api-world.ts';
import { flagParameter, matchersParameter, receiverParameter } from './parameters.ts';

export interface AlertFilter {
  /** Whether it is one by its labels. */
  matches(labels: LabelSet): boolean;
  /** Whether it is one by what silences it and what inhibits it. */
  admits(status: AlertStatus): boolean;
  /** Whether one that goes to this receiver is. */
  takesReceiver(name: string): boolean;
}

/** @throws {Refusal} */
export function alertFilterOf(parameters: URLSearchParams, receivers: readonly ReceiverConfig[]): AlertFilter {
  const matchers = matchersParameter(parameters, 'filter');
  const receiver = receiverParameter(parameters);
  const wanted = receiversWanted(receivers, matchersParameter(parameters, 'receiver_matchers', RECEIVER_MATCHERS));
  const active = flagParameter(parameters, 'active');
  const silenced = flagParameter(parameters, 'silenced');
  const inhibited = flagParameter(parameters, 'inhibited');
  return {
    matches: (labels) => matchesAll(matchers, labels),
    admits: ({ state, silencedBy, inhibitedBy }) =>
      (active || state !== 'active') &&
      (silenced || silencedBy.length === 0) &&
      (inhibited || inhibitedBy.length === 0),
    takesReceiver: (name) => (receiver?.matches(name) ?? true) && (wanted?.has(name) ?? true),
  };
}

export const RECEIVER_MATCHERS = 'failed to parse receiver_matchers param: ';

export function matchesReceiver({ labels }: ReceiverConfig, matchers: readonly AlertMatcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''));
}

/** @returns their names; undefined for all */
function receiversWanted(
  receivers: readonly ReceiverConfig[],
  matchers: readonly AlertMatcher[],
): ReadonlySet<string> | undefined {
  if (matchers.length === 0) return undefined;
  const matching = receivers.filter((receiver) => matchesReceiver(receiver, matchers));
  return new Set(matching.map(({ name }) => name));
}

/** Those that have not ended, by fingerprint.
 *  Cost: O(n log n), O(n) where they are so already. */
export function pendingAlerts(alerts: readonly Alert[], nowMs: number): readonly Alert[] {
  const pending = alerts.filter(({ endsAtMs }) => endsAtMs === undefined || endsAtMs >= nowMs);
  return pending.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0));
}
