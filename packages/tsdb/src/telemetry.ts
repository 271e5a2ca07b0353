/** Every metric of the database. Labels are bounded: reasons are finite, and none is from a sample. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { Tsdb } from './tsdb.ts';

export const TSDB_METRICS = {
  samples: {
    name: 'vigie_tsdb_appended_samples_total',
    type: 'counter',
    help: 'Samples taken.',
    labels: [],
  },
  lateSamples: {
    name: 'vigie_tsdb_out_of_order_samples_total',
    type: 'counter',
    help: 'Of the samples taken, those that were behind the newest of their series.',
    labels: [],
  },
  knownSamples: {
    name: 'vigie_tsdb_known_samples_total',
    type: 'counter',
    help: 'Samples that were there already with the same value, and changed nothing.',
    labels: [],
  },
  refusedSamples: {
    name: 'vigie_tsdb_refused_samples_total',
    type: 'counter',
    help: 'Samples not taken, by reason.',
    labels: ['reason'],
  },
  refusedSeries: {
    name: 'vigie_tsdb_refused_series_total',
    type: 'counter',
    help: 'New series not made, by reason: budgets of job and namespace, the limit of all, memory, labels that are none.',
    labels: ['reason'],
  },
  refusedExemplars: {
    name: 'vigie_tsdb_refused_exemplars_total',
    type: 'counter',
    help: 'Exemplars not taken, by reason.',
    labels: ['reason'],
  },
  refusedMetadata: {
    name: 'vigie_tsdb_refused_metadata_total',
    type: 'counter',
    help: 'Type and help of metrics that found no room.',
    labels: [],
  },
  droppedSamples: {
    name: 'vigie_tsdb_dropped_samples_total',
    type: 'counter',
    help: 'Samples let go because they were beyond retention, by time or by size.',
    labels: [],
  },
  madeSeries: { name: 'vigie_tsdb_made_series_total', type: 'counter', help: 'Series made.', labels: [] },
  removedSeries: {
    name: 'vigie_tsdb_removed_series_total',
    type: 'counter',
    help: 'Series removed because nothing of them is within retention.',
    labels: [],
  },
  series: { name: 'vigie_tsdb_series', type: 'gauge', help: 'Series in memory.', labels: [] },
  hotSeries: {
    name: 'vigie_tsdb_hot_series',
    type: 'gauge',
    help: 'Series that are being written: their newest samples are uncompressed.',
    labels: [],
  },
  storedSamples: { name: 'vigie_tsdb_stored_samples', type: 'gauge', help: 'Samples in memory.', labels: [] },
  chunks: { name: 'vigie_tsdb_chunks', type: 'gauge', help: 'Compressed chunks in memory.', labels: [] },
  memory: {
    name: 'vigie_tsdb_memory_bytes',
    type: 'gauge',
    help: 'Memory of series and samples: what retention.size bounds. Symbols and postings are estimates.',
    labels: ['part'],
  },
  newest: {
    name: 'vigie_tsdb_newest_timestamp_seconds',
    type: 'gauge',
    help: 'Newest timestamp of all samples, in Unix time.',
    labels: [],
  },
  keptFrom: {
    name: 'vigie_tsdb_retention_start_timestamp_seconds',
    type: 'gauge',
    help: 'Samples from here on are kept, in Unix time.',
    labels: [],
  },
  walBytes: {
    name: 'vigie_tsdb_wal_written_bytes_total',
    type: 'counter',
    help: 'Bytes written to the log.',
    labels: [],
  },
  walWrites: {
    name: 'vigie_tsdb_wal_writes_total',
    type: 'counter',
    help: 'Writes to the log; appends that come together share one.',
    labels: [],
  },
  walFsyncs: { name: 'vigie_tsdb_wal_fsyncs_total', type: 'counter', help: 'Fsyncs of the log.', labels: [] },
  walFailures: {
    name: 'vigie_tsdb_wal_failures_total',
    type: 'counter',
    help: 'Writes and fsyncs of the log that failed; a snapshot follows, which has what the log lacks.',
    labels: [],
  },
  walUnlogged: {
    name: 'vigie_tsdb_wal_unlogged_bytes_total',
    type: 'counter',
    help: 'Bytes that the log did not get, because the disk failed or did not keep up.',
    labels: [],
  },
  snapshots: { name: 'vigie_tsdb_snapshots_total', type: 'counter', help: 'Snapshots, by result.', labels: ['result'] },
  snapshotBytes: { name: 'vigie_tsdb_snapshot_bytes', type: 'gauge', help: 'Size of the last snapshot.', labels: [] },
  snapshotSeconds: {
    name: 'vigie_tsdb_snapshot_seconds',
    type: 'gauge',
    help: 'How long the last snapshot took.',
    labels: [],
  },
} as const satisfies MetricTable;

/** For Telemetry.collect. Cost: a walk over the hot blocks. */
export function collectTsdbMetrics(tsdb: Tsdb, report: Report<typeof TSDB_METRICS>): void {
  const { head, snapshots, walCounts } = tsdb;
  const { counts, store, arena, table, symbols, postings } = head;
  report('samples', {}, counts.acceptedSamples);
  report('lateSamples', {}, counts.lateSamples);
  report('knownSamples', {}, counts.knownSamples);
  for (const [reason, count] of counts.refusedSamples) report('refusedSamples', { reason }, count);
  for (const [reason, count] of counts.refusedSeries) report('refusedSeries', { reason }, count);
  report('refusedMetadata', {}, head.metadata.refused);
  for (const [reason, count] of counts.refusedExemplars) report('refusedExemplars', { reason }, count);
  report('droppedSamples', {}, store.droppedSamples);
  report('madeSeries', {}, counts.seriesMade);
  report('removedSeries', {}, counts.seriesRemoved);
  report('series', {}, table.count);
  report('hotSeries', {}, store.hot.used);
  report('storedSamples', {}, store.sampleCount);
  report('chunks', {}, store.chunks.count);
  report('memory', { part: 'chunks_and_labels' }, arena.usedBytes);
  report('memory', { part: 'free_in_pages' }, arena.heldBytes - arena.usedBytes);
  report('memory', { part: 'hot_blocks' }, store.hot.heldBytes);
  report('memory', { part: 'series' }, table.heldBytes);
  report('memory', { part: 'symbols' }, symbols.estimatedBytes);
  report('memory', { part: 'postings' }, postings.estimatedBytes);
  report('memory', { part: 'histogram_tails' }, store.tails.estimatedBytes);
  if (Number.isFinite(head.newestMs)) report('newest', {}, head.newestMs / 1000);
  if (Number.isFinite(head.keptFromMs)) report('keptFrom', {}, head.keptFromMs / 1000);
  if (walCounts !== undefined) {
    report('walBytes', {}, walCounts.writtenBytes);
    report('walWrites', {}, walCounts.writes);
    report('walFsyncs', {}, walCounts.fsyncs);
    report('walFailures', {}, walCounts.failedWrites);
    report('walUnlogged', {}, walCounts.unloggedBytes);
  }
  report('snapshots', { result: 'written' }, snapshots.written);
  report('snapshots', { result: 'failed' }, snapshots.failed);
  report('snapshotBytes', {}, snapshots.lastBytes);
  report('snapshotSeconds', {}, snapshots.lastSeconds);
}
