/** The series that tell of alerts: ALERTS, and ALERTS_FOR_STATE, from which a restart learns how long one has been pending. Source:
 *  Prometheus, rules/alerting.go. */
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { AlertingRule } from '../rule.ts';
import type { RuleSample } from '../sample.ts';
import type { Alert } from './alert.ts';

export const ALERT_NAME = 'alertname';
const ALERT_STATE = 'alertstate';
export const FOR_STATE = 'ALERTS_FOR_STATE';

export function alertSeries(rule: AlertingRule, active: readonly Alert[], timestampMs: number): readonly RuleSample[] {
  return active.flatMap((alert) => {
    const labels: readonly (readonly [string, string])[] = [
      ...rule.labels.entries(),
      ...alert.labels.entries(),
      [ALERT_NAME, rule.name],
    ];
    return [
      { labels: LabelSet.of([...labels, [METRIC_NAME, 'ALERTS'], [ALERT_STATE, alert.state]]), timestampMs, value: 1 },
      {
        labels: LabelSet.of([...labels, [METRIC_NAME, FOR_STATE]]),
        timestampMs,
        value: Math.floor(alert.activeAtMs / 1000),
      },
    ];
  });
}
