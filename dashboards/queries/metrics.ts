/** Every query about the metrics part: the database, what is written into it and asked of it over HTTP. Metric names come from the
 *  telemetry tables, so one that is renamed there fails to compile here. */
import { QUERY_METRICS } from '@vigie/promql/api/query-counts';
import { TSDB_API_METRICS } from '@vigie/tsdb/api/telemetry';
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { processQueries } from './process.ts';
import { by, byInstance, perSecond } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. */
const DATABASE = 'job=~"$job",instance=~"$instance"';

export const metricsQueries = {
  seriesTotal: { expr: `sum(${TSDB_METRICS.series.name}{${DATABASE}})`, legend: 'series' },
  appendedTotal: { expr: `sum(${perSecond(TSDB_METRICS.samples.name, DATABASE)})`, legend: 'samples' },
  memoryTotal: { expr: `sum(${TSDB_METRICS.memory.name}{${DATABASE}})`, legend: 'memory' },
  refusedSeriesInRange: inRange(TSDB_METRICS.refusedSeries.name, 'refused'),
  walFailuresInRange: inRange(TSDB_METRICS.walFailures.name, 'failed'),
  slowQueries: queryQuantile(0.99),

  appended: byInstance(perSecond(TSDB_METRICS.samples.name, DATABASE), 'taken '),
  late: byInstance(perSecond(TSDB_METRICS.lateSamples.name, DATABASE), 'out of order '),
  known: byInstance(perSecond(TSDB_METRICS.knownSamples.name, DATABASE), 'known '),
  refusedSamples: by(['reason'], perSecond(TSDB_METRICS.refusedSamples.name, DATABASE)),
  refusedSeries: by(['reason'], perSecond(TSDB_METRICS.refusedSeries.name, DATABASE)),
  refusedExemplars: by(['reason'], perSecond(TSDB_METRICS.refusedExemplars.name, DATABASE)),
  refusedMetadata: byInstance(perSecond(TSDB_METRICS.refusedMetadata.name, DATABASE)),

  series: byInstance(of(TSDB_METRICS.series.name), 'series '),
  hotSeries: byInstance(of(TSDB_METRICS.hotSeries.name), 'being written '),
  madeSeries: byInstance(perSecond(TSDB_METRICS.madeSeries.name, DATABASE), 'made '),
  removedSeries: byInstance(perSecond(TSDB_METRICS.removedSeries.name, DATABASE), 'removed '),
  storedSamples: byInstance(of(TSDB_METRICS.storedSamples.name)),
  chunks: byInstance(of(TSDB_METRICS.chunks.name)),
  memory: by(['part'], of(TSDB_METRICS.memory.name)),
  bytesPerSample: {
    expr: `sum(${of(TSDB_METRICS.memory.name)}) / sum(${of(TSDB_METRICS.storedSamples.name)})`,
    legend: 'bytes',
  },
  dropped: byInstance(perSecond(TSDB_METRICS.droppedSamples.name, DATABASE)),
  window: byInstance(`${of(TSDB_METRICS.newest.name)} - ${of(TSDB_METRICS.keptFrom.name)}`),

  walBytes: byInstance(perSecond(TSDB_METRICS.walBytes.name, DATABASE)),
  walWrites: byInstance(perSecond(TSDB_METRICS.walWrites.name, DATABASE), 'writes '),
  walFsyncs: byInstance(perSecond(TSDB_METRICS.walFsyncs.name, DATABASE), 'fsyncs '),
  walFailures: byInstance(perSecond(TSDB_METRICS.walFailures.name, DATABASE)),
  walUnlogged: byInstance(perSecond(TSDB_METRICS.walUnlogged.name, DATABASE)),
  snapshots: by(['result'], `increase(${of(TSDB_METRICS.snapshots.name)}[$__rate_interval])`),
  snapshotBytes: byInstance(of(TSDB_METRICS.snapshotBytes.name)),
  snapshotSeconds: byInstance(of(TSDB_METRICS.snapshotSeconds.name)),

  writeRequests: by(['protocol', 'result'], perSecond(TSDB_API_METRICS.writeRequests.name, DATABASE)),
  written: by(['kind'], perSecond(TSDB_API_METRICS.writtenSamples.name, DATABASE)),
  writeProblems: byInstance(perSecond(TSDB_API_METRICS.writeProblems.name, DATABASE)),
  receivedBytes: byInstance(perSecond(TSDB_API_METRICS.receivedBytes.name, DATABASE), 'received '),
  decodedBytes: byInstance(perSecond(TSDB_API_METRICS.decodedBytes.name, DATABASE), 'decompressed '),
  federations: by(['format', 'result'], perSecond(TSDB_API_METRICS.federations.name, DATABASE)),
  federatedSamples: byInstance(perSecond(TSDB_API_METRICS.federatedSamples.name, DATABASE), 'given '),
  leftOutHistograms: byInstance(perSecond(TSDB_API_METRICS.leftOutHistograms.name, DATABASE), 'histograms left out '),

  queries: by(['kind', 'outcome'], `${perSecond(QUERY_METRICS.queries.name, DATABASE)} > 0`),
  queryMedian: queryQuantile(0.5),
  queryP95: queryQuantile(0.95),
  querySamples: byInstance(perSecond(QUERY_METRICS.querySamples.name, DATABASE)),
  queriesRunning: byInstance(of(QUERY_METRICS.queriesRunning.name), 'running '),
  queriesWaiting: byInstance(of(QUERY_METRICS.queriesWaiting.name), 'waiting '),

  ...processQueries(DATABASE),
} as const satisfies Queries;

function of(metric: string): string {
  return `${metric}{${DATABASE}}`;
}

function inRange(counter: string, legend: string): Query {
  return { expr: `sum(increase(${of(counter)}[$__range]))`, legend };
}

function queryQuantile(quantile: number): Query {
  const buckets = perSecond(`${QUERY_METRICS.querySeconds.name}_bucket`, DATABASE);
  return { expr: `histogram_quantile(${quantile}, sum by (le) (${buckets}))`, legend: `p${quantile * 100}` };
}
