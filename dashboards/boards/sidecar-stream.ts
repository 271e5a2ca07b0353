/** The dashboard of the streaming sidecars: do their readers keep up, and does anything vanish before it is read. */
import { STREAM_METRICS } from '@vigie/sidecar/stream/telemetry';
import { sidecarStreamQueries as q } from '../queries/sidecar-stream.ts';
import type { BoardDefinition } from './board.ts';
import { processPanels } from './process-panels.ts';

const OF_SIDECARS = 'job=~"$job",instance=~"$instance"';
/** After which `/readyz` says so too. */
const LONG_WAIT_SECONDS = 30;

export const sidecarStreamBoard: BoardDefinition = {
  uid: 'vigie-sidecar-stream',
  title: 'Vigie / Streaming sidecars',
  description: 'Log files of pods, onto the stdout of their sidecars.',
  tags: ['vigie', 'logs'],
  variables: [
    { label: 'job', title: 'Job', metric: STREAM_METRICS.readBytes.name, matchers: '' },
    { label: 'instance', title: 'Sidecar', metric: STREAM_METRICS.readBytes.name, matchers: 'job=~"$job"' },
    { label: 'output', title: 'Output', metric: STREAM_METRICS.readBytes.name, matchers: OF_SIDECARS },
  ],
  overview: [
    { title: 'Sidecars', description: 'Sidecars that answer Prometheus.', unit: 'none', query: q.sidecars },
    {
      title: 'Emitted',
      description: 'Bytes of lines that readers have taken, all sidecars together.',
      unit: 'Bps',
      query: q.emittedTotal,
    },
    {
      title: 'Furthest behind',
      description: 'Bytes in files that the reader of the output has not taken, in the worst sidecar.',
      unit: 'decbytes',
      query: q.worstLag,
    },
    {
      title: 'Longest wait',
      description:
        'How long a batch waits for the reader of the output, in the worst sidecar. The runtime reads what containers write: look at the node when it does not.',
      unit: 's',
      query: q.worstWait,
      alarmAt: LONG_WAIT_SECONDS,
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
      description: 'Bytes read and not emitted, in the time shown: ends of lines that are too long.',
      unit: 'decbytes',
      query: q.droppedInRange,
    },
  ],
  rows: [
    {
      title: 'Throughput',
      panels: [
        {
          title: 'Bytes',
          description: 'Bytes read, and bytes that readers have taken. The two part while a reader is behind.',
          unit: 'Bps',
          queries: [q.readBytes, q.emittedBytes],
        },
        {
          title: 'Lines',
          description: 'Lines read, and lines that readers have taken.',
          unit: 'cps',
          queries: [q.readLines, q.emittedLines],
        },
        {
          title: 'Busiest sidecars',
          description: 'The node writes what they emit once more: the cost of the pattern.',
          unit: 'Bps',
          queries: [q.busiest],
        },
      ],
    },
    {
      title: 'Lag',
      panels: [
        {
          title: 'Bytes behind',
          description:
            'Bytes in files that the reader has not taken. The files are the buffer: they fill their volume meanwhile, whose limit evicts the pod.',
          unit: 'decbytes',
          queries: [q.lagBytes],
        },
        {
          title: 'Waits for the reader',
          description: 'How long the batch at hand waits. Above 30 s the sidecar is not ready.',
          unit: 's',
          queries: [q.waitSeconds],
        },
      ],
    },
    {
      title: 'Losses and drops',
      panels: [
        {
          title: 'Lost bytes by reason',
          description:
            'Bytes that existed and vanished before they could be read. truncated: copytruncate has a window that nobody can close; deleted_budget: deleted files hold more than deleted_bytes_limit.',
          unit: 'Bps',
          queries: [q.lost],
        },
        {
          title: 'Sidecars that lose most',
          description: 'Rotation by rename loses nothing; or raise deleted_bytes_limit and the limit of the volume.',
          unit: 'Bps',
          queries: [q.losers],
        },
        {
          title: 'Dropped bytes by reason',
          description: 'Bytes read and not emitted.',
          unit: 'Bps',
          queries: [q.dropped],
        },
        {
          title: 'Changed lines',
          description: 'Lines cut at max_line_bytes, and last lines without a newline, which were given one.',
          unit: 'cps',
          queries: [q.truncated, q.partial],
        },
        {
          title: "Lines of the sidecars' own logs dropped",
          description: 'stderr had no room for them. Lines of files are never dropped for that.',
          unit: 'cps',
          queries: [q.ownLinesDropped],
        },
      ],
    },
    {
      title: 'Files',
      panels: [
        {
          title: 'Followed files',
          description: 'Files followed, rotated ones included, and those of them that are held open.',
          unit: 'none',
          queries: [q.files, q.openFiles],
        },
        { title: 'Rotations', description: 'Rotations seen.', unit: 'cps', queries: [q.rotations] },
        {
          title: 'File errors',
          description:
            'Files and folders that could not be used: mostly the sidecar runs as another user than the application.',
          unit: 'cps',
          queries: [q.fileErrors],
        },
        {
          title: 'Checkpoint writes',
          description: 'A failed write costs no line: after a crash more would be emitted again. Is the volume full?',
          unit: 'cps',
          queries: [q.checkpointWrites],
        },
      ],
    },
    {
      title: 'Rotation by the sidecar',
      panels: [
        {
          title: 'Rotated files',
          description:
            'Files that sidecars with --rotate have rotated. failed also counts those that they could not delete.',
          unit: 'cps',
          queries: [q.rotatedFiles],
        },
        {
          title: 'Deleted files',
          description:
            'streamed: the reader had taken all of it; room: it had not, and the volume had no more room for it.',
          unit: 'cps',
          queries: [q.deletedFiles],
        },
        {
          title: 'Signals to writers',
          description: 'Signals by which writers were told of a rotation. failed: no process of that name.',
          unit: 'cps',
          queries: [q.rotateSignals],
        },
        {
          title: 'Files not reopened',
          description: 'Rotated files that their writer still wrote to long after: it wants a signal, or copytruncate.',
          unit: 'none',
          queries: [q.notReopened],
        },
        {
          title: 'Longest copytruncate window',
          description: 'Between the last look at a file and the end of its truncation: what is written in it is lost.',
          unit: 's',
          queries: [q.truncateWindow],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        ...processPanels(
          q,
          'Resident memory, of which pages of the binary are shared by all sidecars of a node, and the parts in the V8 heap and in buffers outside.',
        ),
        {
          title: 'Restarts and reloads',
          description: 'Restarts of the process, and reloads by result.',
          unit: 'none',
          queries: [q.restarts, q.reloads],
        },
        {
          title: 'Versions',
          description:
            'What runs: a pod keeps its sidecar until it is created anew. kernel says whether lines are framed by SIMD.',
          unit: 'none',
          queries: [q.versions],
        },
      ],
    },
  ],
};
