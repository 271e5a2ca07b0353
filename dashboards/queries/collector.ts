/** Every query about a collector: what it finds and scrapes, what it sends on, and what it answers to Kubernetes. Metric names come
 *  from the telemetry tables, so one that is renamed there fails to compile here. */
import { HPA_EVENT_METRICS } from '@vigie/collector/cluster/hpa-event-telemetry';
import { DISCOVERY_METRICS } from '@vigie/collector/discovery/telemetry';
import { KUBE_STATE_METRICS } from '@vigie/collector/kube-state/telemetry';
import { METRICS_API_METRICS } from '@vigie/collector/metrics-api/telemetry';
import { OPERATOR_METRICS } from '@vigie/collector/operator/telemetry';
import { PROBE_TELEMETRY } from '@vigie/collector/probe/telemetry';
import { COLLECTOR_TABLES } from '@vigie/collector/telemetry';
import { processQueries } from './process.ts';
import { by, byInstance, perSecond } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. */
const COLLECTOR = 'job=~"$job",instance=~"$instance"';
const { scrape, rules, remoteWrite, otlp } = COLLECTOR_TABLES;

export const collectorQueries = {
  targetsTotal: { expr: `sum(${of(scrape.targets.name)})`, legend: 'targets' },
  failuresInRange: inRange(scrape.failures.name, 'failed'),
  missedInRange: inRange(scrape.missed.name, 'missed'),
  refusedInRange: inRange(scrape.refused.name, 'refused'),
  slowAnswers: { ...quantile(METRICS_API_METRICS.metricsApiSeconds.name, 0.99), legend: 'seconds' },
  certificateProblem: { expr: `max(${of(METRICS_API_METRICS.metricsApiCertificateProblem.name)})`, legend: 'problem' },

  targets: by(['scrape_job'], of(scrape.targets.name)),
  droppedTargets: by(['scrape_job'], of(scrape.droppedTargets.name)),
  elsewhereTargets: { ...by(['scrape_job'], of(scrape.elsewhereTargets.name)), legend: '{{scrape_job}} elsewhere' },
  invalidTargets: by(['scrape_job'], perSecond(scrape.invalidTargets.name, COLLECTOR)),
  syncs: by(['scrape_job'], perSecond(scrape.syncs.name, COLLECTOR)),
  updates: by(['kind'], perSecond(DISCOVERY_METRICS.discoveryUpdates.name, COLLECTOR)),
  discoveryFailures: by(['kind'], perSecond(DISCOVERY_METRICS.discoveryFailures.name, COLLECTOR)),
  watches: byInstance(of(DISCOVERY_METRICS.discoveryWatches.name)),

  scrapes: by(['scrape_job'], perSecond(scrape.scrapes.name, COLLECTOR)),
  failures: by(['scrape_job', 'reason'], perSecond(scrape.failures.name, COLLECTOR)),
  missed: by(['scrape_job'], perSecond(scrape.missed.name, COLLECTOR)),
  samples: by(['scrape_job'], perSecond(scrape.samples.name, COLLECTOR)),
  refused: by(['scrape_job', 'reason'], perSecond(scrape.refused.name, COLLECTOR)),
  startDelay: { ...quantile(scrape.startDelay.name, 0.99), legend: '99 %' },
  duration: { ...quantile(scrape.duration.name, 0.99), legend: '99 %' },

  ruleIterations: byGroup(perSecond(rules.iterations.name, COLLECTOR)),
  ruleMissed: byGroup(perSecond(rules.missed.name, COLLECTOR)),
  ruleEvaluations: byGroup(perSecond(rules.evaluations.name, COLLECTOR)),
  ruleFailures: byGroup(perSecond(rules.failures.name, COLLECTOR)),
  ruleRefused: byGroup(perSecond(rules.refusedSamples.name, COLLECTOR)),
  ruleSeconds: byGroup(perSecond(rules.evaluationSeconds.name, COLLECTOR)),
  ruleShare: byGroup(`${of(rules.lastDuration.name)} / ${of(rules.intervalSeconds.name)}`),
  ruleAge: byGroup(`time() - ${of(rules.lastEvaluation.name)}`),
  ruleSamples: byGroup(of(rules.samples.name)),
  rules: byGroup(of(rules.rules.name)),
  ruleAlerts: byGroup(of(rules.alerts.name)),
  ruleHeld: byGroup(of(rules.held.name)),
  alertingRulesLeft: byInstance(of(scrape.alertingRulesLeft.name)),
  reloadSucceeded: byInstance(of(scrape.reloadSucceeded.name)),
  reloadAge: byInstance(`time() - ${of(scrape.reloadTime.name)}`),
  reloads: by(['result'], `increase(${of(scrape.reloads.name)}[$__rate_interval])`),

  answers: by(['group', 'status'], perSecond(METRICS_API_METRICS.metricsApiRequests.name, COLLECTOR)),
  answerSeconds: {
    ...quantile(METRICS_API_METRICS.metricsApiSeconds.name, 0.99, 'group'),
    legend: '{{group}}',
  },
  inFlight: byInstance(of(METRICS_API_METRICS.metricsApiInFlight.name)),
  authentications: by(['method'], perSecond(METRICS_API_METRICS.metricsApiAuthentications.name, COLLECTOR)),
  apiServices: by(['group', 'owner'], of(METRICS_API_METRICS.metricsApiServices.name)),
  certificateExpiry: byInstance(`${of(METRICS_API_METRICS.metricsApiCertificateExpiry.name)} - time()`),

  objects: by(['resource'], of(KUBE_STATE_METRICS.kubeStateObjects.name)),
  objectBytes: by(['resource'], of(KUBE_STATE_METRICS.kubeStateBytes.name)),
  objectsDown: {
    expr: `count by (resource) (${of(KUBE_STATE_METRICS.kubeStateUp.name)} == 0)`,
    legend: '{{resource}}',
  },
  objectFailures: by(['resource'], perSecond(KUBE_STATE_METRICS.kubeStateFailures.name, COLLECTOR)),
  objectsDropped: by(['resource', 'reason'], perSecond(KUBE_STATE_METRICS.kubeStateDropped.name, COLLECTOR)),
  objectsReceived: by(['resource'], perSecond(KUBE_STATE_METRICS.kubeStateReceivedBytes.name, COLLECTOR)),

  probes: by(['prober', 'result'], perSecond(PROBE_TELEMETRY.probes.name, COLLECTOR)),
  probesRefused: by(['reason'], perSecond(PROBE_TELEMETRY.probesRefused.name, COLLECTOR)),
  probesInFlight: byInstance(of(PROBE_TELEMETRY.probesInFlight.name)),
  probeModules: byInstance(of(PROBE_TELEMETRY.probeModules.name)),
  probeSeconds: { ...quantile(PROBE_TELEMETRY.probeSeconds.name, 0.99, 'prober'), legend: '{{prober}}' },
  hpaEvents: by(['result'], `increase(${of(HPA_EVENT_METRICS.hpaEvents.name)}[$__rate_interval])`),

  operatorKindsDown: {
    expr: `count by (kind) (${of(OPERATOR_METRICS.operatorKindUp.name)} == 0)`,
    legend: '{{kind}}',
  },
  operatorObjects: by(['kind', 'state'], of(OPERATOR_METRICS.operatorObjects.name)),
  operatorJobs: by(['kind'], of(OPERATOR_METRICS.operatorJobs.name)),
  operatorFailures: by(['kind'], perSecond(OPERATOR_METRICS.operatorFailures.name, COLLECTOR)),
  operatorAssetFailures: byInstance(perSecond(OPERATOR_METRICS.operatorAssetFailures.name, COLLECTOR)),

  otlpRequests: by(['format', 'result'], perSecond(otlp.requests.name, COLLECTOR)),
  otlpPoints: byInstance(perSecond(otlp.points.name, COLLECTOR)),
  otlpRefused: by(['reason'], perSecond(otlp.refused.name, COLLECTOR)),
  otlpWritten: by(['kind'], perSecond(otlp.written.name, COLLECTOR)),
  otlpReceived: byInstance(perSecond(otlp.receivedBytes.name, COLLECTOR)),
  otlpPending: byInstance(of(otlp.pendingBytes.name)),
  otlpStreams: byInstance(of(otlp.deltaStreams.name)),

  sentSamples: receiver(perSecond(remoteWrite.samples.name, COLLECTOR), 'samples '),
  sentHistograms: receiver(perSecond(remoteWrite.histograms.name, COLLECTOR), 'histograms '),
  sentExemplars: receiver(perSecond(remoteWrite.exemplars.name, COLLECTOR), 'exemplars '),
  sentMetadata: receiver(perSecond(remoteWrite.metadata.name, COLLECTOR), 'metadata '),
  retriedSamples: receiver(perSecond(remoteWrite.samplesRetried.name, COLLECTOR), 'samples '),
  retriedHistograms: receiver(perSecond(remoteWrite.histogramsRetried.name, COLLECTOR), 'histograms '),
  retriedExemplars: receiver(perSecond(remoteWrite.exemplarsRetried.name, COLLECTOR), 'exemplars '),
  failedMetadata: receiver(perSecond(remoteWrite.metadataFailed.name, COLLECTOR), 'metadata '),
  droppedSamples: by(['remote_name', 'reason'], perSecond(remoteWrite.samplesDropped.name, COLLECTOR)),
  droppedHistograms: by(['remote_name', 'reason'], perSecond(remoteWrite.histogramsDropped.name, COLLECTOR)),
  droppedExemplars: by(['remote_name', 'reason'], perSecond(remoteWrite.exemplarsDropped.name, COLLECTOR)),
  behind: receiver(`${of(remoteWrite.highestTimestamp.name)} - ${of(remoteWrite.highestSentTimestamp.name)}`),
  pending: receiver(of(remoteWrite.samplesPending.name)),
  shards: receiver(of(remoteWrite.shards.name), 'now '),
  shardsDesired: receiver(of(remoteWrite.shardsDesired.name), 'wanted '),
  shardsMin: receiver(of(remoteWrite.shardsMin.name), 'least '),
  shardsMax: receiver(of(remoteWrite.shardsMax.name), 'most '),
  sentBytes: receiver(perSecond(remoteWrite.bytes.name, COLLECTOR)),
  sentMetadataBytes: receiver(perSecond(remoteWrite.metadataBytes.name, COLLECTOR), 'metadata '),
  sentSeconds: { ...quantile(remoteWrite.sentBatchSeconds.name, 0.99, 'remote_name'), legend: '{{remote_name}}' },
  enqueueRetries: receiver(perSecond(remoteWrite.enqueueRetries.name, COLLECTOR)),
  heldSegments: receiver(of(remoteWrite.heldSegments.name)),
  positionFailures: receiver(perSecond(remoteWrite.positionFailures.name, COLLECTOR), 'position '),
  missingSegments: receiver(perSecond(remoteWrite.missingSegments.name, COLLECTOR), 'missing segments '),
  damagedBytes: receiver(perSecond(remoteWrite.damagedBytes.name, COLLECTOR), 'damaged bytes '),
  protocols: by(['remote_name', 'version'], of(remoteWrite.protocol.name)),

  ...processQueries(COLLECTOR),
} as const satisfies Queries;

function of(metric: string): string {
  return `${metric}{${COLLECTOR}}`;
}

function byGroup(vector: string): Query {
  return by(['rule_group'], vector);
}

function receiver(vector: string, what = ''): Query {
  return { ...by(['remote_name'], vector), legend: `${what}{{remote_name}}` };
}

function inRange(counter: string, legend: string): Query {
  return { expr: `sum(increase(${of(counter)}[$__range]))`, legend };
}

function quantile(histogram: string, q: number, label = ''): Pick<Query, 'expr'> {
  const labels = ['le', ...(label === '' ? [] : [label])].join(', ');
  return { expr: `histogram_quantile(${q}, sum by (${labels}) (${perSecond(`${histogram}_bucket`, COLLECTOR)}))` };
}
