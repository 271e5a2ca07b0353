/** Every query about the node agent. Metric names come from the telemetry tables, so one that is renamed there fails to
 *  compile here. */
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { processQueries } from './process.ts';
import { by, perSecond, TOP } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. `source` stands only on metrics that have it, likewise `sink`. */
const AGENT = 'job=~"$job",instance=~"$instance"';
const SOURCE = `${AGENT},source=~"$source"`;
const SINK = `${AGENT},sink=~"$sink"`;
const LANE = `${SOURCE},sink=~"$sink"`;

export const nodeAgentQueries = {
  agents: { expr: `count(${AGENT_METRICS.buildInfo.name}{${AGENT}})`, legend: 'agents' },
  readBytesTotal: { expr: `sum(${perSecond(AGENT_METRICS.readBytes.name, LANE)})`, legend: 'read' },
  oldestUnread: { expr: `max(${AGENT_METRICS.lagSeconds.name}{${LANE}})`, legend: 'oldest unread' },
  lostInRange: { expr: `sum(increase(${AGENT_METRICS.lostBytes.name}{${LANE}}[$__range]))`, legend: 'lost' },
  droppedInRange: { expr: `sum(increase(${AGENT_METRICS.droppedBytes.name}{${LANE}}[$__range]))`, legend: 'dropped' },
  // No series at all is the good case.
  sinksHeld: { expr: `sum(${AGENT_METRICS.sinkHeld.name}{${SINK}}) or vector(0)`, legend: 'held' },

  readBytes: byLane(perSecond(AGENT_METRICS.readBytes.name, LANE), 'read'),
  ackedBytes: byLane(perSecond(AGENT_METRICS.ackedBytes.name, LANE), 'acknowledged'),
  sentBytes: byLane(perSecond(AGENT_METRICS.sentBytes.name, LANE), 'sent'),
  readRecords: byLane(perSecond(AGENT_METRICS.readRecords.name, LANE), 'read'),
  ackedRecords: byLane(perSecond(AGENT_METRICS.ackedRecords.name, LANE), 'acknowledged'),
  inFlightBytes: byLane(`${AGENT_METRICS.inFlightBytes.name}{${LANE}}`, 'in flight'),

  lagBytes: topContainers(AGENT_METRICS.lagBytes.name),
  lagSeconds: topContainers(AGENT_METRICS.lagSeconds.name),

  batchMedian: batchQuantile(0.5),
  batchP95: batchQuantile(0.95),
  batchP99: batchQuantile(0.99),
  batches: byLane(perSecond(`${AGENT_METRICS.batchDuration.name}_count`, LANE), 'requests'),
  retries: by(['sink', 'reason'], perSecond(AGENT_METRICS.retries.name, SINK)),
  sinkDown: by(['sink'], `${AGENT_METRICS.sinkUp.name}{${SINK}} == bool 0`),
  held: by(['sink', 'reason'], `${AGENT_METRICS.sinkHeld.name}{${SINK}}`),
  sinkEvents: by(['sink', 'event'], perSecond(AGENT_METRICS.sinkEvents.name, SINK)),
  deadLetters: by(['sink'], perSecond(AGENT_METRICS.deadLetters.name, SINK)),

  bufferFill: by(['sink'], `${AGENT_METRICS.bufferBytes.name}{${SINK}} / ${AGENT_METRICS.bufferLimit.name}{${SINK}}`),
  bufferRecords: by(['sink'], `${AGENT_METRICS.bufferRecords.name}{${SINK}}`),
  bufferAge: { expr: `max by (sink) (${AGENT_METRICS.bufferAge.name}{${SINK}})`, legend: '{{sink}}' },
  bufferDamaged: by(['sink', 'reason'], perSecond(AGENT_METRICS.bufferDamaged.name, SINK)),

  lost: by(['source', 'sink', 'reason'], perSecond(AGENT_METRICS.lostBytes.name, LANE)),
  droppedBytes: by(['source', 'sink', 'reason'], perSecond(AGENT_METRICS.droppedBytes.name, LANE)),
  droppedRecords: by(['source', 'sink', 'reason'], perSecond(AGENT_METRICS.droppedRecords.name, LANE)),
  unparsed: byLane(perSecond(AGENT_METRICS.unparsedRecords.name, LANE), 'unparsed'),
  truncated: byLane(perSecond(AGENT_METRICS.truncatedRecords.name, LANE), 'truncated'),
  partial: byLane(perSecond(AGENT_METRICS.partialRecords.name, LANE), 'without end'),
  joined: byLane(perSecond(AGENT_METRICS.joinedRecords.name, LANE), 'joined'),
  multilineCut: byLane(perSecond(AGENT_METRICS.cutRecords.name, LANE), 'cut'),
  pushed: by(['source', 'outcome'], perSecond(AGENT_METRICS.pushedRecords.name, SOURCE)),
  transformKept: by(['sink', 'transform', 'reason'], perSecond(AGENT_METRICS.transformKept.name, SINK)),

  files: bySource(AGENT_METRICS.files.name, 'known'),
  openFiles: bySource(AGENT_METRICS.openFiles.name, 'open'),
  activeLogs: bySource(AGENT_METRICS.activeLogs.name, 'active'),
  watchedFolders: bySource(AGENT_METRICS.watchedFolders.name, 'folders watched'),
  rotations: by(['source'], perSecond(AGENT_METRICS.rotations.name, SOURCE)),
  fileErrors: by(['source', 'operation'], perSecond(AGENT_METRICS.fileErrors.name, SOURCE)),
  pods: by(['state'], `${AGENT_METRICS.pods.name}{${AGENT}}`),
  podSourcesDown: by(['from'], `${AGENT_METRICS.podSourceUp.name}{${AGENT}} == bool 0`),
  podSourceRequests: by(['from', 'kind'], perSecond(AGENT_METRICS.podSourceRequests.name, AGENT)),
  podSourceFailures: by(['from'], perSecond(AGENT_METRICS.podSourceFailures.name, AGENT)),
  podSourceBytes: by(['from'], perSecond(AGENT_METRICS.podSourceBytes.name, AGENT)),
  podCacheWrites: by(['result'], perSecond(AGENT_METRICS.podCacheWrites.name, AGENT)),
  metadataIncomplete: by(['source'], perSecond(AGENT_METRICS.metadataIncomplete.name, SOURCE)),
  metadataLeftOut: by(['source'], perSecond(AGENT_METRICS.metadataLeftOut.name, SOURCE)),
  annotationErrors: by(['source', 'reason'], perSecond(AGENT_METRICS.annotationErrors.name, SOURCE)),
  excludedLogs: bySource(AGENT_METRICS.excludedLogs.name, 'excluded'),
  checkpointWrites: by(['sink', 'result'], perSecond(AGENT_METRICS.checkpointWrites.name, LANE)),
  reloads: by(['result'], `increase(${AGENT_METRICS.reloads.name}{${AGENT}}[$__rate_interval])`),
  badReloads: {
    expr: `sum(${AGENT_METRICS.reloadSuccess.name}{${AGENT}} == bool 0)`,
    legend: 'running an older configuration',
  },

  ...processQueries(AGENT),
} as const satisfies Queries;

function byLane(vector: string, what: string): Query {
  return { expr: `sum by (source, sink) (${vector})`, legend: `{{source}} → {{sink}} ${what}` };
}

function bySource(gauge: string, what: string): Query {
  return { expr: `sum by (source) (${gauge}{${SOURCE}})`, legend: `{{source}} ${what}` };
}

function topContainers(gauge: string): Query {
  return {
    expr: `topk(${TOP}, max by (namespace, pod, container, sink) (${gauge}{${LANE}}))`,
    legend: '{{namespace}}/{{pod}} {{container}} → {{sink}}',
  };
}

function batchQuantile(quantile: number): Query {
  const buckets = perSecond(`${AGENT_METRICS.batchDuration.name}_bucket`, LANE);
  return {
    expr: `histogram_quantile(${quantile}, sum by (sink, le) (${buckets}))`,
    legend: `{{sink}} p${quantile * 100}`,
  };
}
