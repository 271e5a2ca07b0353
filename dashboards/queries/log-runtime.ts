/** Every query about what the node agent and the shipping sidecar have in common, the runtime of the log pipeline. Metric
 *  names come from the telemetry tables, so one that is renamed there fails to compile here. */
import { RUNTIME_METRICS } from '@vigie/log-pipeline/agent/telemetry';
import { processQueries } from './process.ts';
import { by, perSecond, TOP } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. `source` stands only on metrics that have it, likewise `sink`. */
export const AGENT = 'job=~"$job",instance=~"$instance"';
export const SOURCE = `${AGENT},source=~"$source"`;
const SINK = `${AGENT},sink=~"$sink"`;
const LANE = `${SOURCE},sink=~"$sink"`;

export const logRuntimeQueries = {
  agents: { expr: `count(${RUNTIME_METRICS.buildInfo.name}{${AGENT}})`, legend: 'agents' },
  readBytesTotal: { expr: `sum(${perSecond(RUNTIME_METRICS.readBytes.name, LANE)})`, legend: 'read' },
  oldestUnread: { expr: `max(${RUNTIME_METRICS.lagSeconds.name}{${LANE}})`, legend: 'oldest unread' },
  lostInRange: { expr: `sum(increase(${RUNTIME_METRICS.lostBytes.name}{${LANE}}[$__range]))`, legend: 'lost' },
  droppedInRange: { expr: `sum(increase(${RUNTIME_METRICS.droppedBytes.name}{${LANE}}[$__range]))`, legend: 'dropped' },
  // No series at all is the good case.
  sinksHeld: { expr: `sum(${RUNTIME_METRICS.sinkHeld.name}{${SINK}}) or vector(0)`, legend: 'held' },

  readBytes: byLane(perSecond(RUNTIME_METRICS.readBytes.name, LANE), 'read'),
  ackedBytes: byLane(perSecond(RUNTIME_METRICS.ackedBytes.name, LANE), 'acknowledged'),
  sentBytes: byLane(perSecond(RUNTIME_METRICS.sentBytes.name, LANE), 'sent'),
  readRecords: byLane(perSecond(RUNTIME_METRICS.readRecords.name, LANE), 'read'),
  ackedRecords: byLane(perSecond(RUNTIME_METRICS.ackedRecords.name, LANE), 'acknowledged'),
  inFlightBytes: byLane(`${RUNTIME_METRICS.inFlightBytes.name}{${LANE}}`, 'in flight'),

  lagBytes: topContainers(RUNTIME_METRICS.lagBytes.name),
  lagSeconds: topContainers(RUNTIME_METRICS.lagSeconds.name),

  batchMedian: batchQuantile(0.5),
  batchP95: batchQuantile(0.95),
  batchP99: batchQuantile(0.99),
  batches: byLane(perSecond(`${RUNTIME_METRICS.batchDuration.name}_count`, LANE), 'requests'),
  retries: by(['sink', 'reason'], perSecond(RUNTIME_METRICS.retries.name, SINK)),
  sinkDown: by(['sink'], `${RUNTIME_METRICS.sinkUp.name}{${SINK}} == bool 0`),
  held: by(['sink', 'reason'], `${RUNTIME_METRICS.sinkHeld.name}{${SINK}}`),
  sinkEvents: by(['sink', 'event'], perSecond(RUNTIME_METRICS.sinkEvents.name, SINK)),
  deadLetters: by(['sink'], perSecond(RUNTIME_METRICS.deadLetters.name, SINK)),

  bufferFill: by(
    ['sink'],
    `${RUNTIME_METRICS.bufferBytes.name}{${SINK}} / ${RUNTIME_METRICS.bufferLimit.name}{${SINK}}`,
  ),
  bufferRecords: by(['sink'], `${RUNTIME_METRICS.bufferRecords.name}{${SINK}}`),
  bufferAge: { expr: `max by (sink) (${RUNTIME_METRICS.bufferAge.name}{${SINK}})`, legend: '{{sink}}' },
  bufferDamaged: by(['sink', 'reason'], perSecond(RUNTIME_METRICS.bufferDamaged.name, SINK)),

  lost: by(['source', 'sink', 'reason'], perSecond(RUNTIME_METRICS.lostBytes.name, LANE)),
  droppedBytes: by(['source', 'sink', 'reason'], perSecond(RUNTIME_METRICS.droppedBytes.name, LANE)),
  droppedRecords: by(['source', 'sink', 'reason'], perSecond(RUNTIME_METRICS.droppedRecords.name, LANE)),
  unparsed: byLane(perSecond(RUNTIME_METRICS.unparsedRecords.name, LANE), 'unparsed'),
  truncated: byLane(perSecond(RUNTIME_METRICS.truncatedRecords.name, LANE), 'truncated'),
  partial: byLane(perSecond(RUNTIME_METRICS.partialRecords.name, LANE), 'without end'),
  joined: byLane(perSecond(RUNTIME_METRICS.joinedRecords.name, LANE), 'joined'),
  multilineCut: byLane(perSecond(RUNTIME_METRICS.cutRecords.name, LANE), 'cut'),
  pushed: by(['source', 'outcome'], perSecond(RUNTIME_METRICS.pushedRecords.name, SOURCE)),
  transformKept: by(['sink', 'transform', 'reason'], perSecond(RUNTIME_METRICS.transformKept.name, SINK)),

  files: bySource(RUNTIME_METRICS.files.name, 'known'),
  openFiles: bySource(RUNTIME_METRICS.openFiles.name, 'open'),
  activeLogs: bySource(RUNTIME_METRICS.activeLogs.name, 'active'),
  watchedFolders: bySource(RUNTIME_METRICS.watchedFolders.name, 'folders watched'),
  rotations: by(['source'], perSecond(RUNTIME_METRICS.rotations.name, SOURCE)),
  fileErrors: by(['source', 'operation'], perSecond(RUNTIME_METRICS.fileErrors.name, SOURCE)),
  checkpointWrites: by(['sink', 'result'], perSecond(RUNTIME_METRICS.checkpointWrites.name, LANE)),
  reloads: by(['result'], `increase(${RUNTIME_METRICS.reloads.name}{${AGENT}}[$__rate_interval])`),
  badReloads: {
    expr: `sum(${RUNTIME_METRICS.reloadSuccess.name}{${AGENT}} == bool 0)`,
    legend: 'running an older configuration',
  },

  ...processQueries(AGENT),
} as const satisfies Queries;

function byLane(vector: string, what: string): Query {
  return { expr: `sum by (source, sink) (${vector})`, legend: `{{source}} → {{sink}} ${what}` };
}

export function bySource(gauge: string, what: string): Query {
  return { expr: `sum by (source) (${gauge}{${SOURCE}})`, legend: `{{source}} ${what}` };
}

function topContainers(gauge: string): Query {
  return {
    expr: `topk(${TOP}, max by (namespace, pod, container, sink) (${gauge}{${LANE}}))`,
    legend: '{{namespace}}/{{pod}} {{container}} → {{sink}}',
  };
}

function batchQuantile(quantile: number): Query {
  const buckets = perSecond(`${RUNTIME_METRICS.batchDuration.name}_bucket`, LANE);
  return {
    expr: `histogram_quantile(${quantile}, sum by (sink, le) (${buckets}))`,
    legend: `{{sink}} p${quantile * 100}`,
  };
}
