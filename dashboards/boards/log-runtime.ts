/** The rows that the node agent's dashboard and the shipping sidecar's have in common: is everything read, is everything
 *  delivered, and if not, where is it. */
import { RUNTIME_METRICS } from '@vigie/log-pipeline/agent/telemetry';
import { logRuntimeQueries as q } from '../queries/log-runtime.ts';
import type { LabelVariable, RowDefinition, StatDefinition, TimeSeriesDefinition } from './board.ts';

const OF_INSTANCES = 'job=~"$job",instance=~"$instance"';
/** A busy node is seconds behind at most; a minute is for somebody to look at. */
const OLD_UNREAD_SECONDS = 60;

/** @param instance what one process is called in the title of its variable */
export function logRuntimeVariables(instance: string): readonly LabelVariable[] {
  return [
    { label: 'job', title: 'Job', metric: RUNTIME_METRICS.readBytes.name, matchers: '' },
    { label: 'instance', title: instance, metric: RUNTIME_METRICS.readBytes.name, matchers: 'job=~"$job"' },
    { label: 'source', title: 'Source', metric: RUNTIME_METRICS.readBytes.name, matchers: OF_INSTANCES },
    { label: 'sink', title: 'Sink', metric: RUNTIME_METRICS.readBytes.name, matchers: OF_INSTANCES },
  ];
}

export const LOG_RUNTIME_OVERVIEW: readonly StatDefinition[] = [
  {
    title: 'Read',
    description: 'Bytes of log files read, all together.',
    unit: 'Bps',
    query: q.readBytesTotal,
  },
  {
    title: 'Oldest unread record',
    description:
      'Its age in the worst container. It grows while a sink is slow or down, or a rate limit holds a pod back.',
    unit: 's',
    query: q.oldestUnread,
    alarmAt: OLD_UNREAD_SECONDS,
  },
  {
    title: 'Lost',
    description: 'Bytes that vanished before they could be read, in the time shown. The reasons are in a row below.',
    unit: 'decbytes',
    query: q.lostInRange,
    alarmAt: 1,
  },
  {
    title: 'Dropped',
    description: 'Bytes read and not delivered, in the time shown: refused by a sink, or removed by a transform.',
    unit: 'decbytes',
    query: q.droppedInRange,
  },
  {
    title: 'Sinks held',
    description:
      'Sinks that refuse the agent itself: credentials, a missing template. Somebody must act; nothing is dropped meanwhile.',
    unit: 'none',
    query: q.sinksHeld,
    alarmAt: 1,
  },
];

