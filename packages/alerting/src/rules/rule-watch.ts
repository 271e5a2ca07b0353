/** Alerts of rules that are not looked after: evaluations that are missed, and rules that fail. They need no server but this one. Source of the
 *  states: the rules' own state machine. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { type Alerts, advanceAlerts, type FoundAlert } from '@vigie/rules/alerts/alert';
import { type AlertNotification, notificationOf, takeDueAlerts } from '@vigie/rules/alerts/due-alerts';
import type { RuleRunner } from '@vigie/rules/rule-runner';

const MISSED = 'VigieRuleEvaluationMissed';
const FAILED = 'VigieRuleEvaluationFailed';

/** Evaluations that follow one that was missed may be missed, too, or not: one alert for all of them. */
const MISSED_TIMING = { holdMs: 0, keepFiringMs: 10 * 60_000 };
/** A server that is restarted is back by then. */
const FAILED_TIMING = { holdMs: 5 * 60_000, keepFiringMs: 0 };
/** Told again each minute; a restart of the service takes less than what is a quarter of an hour for receivers. */
const SENDING = { resendDelayMs: 60_000, intervalMs: 225_000 };

type Groups = RuleRunner['groups'];

export class RuleWatch {
  /** Evaluations that had been missed the last time, by group. */
  #missed = new Map<string, number>();
  #missedAlerts: Alerts = new Map();
  #failedAlerts: Alerts = new Map();

  /** @param labels of the alerts, besides their own
   *  @returns what is to be told now */
  check(groups: Groups, labels: Readonly<Record<string, string>>, nowMs: number): readonly AlertNotification[] {
    const missed = advanceAlerts(this.#missedAlerts, this.#findMissed(groups, labels, nowMs), nowMs, MISSED_TIMING);
    const failed = advanceAlerts(this.#failedAlerts, findFailed(groups, labels), nowMs, FAILED_TIMING);
    const [missedDue, failedDue] = [missed, failed].map(({ alerts }) => takeDueAlerts(alerts, nowMs, SENDING));
    this.#missedAlerts = missedDue?.alerts ?? new Map();
    this.#failedAlerts = failedDue?.alerts ?? new Map();
    return [...(missedDue?.due ?? []), ...(failedDue?.due ?? [])].map((alert) => notificationOf(alert, ''));
  }

  #findMissed(
    groups: Groups,
    labels: Readonly<Record<string, string>>,
    nowMs: number,
  ): ReadonlyMap<string, FoundAlert> {
    const found = new Map<string, FoundAlert>();
    const counts = new Map<string, number>();
    for (const {
      key,
      counts: { missed },
      intervalMs,
      lastEvaluationMs,
      isUnderWay,
    } of groups) {
      counts.set(key, missed);
      const fresh = missed - (this.#missed.get(key) ?? missed);
      const overdueMs = isUnderWay && lastEvaluationMs !== undefined ? nowMs - lastEvaluationMs - intervalMs : 0;
      if (fresh <= 0 && overdueMs <= 0) continue;
      const seconds = Math.round(intervalMs / 1000);
      add(found, { ...labels, alertname: MISSED, rule_group: key }, missed, {
        summary: `The rules of ${key} are not evaluated as often as they should be`,
        description: `An evaluation takes longer than the interval of ${seconds} s: ${missed} were missed since the start. What happens in between is not seen.`,
      });
    }
    this.#missed = counts;
    return found;
  }
}

function findFailed(groups: Groups, labels: Readonly<Record<string, string>>): ReadonlyMap<string, FoundAlert> {
  const found = new Map<string, FoundAlert>();
  for (const { key, rules } of groups) {
    for (const { rule, lastError = '', failingSinceMs } of rules) {
      if (failingSinceMs === undefined) continue;
      add(found, { ...labels, alertname: FAILED, rule_group: key, rule: rule.name }, 1, {
        summary: `The rule ${rule.name} of ${key} cannot be evaluated`,
        description: `Its alerts are not known to be what they should be. ${lastError}`,
      });
    }
  }
  return found;
}

function add(
  found: Map<string, FoundAlert>,
  labels: Readonly<Record<string, string>>,
  value: number,
  annotations: Readonly<Record<string, string>>,
): void {
  const own = LabelSet.of(labels);
  found.set(own.key, { labels: own, source: own, annotations: LabelSet.of(annotations), value });
}
