/** The metrics of `vigie sidecar stream`; docs/reference/sidecar.md is made of this table. */

import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import type { Exposition, MetricTable, Report } from '@vigie/core/telemetry';
import type { GoneReason } from '@vigie/log-pipeline/tail/generation';
import { exposeMetrics } from './exposition.ts';
import type { StreamTarget } from './target.ts';

export const STREAM_METRICS = {
  readBytes: {
    name: 'vigie_sidecar_read_bytes_total',
    type: 'counter',
    help: 'Bytes read from files.',
    labels: ['output'],
  },
  readLines: {
    name: 'vigie_sidecar_read_lines_total',
    type: 'counter',
    help: 'Lines read from files.',
    labels: ['output'],
  },
  emittedBytes: {
    name: 'vigie_sidecar_emitted_bytes_total',
    type: 'counter',
    help: 'Bytes of lines that the reader of the output has taken, as they were in the files.',
    labels: ['output'],
  },
  emittedLines: {
    name: 'vigie_sidecar_emitted_lines_total',
    type: 'counter',
    help: 'Lines that the reader of the output has taken.',
    labels: ['output'],
  },
  truncatedLines: {
    name: 'vigie_sidecar_truncated_lines_total',
    type: 'counter',
    help: 'Lines longer than max_line_bytes, emitted up to there.',
    labels: ['output'],
  },
  partialLines: {
    name: 'vigie_sidecar_partial_lines_total',
    type: 'counter',
    help: 'Last lines without a newline, emitted with one.',
    labels: ['output'],
  },
  droppedBytes: {
    name: 'vigie_sidecar_dropped_bytes_total',
    type: 'counter',
    help: 'Bytes read and not emitted.',
    labels: ['output', 'reason'],
  },
  lostBytes: {
    name: 'vigie_sidecar_lost_bytes_total',
    type: 'counter',
    help: 'Bytes that vanished before they could be read.',
    labels: ['output', 'reason'],
  },
  lagBytes: {
    name: 'vigie_sidecar_lag_bytes',
    type: 'gauge',
    help: 'Bytes in files that the reader of the output has not taken yet.',
    labels: ['output'],
  },
  waitSeconds: {
    name: 'vigie_sidecar_output_wait_seconds',
    type: 'gauge',
    help: 'How long the batch at hand has waited for the reader of the output.',
    labels: ['output'],
  },
  files: {
    name: 'vigie_sidecar_files',
    type: 'gauge',
    help: 'Files followed, rotated ones included.',
    labels: ['output'],
  },
  openFiles: { name: 'vigie_sidecar_open_files', type: 'gauge', help: 'Files held open.', labels: ['output'] },
  rotations: { name: 'vigie_sidecar_rotations_total', type: 'counter', help: 'Rotations seen.', labels: ['output'] },
  rotatedFiles: {
    name: 'vigie_sidecar_rotated_files_total',
    type: 'counter',
    help: 'Files that the sidecar has rotated; failed also counts those that it could not delete.',
    labels: ['output', 'result'],
  },
  deletedFiles: {
    name: 'vigie_sidecar_deleted_files_total',
    type: 'counter',
    help: 'Rotated files that the sidecar has deleted: streamed, or for room before the reader had taken all of them.',
    labels: ['output', 'reason'],
  },
  rotateSignals: {
    name: 'vigie_sidecar_rotate_signals_total',
    type: 'counter',
    help: 'Signals by which writers were told of a rotation; failed where there was nobody to tell.',
    labels: ['output', 'result'],
  },
  notReopenedFiles: {
    name: 'vigie_sidecar_not_reopened_files',
    type: 'gauge',
    help: 'Rotated files that their writer still wrote to long after.',
    labels: ['output'],
  },
  truncateWindow: {
    name: 'vigie_sidecar_copytruncate_window_seconds',
    type: 'gauge',
    help: 'The longest time so far between the last look at a file and the end of its truncation; what is written in it is lost.',
    labels: ['output'],
  },
  fileErrors: {
    name: 'vigie_sidecar_file_errors_total',
    type: 'counter',
    help: 'Files and folders that could not be used.',
    labels: ['output', 'operation'],
  },
  checkpointWrites: {
    name: 'vigie_sidecar_checkpoint_writes_total',
    type: 'counter',
    help: 'Writes of the checkpoint.',
    labels: ['output', 'result'],
  },
  reloads: {
    name: 'vigie_sidecar_reloads_total',
    type: 'counter',
    help: 'Reloads of the configuration.',
    labels: ['result'],
  },
  ownLinesDropped: {
    name: 'vigie_sidecar_log_lines_dropped_total',
    type: 'counter',
    help: "Lines of the sidecar's own log that stderr had no room for.",
    labels: [],
  },
  buildInfo: {
    name: 'vigie_sidecar_build_info',
    type: 'gauge',
    help: '1; the labels tell what runs.',
    labels: ['version', 'node', 'kernel'],
  },
} as const satisfies MetricTable;

