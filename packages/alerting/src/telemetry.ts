/** Every metric of the alerting service, by Alertmanager's names with `vigie_` before them. The labels `integration` (its kind) and `receiver`
 *  are bounded by the configuration; reasons are finite. */
import type { ReloadCounts } from '@vigie/core/reload-counts';
import type { MetricTable, Report } from '@vigie/core/telemetry';
import { CONTEXT_RESULTS } from './context/context-counts.ts';
import type { OpenContext } from './context/open-context.ts';
import { isResolved } from './dispatch/alert.ts';
import type { AlertEngine } from './engine.ts';
import type { ExpectedHeartbeats } from './heartbeat/expected-heartbeats.ts';
import type { HeartbeatSender } from './heartbeat/heartbeat-sender.ts';
import type { NotifyCounts } from './notify/notify-counts.ts';
import type { AlertingRules } from './rules/alerting-rules.ts';
import { shownState } from './silences/silence.ts';

export const ALERTING_METRICS = {
  alerts: { name: 'vigie_alerts', type: 'gauge', help: 'Alerts that there are, by state.', labels: ['state'] },
  received: {
    name: 'vigie_alerts_received_total',
    type: 'counter',
    help: 'Alerts that were taken, from clients and from rules.',
    labels: ['status'],
  },
  refused: {
    name: 'vigie_alerts_refused_total',
    type: 'counter',
    help: 'Alerts that were not taken, for there are too many or they are too large.',
    labels: ['reason'],
  },
  silences: { name: 'vigie_silences', type: 'gauge', help: 'Silences, by state.', labels: ['state'] },
  groups: {
    name: 'vigie_dispatcher_aggregation_groups',
    type: 'gauge',
    help: 'Groups of alerts that are told together.',
    labels: [],
  },
  suppressed: {
    name: 'vigie_notifications_suppressed_total',
    type: 'counter',
    help: 'Alerts that were left out of a flush of their group, by cause.',
    labels: ['reason'],
  },
  notifications: {
    name: 'vigie_notifications_total',
    type: 'counter',
    help: 'Notifications that were to be sent.',
    labels: ['integration', 'receiver'],
  },
  failedNotifications: {
    name: 'vigie_notifications_failed_total',
    type: 'counter',
    help: 'Notifications that did not arrive, after all attempts, by what came of the last; the next flush of the group tries again.',
    labels: ['integration', 'receiver', 'reason'],
  },
  requests: {
    name: 'vigie_notification_requests_total',
    type: 'counter',
    help: 'Attempts to send notifications.',
    labels: ['integration', 'receiver'],
  },
  failedRequests: {
    name: 'vigie_notification_requests_failed_total',
    type: 'counter',
    help: 'Attempts to send notifications that failed.',
    labels: ['integration', 'receiver'],
  },
  latency: {
    name: 'vigie_notification_latency_seconds',
    type: 'histogram',
    help: 'Time of an attempt to send a notification.',
    labels: ['integration'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 15, 20],
  },
  fallbacks: {
    name: 'vigie_notification_fallbacks_total',
    type: 'counter',
    help: 'Notifications that went to the fallback of a receiver which could not be told.',
    labels: ['receiver'],
  },
  context: {
    name: 'vigie_notification_context_total',
    type: 'counter',
    help: 'Log lines of pods and charts that pages asked for, by what came of it; late is what was not there within the budget.',
    labels: ['part', 'result'],
  },
  charts: { name: 'vigie_charts', type: 'gauge', help: 'Charts that pages link to, in memory.', labels: [] },
  chartBytes: { name: 'vigie_charts_bytes', type: 'gauge', help: 'Size of what these charts show.', labels: [] },
  pages: {
    name: 'vigie_pages',
    type: 'gauge',
    help: 'Groups that were told and escalate or are acknowledged, by state.',
    labels: ['state'],
  },
  acknowledged: {
    name: 'vigie_page_acknowledgements_total',
    type: 'counter',
    help: 'Acknowledgements of groups.',
    labels: [],
  },
  escalated: {
    name: 'vigie_page_escalations_total',
    type: 'counter',
    help: 'Steps of escalation that were reached, by the receiver that was told.',
    labels: ['receiver'],
  },
  heartbeats: {
    name: 'vigie_heartbeats_total',
    type: 'counter',
    help: 'Heartbeats that were due, by result: sent, failed, or why alerts do not get through, so that none was sent.',
    labels: ['result'],
  },
  missingHeartbeats: {
    name: 'vigie_expected_heartbeat_missing',
    type: 'gauge',
    help: '1 while a heartbeat that is expected is missing.',
    labels: ['heartbeat'],
  },
  held: {
    name: 'vigie_notifications_held_total',
    type: 'counter',
    help: 'Notifications that had to wait for the rate limit of their receiver.',
    labels: ['integration', 'receiver'],
  },
  waiting: {
    name: 'vigie_notifications_waiting',
    type: 'gauge',
    help: 'Notifications that wait for the rate limit of their receiver.',
    labels: ['integration', 'receiver'],
  },
  digested: {
    name: 'vigie_notifications_digested_total',
    type: 'counter',
    help: 'Notifications that were told together with others, in one digest.',
    labels: ['integration', 'receiver'],
  },
  notificationLog: {
    name: 'vigie_nflog_entries',
    type: 'gauge',
    help: 'Groups and integrations of which it is known what was told.',
    labels: [],
  },
  outbox: {
    name: 'vigie_outbox_open_claims',
    type: 'gauge',
    help: 'Notifications that are on their way, or of which it is not known whether they arrived.',
    labels: [],
  },
  stateLogBytes: {
    name: 'vigie_alerting_state_log_bytes',
    type: 'gauge',
    help: 'Size of the log of the state since its last snapshot.',
    labels: [],
  },
  stateRecords: {
    name: 'vigie_alerting_state_records_total',
    type: 'counter',
    help: 'Records that were to be written to the log of the state.',
    labels: [],
  },
  stateWrites: {
    name: 'vigie_alerting_state_writes_total',
    type: 'counter',
    help: 'Writes to the log of the state, each with its fsync, by result.',
    labels: ['result'],
  },
  stateSnapshots: {
    name: 'vigie_alerting_state_snapshots_total',
    type: 'counter',
    help: 'Snapshots of the state, by result.',
    labels: ['result'],
  },
  stateRules: {
    name: 'vigie_alerting_state_rule_records',
    type: 'gauge',
    help: 'Alerts and series that rules have kept for the next start.',
    labels: [],
  },
  stateGap: {
    name: 'vigie_alerting_state_incomplete',
    type: 'gauge',
    help: '1 while something is in memory alone because a write failed: a restart would not have it.',
    labels: [],
  },
  stateDamaged: {
    name: 'vigie_alerting_state_damaged_records',
    type: 'gauge',
    help: 'Records of the state that could not be read at the start.',
    labels: [],
  },
  historyDropped: {
    name: 'vigie_alert_history_dropped_events_total',
    type: 'counter',
    help: 'Events of the history that are in memory alone, for the disk did not take them.',
    labels: [],
  },
  historyLeftOut: {
    name: 'vigie_alert_history_left_out_events_total',
    type: 'counter',
    help: 'Events pending, lapsed and grouped that the history does not have: more came in a second than are written in one.',
    labels: [],
  },
  queued: {
    name: 'vigie_alerting_queue_length',
    type: 'gauge',
    help: 'What rules have for a server and has not been sent, by queue: remote_write, or the Alertmanager.',
    labels: ['queue'],
  },
  queueSent: {
    name: 'vigie_alerting_queue_sent_total',
    type: 'counter',
    help: 'Samples or alerts of rules that were sent.',
    labels: ['queue'],
  },
  queueRetries: {
    name: 'vigie_alerting_queue_retries_total',
    type: 'counter',
    help: 'Batches that had to be sent again.',
    labels: ['queue'],
  },
  queueDropped: {
    name: 'vigie_alerting_queue_dropped_total',
    type: 'counter',
    help: 'Samples or alerts of rules that were not sent: refused by the server, or too many waited.',
    labels: ['queue', 'reason'],
  },
  reloads: {
    name: 'vigie_alerting_config_reloads_total',
    type: 'counter',
    help: 'Reloads of the configuration, by result.',
    labels: ['result'],
  },
  isInForce: {
    name: 'vigie_alerting_config_last_reload_successful',
    type: 'gauge',
    help: '1 where the configuration as it was read last is in force.',
    labels: [],
  },
  reloadedAt: {
    name: 'vigie_alerting_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the configuration in force was taken up, Unix time.',
    labels: [],
  },
} as const satisfies MetricTable;

