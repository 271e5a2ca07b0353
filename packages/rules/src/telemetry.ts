/** Every metric of rules. The label `rule_group` is `FILE;GROUP`, bounded by the configuration; reasons are finite. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { GroupEvaluator } from './group/group-evaluator.ts';

export const RULE_METRICS = {
  iterations: {
    name: 'vigie_rule_group_iterations_total',
    type: 'counter',
    help: 'Evaluations of a group that were due, those that were missed included.',
    labels: ['rule_group'],
  },
  missed: {
    name: 'vigie_rule_group_iterations_missed_total',
    type: 'counter',
    help: 'Evaluations of a group that were missed because the one before took longer than the interval.',
    labels: ['rule_group'],
  },
  evaluations: {
    name: 'vigie_rule_evaluations_total',
    type: 'counter',
    help: 'Evaluations of rules.',
    labels: ['rule_group'],
  },
  failures: {
    name: 'vigie_rule_evaluation_failures_total',
    type: 'counter',
    help: 'Evaluations of rules that failed.',
    labels: ['rule_group'],
  },
  evaluationSeconds: {
    name: 'vigie_rule_evaluation_seconds_total',
    type: 'counter',
    help: 'Time that evaluations of rules took.',
    labels: ['rule_group'],
  },
  refusedSamples: {
    name: 'vigie_rule_refused_samples_total',
    type: 'counter',
    help: 'Samples of rules that the storage did not take, by reason.',
    labels: ['rule_group', 'reason'],
  },
  intervalSeconds: {
    name: 'vigie_rule_group_interval_seconds',
    type: 'gauge',
    help: 'Interval of a group.',
    labels: ['rule_group'],
  },
  lastDuration: {
    name: 'vigie_rule_group_last_duration_seconds',
    type: 'gauge',
    help: 'Time that the last evaluation of a group took.',
    labels: ['rule_group'],
  },
  lastEvaluation: {
    name: 'vigie_rule_group_last_evaluation_timestamp_seconds',
    type: 'gauge',
    help: 'When the last evaluation of a group began, Unix time.',
    labels: ['rule_group'],
  },
  samples: {
    name: 'vigie_rule_group_last_evaluation_samples',
    type: 'gauge',
    help: 'Samples that the last evaluation of a group gave.',
    labels: ['rule_group'],
  },
  rules: { name: 'vigie_rule_group_rules', type: 'gauge', help: 'Rules of a group.', labels: ['rule_group'] },
  alerts: {
    name: 'vigie_rule_group_alerts',
    type: 'gauge',
    help: 'Alerts of a group that are pending or firing.',
    labels: ['rule_group', 'state'],
  },
  held: {
    name: 'vigie_rule_group_held_alerts',
    type: 'gauge',
    help: 'Alerts of a group that stay as they are although their rule does not find them, by what holds them.',
    labels: ['rule_group', 'by'],
  },
} as const satisfies MetricTable;

export function reportRules(groups: readonly GroupEvaluator[], report: Report<typeof RULE_METRICS>): void {
  for (const { group, counts, refused, rules, intervalMs, evaluationMs, lastEvaluationMs } of groups) {
    const labels = { rule_group: `${group.file};${group.name}` };
    report('iterations', labels, counts.iterations);
    report('missed', labels, counts.missed);
    report('evaluations', labels, counts.evaluations);
    report('failures', labels, counts.failures);
    report('evaluationSeconds', labels, counts.evaluationMs / 1000);
    report('samples', labels, counts.samples);
    for (const [reason, count] of refused) report('refusedSamples', { ...labels, reason }, count);
    report('intervalSeconds', labels, intervalMs / 1000);
    report('lastDuration', labels, evaluationMs / 1000);
    if (lastEvaluationMs !== undefined) report('lastEvaluation', labels, lastEvaluationMs / 1000);
    report('rules', labels, rules.length);
    const active = rules.flatMap(({ activeAlerts }) => activeAlerts);
    for (const state of ['pending', 'firing'] as const) {
      report('alerts', { ...labels, state }, active.filter((alert) => alert.state === state).length);
    }
    for (const by of ['no_data', 'clear_expr', 'flapping'] as const) {
      report('held', { ...labels, by }, active.filter(({ held }) => held?.by === by).length);
    }
  }
}