export const LOG_RUNTIME_ROWS: readonly RowDefinition[] = [
  {
    title: 'Throughput',
    panels: [
      {
        title: 'Bytes in',
        description: 'Bytes read, and bytes of records acknowledged. The two part while a sink is behind.',
        unit: 'Bps',
        queries: [q.readBytes, q.ackedBytes],
      },
      {
        title: 'Bytes out',
        description: 'Bytes of acknowledged request bodies, before compression.',
        unit: 'Bps',
        queries: [q.sentBytes],
      },
      {
        title: 'Records',
        description: 'Records read, and records acknowledged.',
        unit: 'cps',
        queries: [q.readRecords, q.ackedRecords],
      },
      {
        title: 'In flight',
        description: 'Bytes read but neither acknowledged nor dropped. Bounded by the size and number of requests.',
        unit: 'decbytes',
        queries: [q.inFlightBytes],
      },
    ],
  },
  {
    title: 'Lag',
    panels: [
      {
        title: 'Most lagging containers, bytes',
        description:
          'Bytes that exist and are not acknowledged. They are lost beyond what the kubelet keeps: containerLogMaxSize times containerLogMaxFiles.',
        unit: 'decbytes',
        queries: [q.lagBytes],
      },
      {
        title: 'Most lagging containers, age',
        description: 'Age of the oldest unread record.',
        unit: 's',
        queries: [q.lagSeconds],
      },
    ],
  },
  {
    title: 'Delivery',
    panels: [
      {
        title: 'Time to acknowledge a request',
        description: 'From the first attempt to the acknowledgement, retries included.',
        unit: 's',
        queries: [q.batchMedian, q.batchP95, q.batchP99],
      },
      { title: 'Requests', description: 'Requests acknowledged.', unit: 'cps', queries: [q.batches] },
      {
        title: 'Retries by reason',
        description:
          'Requests, or parts of them, sent again. throttled: the sink answers 429; unavailable: it answers 5xx.',
        unit: 'cps',
        queries: [q.retries],
      },
      {
        title: 'Agents whose sink is down or held',
        description: 'Agents whose last request failed, and those that the sink refuses until somebody acts.',
        unit: 'none',
        queries: [q.sinkDown, q.held],
      },
      {
        title: 'Dead letters',
        description:
          'Records that the sink refused for good. They are in the dead-letter file with the reason; `vigie node-agent --replay` sends them again.',
        unit: 'cps',
        queries: [q.deadLetters],
      },
      {
        title: 'Sink events',
        description:
          'Records that the server put into its failure store, answers that could not be read, and the like.',
        unit: 'cps',
        queries: [q.sinkEvents],
      },
    ],
  },
  {
    title: 'Disk buffers',
    panels: [
      {
        title: 'Buffers, of their limit',
        description: 'A buffer that is full holds its sources back, or drops its oldest records, as it is configured.',
        unit: 'percentunit',
        queries: [q.bufferFill],
      },
      {
        title: 'Records in buffers',
        description: 'Written to the disk and not taken by the sink yet.',
        unit: 'none',
        queries: [q.bufferRecords],
      },
      {
        title: 'Oldest record in a buffer',
        description: 'How long it waits for its sink.',
        unit: 's',
        queries: [q.bufferAge],
      },
      {
        title: 'Damaged bytes of buffers',
        description:
          'torn: not whole when the agent was killed, and read again from the log; corrupt: lost on the disk.',
        unit: 'Bps',
        queries: [q.bufferDamaged],
      },
    ],
  },
  {
    title: 'Losses and drops',
    panels: [
      {
        title: 'Lost bytes by reason',
        description: 'Bytes that existed and vanished before they could be read. Anything above 0 is loss of data.',
        unit: 'Bps',
        queries: [q.lost],
      },
      {
        title: 'Dropped bytes by reason',
        description: 'Bytes read and not delivered: refused by the sink, or removed by a transform.',
        unit: 'Bps',
        queries: [q.droppedBytes],
      },
      {
        title: 'Dropped records by reason',
        description: 'The same, in records.',
        unit: 'cps',
        queries: [q.droppedRecords],
      },
      {
        title: 'Flagged records',
        description:
          'Shipped with a flag in the document: lines that are neither CRI nor docker format, cut at max_line_bytes, or without their end.',
        unit: 'cps',
        queries: [q.unparsed, q.truncated, q.partial],
      },
      {
        title: 'Joined records',
        description: 'Records put together from fragments, and records of several lines that ended at a limit.',
        unit: 'cps',
        queries: [q.joined, q.multilineCut],
      },
      {
        title: 'Records that a transform left as they were',
        description: 'Messages that a transform could not handle, by reason. They are shipped.',
        unit: 'cps',
        queries: [q.transformKept],
      },
    ],
  },
  {
    title: 'Files',
    panels: [
      {
        title: 'Log files',
        description:
          'Files known with their rotated generations, those held open, those that grew within the last seconds, and folders watched.',
        unit: 'none',
        queries: [q.files, q.openFiles, q.activeLogs, q.watchedFolders],
      },
      {
        title: 'Pushed records',
        description:
          'Of sources that read no files: accepted, or refused to their sender because too much waits (full), the sinks were too slow (late), or nobody could read it (malformed).',
        unit: 'cps',
        queries: [q.pushed],
      },
      { title: 'Rotations', description: 'Rotations seen.', unit: 'cps', queries: [q.rotations] },
      {
        title: 'File errors',
        description: 'Errors while listing, watching or reading log files. The agent tries again.',
        unit: 'cps',
        queries: [q.fileErrors],
      },
      {
        title: 'Checkpoint writes',
        description: 'A failed write costs no data: after a crash more would be sent again.',
        unit: 'cps',
        queries: [q.checkpointWrites],
      },
    ],
  },
];

export const RESTARTS_AND_RELOADS: TimeSeriesDefinition = {
  title: 'Restarts and reloads',
  description:
    'Restarts of the process, reloads by result, and those that run an older configuration because the new one is bad.',
  unit: 'none',
  queries: [q.restarts, q.reloads, q.badReloads],
};