type AlertingReport = Report<typeof ALERTING_METRICS>;

export function reportReloads({ succeeded, failed, isInForce, atMs }: ReloadCounts, report: AlertingReport): void {
  report('reloads', { result: 'success' }, succeeded);
  report('reloads', { result: 'failure' }, failed);
  report('isInForce', {}, Number(isInForce));
  report('reloadedAt', {}, atMs / 1000);
}

/** Cost: O(alerts + silences). */
export function reportEngine(engine: AlertEngine, nowMs: number, report: AlertingReport): void {
  const { alerts, silences, notifications, outbox } = engine.state;
  const states = { firing: 0, resolved: 0 };
  for (const alert of alerts.all()) states[isResolved(alert, nowMs) ? 'resolved' : 'firing'] += 1;
  for (const state of ['firing', 'resolved'] as const) {
    report('alerts', { state }, states[state]);
    report('received', { status: state }, alerts.counts[state]);
  }
  for (const reason of ['too_many', 'too_large'] as const) report('refused', { reason }, alerts.refused[reason]);
  const byState = { active: 0, pending: 0, expired: 0 };
  for (const silence of silences.query()) byState[shownState(silence, nowMs)] += 1;
  for (const state of ['active', 'pending', 'expired'] as const) report('silences', { state }, byState[state]);
  report('groups', {}, engine.groups.length);
  report('notificationLog', {}, notifications.size);
  report('outbox', {}, outbox.size);
  report('stateDamaged', {}, engine.damaged);
  report('stateRules', {}, engine.state.rules.size);
  const pages = { open: 0, acknowledged: 0 };
  for (const page of engine.escalations.pages.values())
    pages[page.acknowledgement === undefined ? 'open' : 'acknowledged'] += 1;
  for (const state of ['open', 'acknowledged'] as const) report('pages', { state }, pages[state]);
  report('acknowledged', {}, engine.escalations.counts.acknowledged);
  for (const [receiver, count] of engine.escalations.counts.escalated) report('escalated', { receiver }, count);
  for (const [id, limit] of engine.limits) {
    const labels = labelsOf(id);
    report('held', labels, limit.counts.held);
    report('digested', labels, limit.counts.digested);
    report('waiting', labels, limit.waiting);
  }
  const log = engine.stateLog;
  if (log === undefined) return;
  const { records, writes, failedWrites, snapshots, failedSnapshots } = log.counts;
  report('stateLogBytes', {}, log.sizeBytes);
  report('stateRecords', {}, records);
  report('stateWrites', { result: 'success' }, writes);
  report('stateWrites', { result: 'failure' }, failedWrites);
  report('stateSnapshots', { result: 'success' }, snapshots);
  report('stateSnapshots', { result: 'failure' }, failedSnapshots);
  report('stateGap', {}, Number(log.hasGap));
}

