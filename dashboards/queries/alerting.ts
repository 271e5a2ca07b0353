/** Every query about alerting: are rules evaluated in time, which alerts are there, and is everybody told. Metric names come from the
 *  telemetry tables, so one that is renamed there fails to compile here. */
import { ALERTS_API_METRICS } from '@vigie/alerting/api/telemetry';
import { HA_METRICS } from '@vigie/alerting/ha/telemetry';
import { LOG_RULE_METRICS } from '@vigie/alerting/logs/telemetry';
import { OPERATOR_METRICS } from '@vigie/alerting/operator/telemetry';
import { ALERTING_METRICS } from '@vigie/alerting/telemetry';
import { RULE_METRICS } from '@vigie/rules/telemetry';
import { processQueries } from './process.ts';
import { by, byInstance, perSecond, TOP } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. */
const ALERTING = 'job=~"$job",instance=~"$instance"';
const M = ALERTING_METRICS;

export const alertingQueries = {
  firing: { expr: `sum(${M.alerts.name}{${ALERTING},state=~"firing"})`, legend: 'firing' },
  failedInRange: inRange(M.failedNotifications.name, 'failed'),
  rulesFailedInRange: inRange(RULE_METRICS.failures.name, 'failed'),
  rulesMissedInRange: inRange(RULE_METRICS.missed.name, 'missed'),
  waitingNow: { expr: `sum(${of(M.waiting.name)})`, legend: 'waiting' },
  incomplete: { expr: `max(${of(M.stateGap.name)})`, legend: 'incomplete' },

  iterations: byGroup(perSecond(RULE_METRICS.iterations.name, ALERTING), 'due '),
  missed: byGroup(perSecond(RULE_METRICS.missed.name, ALERTING), 'missed '),
  evaluations: byGroup(perSecond(RULE_METRICS.evaluations.name, ALERTING)),
  failures: byGroup(perSecond(RULE_METRICS.failures.name, ALERTING), 'failed '),
  refusedSamples: by(['rule_group', 'reason'], perSecond(RULE_METRICS.refusedSamples.name, ALERTING)),
  evaluationSeconds: byGroup(perSecond(RULE_METRICS.evaluationSeconds.name, ALERTING)),
  shareOfInterval: byGroup(`${of(RULE_METRICS.lastDuration.name)} / ${of(RULE_METRICS.intervalSeconds.name)}`),
  sinceEvaluation: byGroup(`time() - ${of(RULE_METRICS.lastEvaluation.name)}`),
  rules: byGroup(of(RULE_METRICS.rules.name), 'rules '),
  ruleSamples: byGroup(of(RULE_METRICS.samples.name), 'samples '),
  ruleAlerts: by(['rule_group', 'state'], of(RULE_METRICS.alerts.name)),
  heldAlerts: by(['rule_group', 'by'], of(RULE_METRICS.held.name)),

  logQueries: by(['result'], perSecond(LOG_RULE_METRICS.asked.name, ALERTING)),
  logLines: byInstance(perSecond(LOG_RULE_METRICS.found.name, ALERTING), 'found '),
  lateLines: byInstance(perSecond(LOG_RULE_METRICS.late.name, ALERTING), 'late '),
  logDelay: byInstance(of(LOG_RULE_METRICS.delay.name)),
  logStateFailures: byInstance(perSecond(LOG_RULE_METRICS.failedWrites.name, ALERTING)),

  alerts: by(['state'], of(M.alerts.name)),
  received: by(['status'], perSecond(M.received.name, ALERTING)),
  refused: by(['reason'], perSecond(M.refused.name, ALERTING)),
  silences: by(['state'], of(M.silences.name)),
  groups: byInstance(of(M.groups.name)),
  suppressed: by(['reason'], perSecond(M.suppressed.name, ALERTING)),

  notifications: byReceiver(perSecond(M.notifications.name, ALERTING)),
  failedNotifications: by(['receiver', 'integration', 'reason'], perSecond(M.failedNotifications.name, ALERTING)),
  requests: byReceiver(perSecond(M.requests.name, ALERTING), 'sent '),
  failedRequests: byReceiver(perSecond(M.failedRequests.name, ALERTING), 'failed '),
  latencyMedian: latency(0.5),
  latencyMost: latency(0.99),
  fallbacks: by(['receiver'], `increase(${of(M.fallbacks.name)}[$__rate_interval])`),
  held: byReceiver(perSecond(M.held.name, ALERTING)),
  waiting: byReceiver(of(M.waiting.name)),
  digested: byReceiver(perSecond(M.digested.name, ALERTING)),
  claims: byInstance(of(M.outbox.name), 'under way '),
  notificationLog: byInstance(of(M.notificationLog.name), 'known '),

  context: by(['part', 'result'], perSecond(M.context.name, ALERTING)),
  charts: byInstance(of(M.charts.name)),
  chartBytes: byInstance(of(M.chartBytes.name)),
  pages: by(['state'], of(M.pages.name)),
  acknowledgements: byInstance(`increase(${of(M.acknowledged.name)}[$__rate_interval])`, 'acknowledged '),
  escalations: by(['receiver'], `increase(${of(M.escalated.name)}[$__rate_interval])`),
  heartbeats: by(['result'], perSecond(M.heartbeats.name, ALERTING)),
  missingHeartbeats: by(['heartbeat'], of(M.missingHeartbeats.name)),

  replicas: byInstance(of(HA_METRICS.replicas.name), 'live '),
  differing: byInstance(of(HA_METRICS.differing.name), 'differ '),
  shards: by(['instance', 'owner'], of(HA_METRICS.shards.name)),
  leaseAge: byInstance(of(HA_METRICS.leaseAge.name)),
  alone: byInstance(of(HA_METRICS.alone.name), 'alone '),
  synced: byInstance(of(HA_METRICS.synced.name), 'hears '),
  takeovers: byInstance(`increase(${of(HA_METRICS.takeovers.name)}[$__rate_interval])`, 'taken '),
  releases: byInstance(`increase(${of(HA_METRICS.releases.name)}[$__rate_interval])`, 'given '),
  duplicates: by(['reason'], `increase(${of(HA_METRICS.duplicates.name)}[$__rate_interval])`),
  sharedRecords: by(['direction'], perSecond(HA_METRICS.records.name, ALERTING)),
  sharedDamage: byInstance(perSecond(HA_METRICS.damaged.name, ALERTING), 'damaged '),
  sharedWrites: by(['result'], perSecond(HA_METRICS.writes.name, ALERTING)),
  sharedPending: byInstance(of(HA_METRICS.pending.name)),
  sharedBytes: byInstance(of(HA_METRICS.sizeBytes.name)),

  operatorKinds: by(['kind', 'version'], of(OPERATOR_METRICS.operatorKindUp.name)),
  operatorObjects: by(['kind', 'state'], of(OPERATOR_METRICS.operatorObjects.name)),
  operatorFailures: by(['kind'], perSecond(OPERATOR_METRICS.operatorFailures.name, ALERTING)),
  operatorAssets: byInstance(perSecond(OPERATOR_METRICS.operatorAssetFailures.name, ALERTING), 'unread '),

  queued: by(['queue'], of(M.queued.name)),
  queueSent: { ...by(['queue'], perSecond(M.queueSent.name, ALERTING)), legend: 'sent {{queue}}' },
  queueRetries: { ...by(['queue'], perSecond(M.queueRetries.name, ALERTING)), legend: 'again {{queue}}' },
  queueDropped: by(['queue', 'reason'], perSecond(M.queueDropped.name, ALERTING)),

  apiRequests: by(['route', 'code'], perSecond(ALERTS_API_METRICS.requests.name, ALERTING)),
  apiSeconds: {
    expr: `histogram_quantile(0.99, sum by (le, route) (${perSecond(`${ALERTS_API_METRICS.seconds.name}_bucket`, ALERTING)}))`,
    legend: '{{route}}',
  },
  posted: by(['state'], perSecond(ALERTS_API_METRICS.received.name, ALERTING)),
  invalid: byInstance(perSecond(ALERTS_API_METRICS.invalid.name, ALERTING), 'invalid '),

  logBytes: byInstance(of(M.stateLogBytes.name)),
  stateRecords: byInstance(perSecond(M.stateRecords.name, ALERTING), 'records '),
  stateWrites: { ...by(['result'], perSecond(M.stateWrites.name, ALERTING)), legend: 'writes {{result}}' },
  stateSnapshots: by(['result'], `increase(${of(M.stateSnapshots.name)}[$__rate_interval])`),
  stateRules: byInstance(of(M.stateRules.name), 'of rules '),
  damaged: byInstance(of(M.stateDamaged.name), 'damaged records '),
  historyDropped: byInstance(perSecond(M.historyDropped.name, ALERTING), 'dropped events '),
  historyLeftOut: byInstance(perSecond(M.historyLeftOut.name, ALERTING), 'steps left out '),

  isInForce: byInstance(of(M.isInForce.name)),
  configAge: byInstance(`time() - ${of(M.reloadedAt.name)}`),
  reloads: by(['result'], `increase(${of(M.reloads.name)}[$__rate_interval])`),

  ...processQueries(ALERTING),
} as const satisfies Queries;

function of(metric: string): string {
  return `${metric}{${ALERTING}}`;
}

function inRange(counter: string, legend: string): Query {
  return { expr: `sum(increase(${of(counter)}[$__range]))`, legend };
}

/** There may be hundreds of groups: those that stand out. */
function byGroup(vector: string, what = ''): Query {
  return { expr: `topk(${TOP}, sum by (rule_group) (${vector}))`, legend: `${what}{{rule_group}}` };
}

function byReceiver(vector: string, what = ''): Query {
  return { ...by(['receiver', 'integration'], vector), legend: `${what}{{receiver}} {{integration}}` };
}

function latency(quantile: number): Query {
  const buckets = perSecond(`${M.latency.name}_bucket`, ALERTING);
  return {
    expr: `histogram_quantile(${quantile}, sum by (le, integration) (${buckets}))`,
    legend: `p${quantile * 100} {{integration}}`,
  };
}
