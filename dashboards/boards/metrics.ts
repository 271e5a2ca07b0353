/** The dashboard of the metrics part: is everything taken, does it survive a restart, are queries answered in time. */
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { metricsQueries as q } from '../queries/metrics.ts';
import type { BoardDefinition } from './board.ts';
import { processPanels } from './process-panels.ts';

/** Rules and autoscaling wait for their answers every few seconds. */
const SLOW_QUERY_SECONDS = 1;

export const metricsBoard: BoardDefinition = {
  uid: 'vigie-metrics',
  title: 'Vigie / Metrics database',
  description: 'The embedded time-series database: what it takes, keeps and answers.',
  tags: ['vigie', 'metrics'],
  variables: [
    { label: 'job', title: 'Job', metric: TSDB_METRICS.series.name, matchers: '' },
    { label: 'instance', title: 'Database', metric: TSDB_METRICS.series.name, matchers: 'job=~"$job"' },
  ],
  overview: [
    { title: 'Series in memory', description: 'Of all databases together.', unit: 'none', query: q.seriesTotal },
    { title: 'Samples taken', description: 'By all databases together.', unit: 'cps', query: q.appendedTotal },
    {
      title: 'Memory of series and samples',
      description: 'What retention.size bounds. The process takes more.',
      unit: 'decbytes',
      query: q.memoryTotal,
    },
    {
      title: 'Series refused',
      description:
        'New series that were not made, in the time shown: budgets, limits, or no memory. The reasons are in a row below.',
      unit: 'none',
      query: q.refusedSeriesInRange,
      alarmAt: 1,
    },
    {
      title: 'Failures of the log',
      description:
        'Writes and fsyncs that failed, in the time shown: what was taken since the last snapshot would not survive the process.',
      unit: 'none',
      query: q.walFailuresInRange,
      alarmAt: 1,
    },
    {
      title: 'Slow queries',
      description: 'The slowest query of a hundred takes longer than this.',
      unit: 's',
      query: q.slowQueries,
      alarmAt: SLOW_QUERY_SECONDS,
    },
  ],
  rows: [
    {
      title: 'Samples',
      panels: [
        {
          title: 'Samples by what became of them',
          description: 'Taken, of these behind the newest of their series; and those that were there already.',
          unit: 'cps',
          queries: [q.appended, q.late, q.known],
        },
        {
          title: 'Samples refused',
          description: 'Too old, or another value at the same time: two sources write one series.',
          unit: 'cps',
          queries: [q.refusedSamples],
        },
        {
          title: 'New series refused',
          description: 'Budgets of job and namespace, the limit of all, no memory, or labels that are none.',
          unit: 'cps',
          queries: [q.refusedSeries],
        },
        {
          title: 'Exemplars refused',
          description: 'By reason. Samples are not touched by that.',
          unit: 'cps',
          queries: [q.refusedExemplars],
        },
        {
          title: 'Metadata refused',
          description: 'Types and helps of metrics that found no room.',
          unit: 'cps',
          queries: [q.refusedMetadata],
        },
      ],
    },
    {
      title: 'What is kept',
      panels: [
        {
          title: 'Series',
          description:
            'In memory, and of these the ones that are being written. Those that end are compressed within minutes.',
          unit: 'none',
          queries: [q.series, q.hotSeries],
        },
        {
          title: 'Churn',
          description: 'Series made and removed. Series that live shortly are paid for until retention lets them go.',
          unit: 'cps',
          queries: [q.madeSeries, q.removedSeries],
        },
        { title: 'Samples kept', description: 'In memory.', unit: 'none', queries: [q.storedSamples] },
        { title: 'Chunks', description: 'Compressed, in memory.', unit: 'none', queries: [q.chunks] },
        {
          title: 'Memory by part',
          description: 'Symbols and postings are estimates.',
          unit: 'decbytes',
          queries: [q.memory],
        },
        {
          title: 'Memory for a sample',
          description: 'Of series and samples together: it grows as series have fewer samples.',
          unit: 'decbytes',
          queries: [q.bytesPerSample],
        },
        {
          title: 'Window',
          description:
            'From where samples are kept to the newest one. Shorter than the retention: its size does not do.',
          unit: 's',
          queries: [q.window],
        },
        {
          title: 'Samples let go',
          description: 'Beyond retention, by time or by size.',
          unit: 'cps',
          queries: [q.dropped],
        },
      ],
    },
    {
      title: 'Log and snapshots',
      panels: [
        { title: 'Bytes logged', description: 'Written to the log.', unit: 'Bps', queries: [q.walBytes] },
        {
          title: 'Writes and fsyncs',
          description: 'Of the log. Appends that come together share a write, and writes within a second an fsync.',
          unit: 'cps',
          queries: [q.walWrites, q.walFsyncs],
        },
        {
          title: 'Failed writes and fsyncs',
          description: 'A snapshot follows, which has what the log lacks.',
          unit: 'cps',
          queries: [q.walFailures],
        },
        {
          title: 'Bytes not logged',
          description: 'The disk failed, or did not keep up.',
          unit: 'Bps',
          queries: [q.walUnlogged],
        },
        { title: 'Snapshots', description: 'By result.', unit: 'none', queries: [q.snapshots] },
        { title: 'Size of a snapshot', description: 'Of the last one.', unit: 'decbytes', queries: [q.snapshotBytes] },
        { title: 'Time for a snapshot', description: 'Of the last one.', unit: 's', queries: [q.snapshotSeconds] },
      ],
    },
    {
      title: 'Remote write and federation',
      panels: [
        {
          title: 'Write requests',
          description: 'partial: some of it was refused for good; retry: the sender is to come again.',
          unit: 'cps',
          queries: [q.writeRequests],
        },
        {
          title: 'Written',
          description: 'What write requests brought and the database has.',
          unit: 'cps',
          queries: [q.written],
        },
        {
          title: 'Refused of write requests',
          description: 'Series, samples, histograms and exemplars.',
          unit: 'cps',
          queries: [q.writeProblems],
        },
        {
          title: 'Bytes of write requests',
          description: 'As they came, and decompressed.',
          unit: 'Bps',
          queries: [q.receivedBytes, q.decodedBytes],
        },
        { title: 'Federations', description: 'Requests for /federate.', unit: 'cps', queries: [q.federations] },
        {
          title: 'Federated',
          description: 'Samples given out, and native histograms that the format asked for does not have.',
          unit: 'cps',
          queries: [q.federatedSamples, q.leftOutHistograms],
        },
      ],
    },
    {
      title: 'Queries',
      panels: [
        {
          title: 'Queries by outcome',
          description: 'canceled: the client went away; timeout: it took longer than allowed.',
          unit: 'cps',
          queries: [q.queries],
        },
        {
          title: 'Time of a query',
          description: 'From its request to its result, waiting for its turn included.',
          unit: 's',
          queries: [q.queryMedian, q.queryP95, q.slowQueries],
        },
        {
          title: 'Samples read by queries',
          description: 'One counts at each step that it belongs to.',
          unit: 'cps',
          queries: [q.querySamples],
        },
        {
          title: 'Queries under way',
          description: 'Being evaluated, and waiting until another one ends.',
          unit: 'none',
          queries: [q.queriesRunning, q.queriesWaiting],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        ...processPanels(q),
        { title: 'Restarts', description: 'Of the process.', unit: 'none', queries: [q.restarts] },
      ],
    },
  ],
};