export function reportNotifying({ suppressed, integrations, fallbacks }: NotifyCounts, report: AlertingReport): void {
  for (const [reason, count] of Object.entries(suppressed)) report('suppressed', { reason }, count);
  for (const [id, { notifications, failed, requests, failedRequests }] of integrations) {
    const labels = labelsOf(id);
    report('notifications', labels, notifications);
    for (const [reason, count] of Object.entries(failed)) report('failedNotifications', { ...labels, reason }, count);
    report('requests', labels, requests);
    report('failedRequests', labels, failedRequests);
  }
  for (const [receiver, count] of fallbacks) report('fallbacks', { receiver }, count);
}

export function reportContext({ counts, charts }: OpenContext, report: AlertingReport): void {
  for (const part of ['log_lines', 'chart'] as const) {
    for (const result of CONTEXT_RESULTS[part]) report('context', { part, result }, counts.of(part, result));
  }
  report('charts', {}, charts.size);
  report('chartBytes', {}, charts.sizeBytes);
}

export function reportHeartbeats(
  sender: HeartbeatSender,
  expected: ExpectedHeartbeats | undefined,
  report: AlertingReport,
): void {
  for (const [result, count] of sender.counts) report('heartbeats', { result }, count);
  for (const heartbeat of expected?.expected.keys() ?? [])
    report('missingHeartbeats', { heartbeat }, Number(expected?.isMissing(heartbeat)));
}

export function reportQueues(queues: AlertingRules['queues'], report: AlertingReport): void {
  for (const [queue, { counts, length }] of queues) {
    report('queued', { queue }, length);
    report('queueSent', { queue }, counts.sent);
    report('queueRetries', { queue }, counts.retries);
    report('queueDropped', { queue, reason: 'refused' }, counts.refused);
    report('queueDropped', { queue, reason: 'overflow' }, counts.overflowed);
  }
}

/** @param id `shop/webhook/0`; the name of a receiver may have slashes */
function labelsOf(id: string): { readonly receiver: string; readonly integration: string } {
  const parts = id.split('/');
  return { receiver: parts.slice(0, -2).join('/'), integration: parts.at(-2) ?? '' };
}
