/** Every metric of an agent, whoever runs it. Labels are bounded: sources, sinks, transforms and reasons are finite;
 *  containers appear only in the two lag gauges, the LAGGING_CONTAINERS worst of them, the rest under `other`. */
import type { MetricDefinition } from '@vigie/core/telemetry';

/** Containers that the lag metrics name one by one. */
export const LAGGING_CONTAINERS = 200;

const LANE = ['source', 'sink'] as const;
const CONTAINER = ['source', 'sink', 'namespace', 'pod', 'container'] as const;

export const RUNTIME_METRICS = {
  readRecords: {
    name: 'vigie_agent_read_records_total',
    type: 'counter',
    help: 'Records read from log files.',
    labels: LANE,
  },
  readBytes: {
    name: 'vigie_agent_read_bytes_total',
    type: 'counter',
    help: 'Bytes read from log files.',
    labels: LANE,
  },
  ackedRecords: {
    name: 'vigie_agent_acked_records_total',
    type: 'counter',
    help: 'Records that the sink has acknowledged.',
    labels: LANE,
  },
  ackedBytes: {
    name: 'vigie_agent_acked_bytes_total',
    type: 'counter',
    help: 'Input bytes of the records that the sink has acknowledged.',
    labels: LANE,
  },
  sentBytes: {
    name: 'vigie_agent_sent_bytes_total',
    type: 'counter',
    help: 'Bytes of acknowledged request bodies, before compression.',
    labels: LANE,
  },
  inFlightBytes: {
    name: 'vigie_agent_in_flight_bytes',
    type: 'gauge',
    help: 'Bytes read but neither acknowledged nor dropped.',
    labels: LANE,
  },
  droppedRecords: {
    name: 'vigie_agent_dropped_records_total',
    type: 'counter',
    help: 'Records read and not delivered, by reason.',
    labels: [...LANE, 'reason'],
  },
  droppedBytes: {
    name: 'vigie_agent_dropped_bytes_total',
    type: 'counter',
    help: 'Bytes read and not delivered, by reason.',
    labels: [...LANE, 'reason'],
  },
  lostBytes: {
    name: 'vigie_agent_lost_bytes_total',
    type: 'counter',
    help: 'Bytes that vanished before they could be read, by reason.',
    labels: [...LANE, 'reason'],
  },
  unparsedRecords: {
    name: 'vigie_agent_unparsed_records_total',
    type: 'counter',
    help: 'Lines that are neither CRI nor docker format, shipped raw.',
    labels: LANE,
  },
  truncatedRecords: {
    name: 'vigie_agent_truncated_records_total',
    type: 'counter',
    help: 'Records cut at max_line_bytes.',
    labels: LANE,
  },
  partialRecords: {
    name: 'vigie_agent_partial_records_total',
    type: 'counter',
    help: 'Records shipped without their end, because none came.',
    labels: LANE,
  },
  joinedRecords: {
    name: 'vigie_agent_joined_records_total',
    type: 'counter',
    help: 'Records put together from fragments.',
    labels: LANE,
  },
  cutRecords: {
    name: 'vigie_agent_multiline_cut_records_total',
    type: 'counter',
    help: 'Records of several lines that ended at a limit; their next line began another.',
    labels: LANE,
  },
  pushedRecords: {
    name: 'vigie_agent_pushed_records_total',
    type: 'counter',
    help: 'Records of sources that read no files: accepted, or refused to their sender as full, late, ended or malformed.',
    labels: ['source', 'outcome'],
  },
  transformKept: {
    name: 'vigie_agent_transform_kept_records_total',
    type: 'counter',
    help: 'Records that a transform could not handle and left as they were.',
    labels: ['sink', 'transform', 'reason'],
  },
  lagBytes: {
    name: 'vigie_agent_lag_bytes',
    type: 'gauge',
    help: 'Bytes written and not acknowledged, of the most lagging containers; the rest as container "other".',
    labels: CONTAINER,
  },
  lagSeconds: {
    name: 'vigie_agent_lag_seconds',
    type: 'gauge',
    help: 'Age of the oldest unread record, of the most lagging containers; the rest as container "other".',
    labels: CONTAINER,
  },
  files: {
    name: 'vigie_agent_files',
    type: 'gauge',
    help: 'Log files known, with their rotated generations.',
    labels: ['source'],
  },
  openFiles: { name: 'vigie_agent_open_files', type: 'gauge', help: 'Log files held open.', labels: ['source'] },
  activeLogs: {
    name: 'vigie_agent_active_logs',
    type: 'gauge',
    help: 'Container logs that grew within the last seconds and are polled.',
    labels: ['source'],
  },
  watchedFolders: {
    name: 'vigie_agent_watched_folders',
    type: 'gauge',
    help: 'Folders watched for changes.',
    labels: ['source'],
  },
  rotations: { name: 'vigie_agent_rotations_total', type: 'counter', help: 'Rotations seen.', labels: ['source'] },
  fileErrors: {
    name: 'vigie_agent_file_errors_total',
    type: 'counter',
    help: 'Errors while listing, watching or reading log files.',
    labels: ['source', 'operation'],
  },
  retries: {
    name: 'vigie_agent_retries_total',
    type: 'counter',
    help: 'Requests, or parts of them, sent again, by reason.',
    labels: ['sink', 'reason'],
  },
  sinkUp: {
    name: 'vigie_agent_sink_up',
    type: 'gauge',
    help: '1 while the last request to the sink succeeded, 0 while it is retried or held.',
    labels: ['sink'],
  },
  sinkHeld: {
    name: 'vigie_agent_sink_held',
    type: 'gauge',
    help: '1 while the sink refuses the agent itself (credentials, template) and somebody must act.',
    labels: ['sink', 'reason'],
  },
  sinkEvents: {
    name: 'vigie_agent_sink_events_total',
    type: 'counter',
    help: 'Redirected records, unreadable answers and other notable sink events.',
    labels: ['sink', 'event'],
  },
  deadLetters: {
    name: 'vigie_agent_dead_letters_total',
    type: 'counter',
    help: 'Records written to the dead-letter file.',
    labels: ['sink'],
  },
  bufferBytes: {
    name: 'vigie_agent_buffer_bytes',
    type: 'gauge',
    help: 'Size of the disk buffer of a sink.',
    labels: ['sink'],
  },
  bufferLimit: {
    name: 'vigie_agent_buffer_limit_bytes',
    type: 'gauge',
    help: 'Size that the disk buffer may have.',
    labels: ['sink'],
  },
  bufferRecords: {
    name: 'vigie_agent_buffer_records',
    type: 'gauge',
    help: 'Records in the disk buffer that the sink has not taken.',
    labels: ['sink'],
  },
  bufferAge: {
    name: 'vigie_agent_buffer_oldest_age_seconds',
    type: 'gauge',
    help: 'How long the oldest of them has been there; 0 while there is none.',
    labels: ['sink'],
  },
  bufferDamaged: {
    name: 'vigie_agent_buffer_damaged_bytes_total',
    type: 'counter',
    help: 'Bytes of the disk buffer that could not be used: torn when the agent was killed, or corrupt.',
    labels: ['sink', 'reason'],
  },
  batchDuration: {
    name: 'vigie_agent_batch_duration_seconds',
    type: 'histogram',
    help: 'From the first attempt to the acknowledgement of a request.',
    labels: LANE,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  checkpointWrites: {
    name: 'vigie_agent_checkpoint_writes_total',
    type: 'counter',
    help: 'Checkpoint files written, by result.',
    labels: ['source', 'sink', 'result'],
  },
  reloads: {
    name: 'vigie_agent_config_reloads_total',
    type: 'counter',
    help: 'Configuration reloads, by result.',
    labels: ['result'],
  },
  reloadSuccess: {
    name: 'vigie_agent_config_last_reload_successful',
    type: 'gauge',
    help: '1 if the last reload took effect.',
    labels: [],
  },
  buildInfo: {
    name: 'vigie_build_info',
    type: 'gauge',
    help: 'Always 1; the labels tell version and runtime.',
    labels: ['version', 'node', 'kernel'],
  },
} as const satisfies Record<string, MetricDefinition>;
