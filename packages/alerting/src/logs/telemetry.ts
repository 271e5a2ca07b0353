/** Every metric of log rules, beside those of all rules. Results are finite. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { LogRules } from './log-rules.ts';

export const LOG_RULE_METRICS = {
  asked: {
    name: 'vigie_log_rule_queries_total',
    type: 'counter',
    help: 'Questions to the log store, by result.',
    labels: ['result'],
  },
  found: {
    name: 'vigie_log_rule_lines_found_total',
    type: 'counter',
    help: 'Lines that pattern rules have found.',
    labels: [],
  },
  late: {
    name: 'vigie_log_rule_late_lines_total',
    type: 'counter',
    help: 'Lines that came when their time had been counted already, and were counted then.',
    labels: [],
  },
  delay: {
    name: 'vigie_log_rule_delay_seconds',
    type: 'gauge',
    help: 'How long lines are waited for before a window is evaluated.',
    labels: [],
  },
  failedWrites: {
    name: 'vigie_log_rule_state_failures_total',
    type: 'counter',
    help: 'Times that the state of a log rule could not be written or removed.',
    labels: [],
  },
} as const satisfies MetricTable;

export function reportLogRules({ counts, lateness }: LogRules, report: Report<typeof LOG_RULE_METRICS>): void {
  for (const [result, count] of Object.entries(counts.asked)) report('asked', { result }, count);
  report('found', {}, counts.found);
  report('late', {}, lateness.late);
  report('delay', {}, lateness.delayMs / 1000);
  report('failedWrites', {}, counts.failedWrites);
}