const METRICS = { ...STREAM_METRICS, ...PROCESS_METRICS };

/** Each stands at 0 from the start: Prometheus takes no notice of the first value of a series. */
const LOSS_REASONS: readonly (GoneReason | 'deleted_while_down')[] = [
  'deleted',
  'deleted_budget',
  'deleted_while_down',
  'truncated',
  'corrupt_gzip',
];
const DROP_REASONS = ['truncated', 'record_too_large'];

export interface StreamFacts {
  readonly targets: readonly StreamTarget[];
  readonly reloads: { readonly success: number; readonly failure: number };
  readonly ownLinesDropped: number;
  readonly build: { readonly version: string; readonly node: string; readonly kernel: string };
}

export function exposeStream({ targets, reloads, ownLinesDropped, build }: StreamFacts): Exposition {
  return exposeMetrics(METRICS, (report) => {
    for (const target of targets) reportTarget(target, report);
    report('reloads', { result: 'success' }, reloads.success);
    report('reloads', { result: 'failure' }, reloads.failure);
    report('ownLinesDropped', {}, ownLinesDropped);
    report('buildInfo', build, 1);
    collectProcessMetrics(report);
  });
}

function reportTarget(target: StreamTarget, report: Report<typeof METRICS>): void {
  const { ledger, catalog, name: output } = target;
  report('readBytes', { output }, ledger.readBytes);
  report('readLines', { output }, ledger.readRecords);
  report('emittedBytes', { output }, ledger.ackedBytes);
  report('emittedLines', { output }, ledger.ackedRecords);
  report('truncatedLines', { output }, ledger.truncatedRecords);
  report('partialLines', { output }, ledger.partialRecords);
  for (const reason of DROP_REASONS) report('droppedBytes', { output, reason }, ledger.droppedBytes.get(reason) ?? 0);
  for (const reason of LOSS_REASONS) report('lostBytes', { output, reason }, ledger.lostBytes.get(reason) ?? 0);
  report('lagBytes', { output }, target.lagBytes);
  report('waitSeconds', { output }, target.output.waitsMs / 1000);
  let files = 0;
  for (const log of catalog.logs.values()) files += log.generations.length;
  report('files', { output }, files);
  report('openFiles', { output }, catalog.descriptors.size);
  report('rotations', { output }, target.rotations);
  reportRotation(target, report);
  for (const [operation, count] of target.errors) report('fileErrors', { output, operation }, count);
  for (const result of ['written', 'failed'] as const) {
    report('checkpointWrites', { output, result }, target.checkpointWrites[result]);
  }
}

/** Nothing where the sidecar does not rotate. */
function reportRotation({ name: output, rotation }: StreamTarget, report: Report<typeof METRICS>): void {
  if (rotation === undefined) return;
  report('rotatedFiles', { output, result: 'success' }, rotation.rotated);
  report('rotatedFiles', { output, result: 'failed' }, rotation.failed);
  report('deletedFiles', { output, reason: 'streamed' }, rotation.deletedStreamed);
  report('deletedFiles', { output, reason: 'room' }, rotation.deletedUnstreamed);
  report('rotateSignals', { output, result: 'sent' }, rotation.signalsSent);
  report('rotateSignals', { output, result: 'failed' }, rotation.signalsFailed);
  report('notReopenedFiles', { output }, rotation.notReopened);
  report('truncateWindow', { output }, rotation.longestWindowMs / 1000);
}
