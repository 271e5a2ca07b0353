/** Every query about the streaming sidecars. Metric names come from the telemetry table, so one that is renamed there fails to
 *  compile here. A cluster has as many sidecars as pods that ask for one: they are summed, and the worst are named. */
import { STREAM_METRICS } from '@vigie/sidecar/stream/telemetry';
import { processQueries } from './process.ts';
import { by, byInstance, perSecond, TOP } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. */
const SIDECAR = 'job=~"$job",instance=~"$instance"';
const OUTPUT = `${SIDECAR},output=~"$output"`;

export const sidecarStreamQueries = {
  sidecars: { expr: `count(${STREAM_METRICS.buildInfo.name}{${SIDECAR}})`, legend: 'sidecars' },
  emittedTotal: { expr: `sum(${perSecond(STREAM_METRICS.emittedBytes.name, OUTPUT)})`, legend: 'emitted' },
  worstLag: { expr: `max(${STREAM_METRICS.lagBytes.name}{${OUTPUT}})`, legend: 'behind' },
  worstWait: { expr: `max(${STREAM_METRICS.waitSeconds.name}{${OUTPUT}})`, legend: 'waits' },
  lostInRange: inRange(STREAM_METRICS.lostBytes.name, 'lost'),
  droppedInRange: inRange(STREAM_METRICS.droppedBytes.name, 'dropped'),

  readBytes: byOutput(perSecond(STREAM_METRICS.readBytes.name, OUTPUT), 'read'),
  emittedBytes: byOutput(perSecond(STREAM_METRICS.emittedBytes.name, OUTPUT), 'emitted'),
  readLines: byOutput(perSecond(STREAM_METRICS.readLines.name, OUTPUT), 'read'),
  emittedLines: byOutput(perSecond(STREAM_METRICS.emittedLines.name, OUTPUT), 'emitted'),
  busiest: worst(perSecond(STREAM_METRICS.emittedBytes.name, OUTPUT)),

  lagBytes: worst(`${STREAM_METRICS.lagBytes.name}{${OUTPUT}}`),
  waitSeconds: worst(`${STREAM_METRICS.waitSeconds.name}{${OUTPUT}}`),

  lost: by(['output', 'reason'], perSecond(STREAM_METRICS.lostBytes.name, OUTPUT)),
  losers: worst(`sum by (instance, output) (${perSecond(STREAM_METRICS.lostBytes.name, OUTPUT)})`),
  dropped: by(['output', 'reason'], perSecond(STREAM_METRICS.droppedBytes.name, OUTPUT)),
  truncated: byOutput(perSecond(STREAM_METRICS.truncatedLines.name, OUTPUT), 'cut'),
  partial: byOutput(perSecond(STREAM_METRICS.partialLines.name, OUTPUT), 'without end'),
  ownLinesDropped: byInstance(perSecond(STREAM_METRICS.ownLinesDropped.name, SIDECAR)),

  files: byOutput(`${STREAM_METRICS.files.name}{${OUTPUT}}`, 'followed'),
  openFiles: byOutput(`${STREAM_METRICS.openFiles.name}{${OUTPUT}}`, 'open'),
  rotations: by(['output'], perSecond(STREAM_METRICS.rotations.name, OUTPUT)),
  rotatedFiles: by(['output', 'result'], perSecond(STREAM_METRICS.rotatedFiles.name, OUTPUT)),
  deletedFiles: by(['output', 'reason'], perSecond(STREAM_METRICS.deletedFiles.name, OUTPUT)),
  rotateSignals: by(['output', 'result'], perSecond(STREAM_METRICS.rotateSignals.name, OUTPUT)),
  notReopened: worst(`${STREAM_METRICS.notReopenedFiles.name}{${OUTPUT}}`),
  truncateWindow: worst(`${STREAM_METRICS.truncateWindow.name}{${OUTPUT}}`),
  fileErrors: by(['output', 'operation'], perSecond(STREAM_METRICS.fileErrors.name, OUTPUT)),
  checkpointWrites: by(['output', 'result'], perSecond(STREAM_METRICS.checkpointWrites.name, OUTPUT)),

  ...processQueries(SIDECAR),
  reloads: by(['result'], `increase(${STREAM_METRICS.reloads.name}{${SIDECAR}}[$__rate_interval])`),
  versions: by(['version', 'kernel'], `${STREAM_METRICS.buildInfo.name}{${SIDECAR}}`),
} as const satisfies Queries;

function inRange(counter: string, legend: string): Query {
  return { expr: `sum(increase(${counter}{${OUTPUT}}[$__range]))`, legend };
}

function byOutput(vector: string, what: string): Query {
  return { expr: `sum by (output) (${vector})`, legend: `{{output}} ${what}` };
}

function worst(vector: string): Query {
  return { expr: `topk(${TOP}, ${vector})`, legend: '{{instance}} {{output}}' };
}
