/** Metrics of what is sent on by remote write: Prometheus' own, under our prefix. Labels are bounded: an entry of the configuration, and
 *  reasons that are finite. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { ItemCounts } from './batch.ts';

const LABELS = ['remote_name', 'url'] as const;

function counter<Name extends string>(name: Name, help: string) {
  return { name: `vigie_remote_storage_${name}` as const, type: 'counter', help, labels: LABELS } as const;
}

function gauge<Name extends string>(name: Name, help: string) {
  return { name: `vigie_remote_storage_${name}` as const, type: 'gauge', help, labels: LABELS } as const;
}

function dropped<Name extends string>(name: Name, what: string) {
  const help = `${what} that were read from the log and not sent, or sent and refused, by reason: dropped_series (relabeling), unintentionally_dropped_series (labels that nobody knows any more), too_old, log_bound (the log had grown to its bound), nhcb_in_rw1_not_supported, not_configured, known (the receiver had it: sent again after a restart), not_written (the receiver took the request and says that it wrote less), without_sample (protocol 2.0 has no exemplar without a sample of its series), unsendable (a defect of Vigie, which the log tells), http_NNN (the receiver refused it).`;
  return {
    name: `vigie_remote_storage_${name}` as const,
    type: 'counter',
    help,
    labels: [...LABELS, 'reason'],
  } as const;
}

export const REMOTE_WRITE_METRICS = {
  samples: counter('samples_total', 'Samples that were sent.'),
  histograms: counter('histograms_total', 'Native histograms that were sent.'),
  exemplars: counter('exemplars_total', 'Exemplars that were sent.'),
  metadata: counter('metadata_total', 'Entries of metadata that were sent in requests of their own.'),
  samplesRetried: counter(
    'samples_retried_total',
    'Samples that were sent again, because the receiver could not take them or did not answer.',
  ),
  histogramsRetried: counter('histograms_retried_total', 'Native histograms that were sent again.'),
  exemplarsRetried: counter('exemplars_retried_total', 'Exemplars that were sent again.'),
  metadataFailed: counter(
    'metadata_failed_total',
    'Entries of metadata that were not taken; the next interval sends them again.',
  ),
  samplesDropped: dropped('samples_dropped_total', 'Samples'),
  histogramsDropped: dropped('histograms_dropped_total', 'Native histograms'),
  exemplarsDropped: dropped('exemplars_dropped_total', 'Exemplars'),
  samplesPending: gauge('samples_pending', 'Samples, histograms and exemplars that wait in memory.'),
  shards: gauge('shards', 'Requests that may run at a time.'),
  shardsDesired: gauge('shards_desired', 'Shards that the present load asks for.'),
  shardsMax: gauge('shards_max', 'Most shards.'),
  shardsMin: gauge('shards_min', 'Least shards.'),
  bytes: counter('bytes_total', 'Bytes of requests, compressed.'),
  metadataBytes: counter('metadata_bytes_total', 'Bytes of requests with nothing but metadata, compressed.'),
  highestTimestamp: gauge('queue_highest_timestamp_seconds', 'Newest time of a sample that was read from the log.'),
  highestSentTimestamp: gauge('queue_highest_sent_timestamp_seconds', 'Newest time of a sample that was sent.'),
  enqueueRetries: counter('enqueue_retries_total', 'How often reading the log had to wait, because a shard was full.'),
  heldSegments: gauge('held_segments', 'Segments of the log between what is sent and what is written.'),
  positionFailures: counter(
    'position_failed_writes_total',
    'How often the position could not be written: after a restart, more is sent twice.',
  ),
  missingSegments: counter(
    'log_missing_segments_total',
    'Segments of the log that were not sent and are not there: nobody held them.',
  ),
  damagedBytes: counter('log_damaged_bytes_total', 'Bytes of the log that could not be read.'),
  protocol: {
    name: 'vigie_remote_storage_protocol_info',
    type: 'gauge',
    help: 'Protocol that is spoken with the receiver: 1 for 1.0 or 2.0.',
    labels: [...LABELS, 'version'],
  },
  sentBatchSeconds: {
    name: 'vigie_remote_storage_sent_batch_duration_seconds',
    type: 'histogram',
    help: 'From the beginning of a request to its answer.',
    labels: LABELS,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60],
  },
} as const satisfies MetricTable;

export interface ReceiverLabels {
  readonly remote_name: string;
  /** Without what may be a secret in it. */
  readonly url: string;
}

export function receiverLabels({ name, url }: { readonly name: string; readonly url: URL }): ReceiverLabels {
  return { remote_name: name, url: `${url.origin}${url.pathname}` };
}

export type DropReason =
  | 'dropped_series'
  | 'unintentionally_dropped_series'
  | 'too_old'
  | 'log_bound'
  | 'nhcb_in_rw1_not_supported'
  | 'not_configured'
  | 'known'
  | 'not_written'
  | 'without_sample'
  | 'unsendable'
  | `http_${string}`;

type Kind = keyof ItemCounts;
const KINDS: readonly Kind[] = ['samples', 'histograms', 'exemplars'];
const NAMED_STATUS = new Set([400, 401, 403, 404, 405, 409, 413, 415, 422, 429]);

export function reasonOfStatus(httpStatus: number): DropReason {
  return NAMED_STATUS.has(httpStatus) ? `http_${httpStatus}` : `http_${Math.floor(httpStatus / 100)}xx`;
}

export class RemoteWriteCounts {
  readonly sent = { samples: 0, histograms: 0, exemplars: 0 };
  readonly retried = { samples: 0, histograms: 0, exemplars: 0 };
  readonly #dropped = new Map<DropReason, { samples: number; histograms: number; exemplars: number }>();
  metadata = 0;
  metadataFailed = 0;
  bytes = 0;
  metadataBytes = 0;
  enqueueRetries = 0;
  positionFailures = 0;
  /** Unix ms. */
  highestMs = Number.NEGATIVE_INFINITY;
  highestSentMs = Number.NEGATIVE_INFINITY;
  /** What requests took, for as many items as `sentItems`. */
  sendMs = 0;
  sentItems = 0;
  readItems = 0;

  addSent(items: ItemCounts): void {
    for (const kind of KINDS) this.sent[kind] += items[kind];
  }

  addRetried(items: ItemCounts): void {
    for (const kind of KINDS) this.retried[kind] += items[kind];
  }

  drop(reason: DropReason, items: Partial<ItemCounts>): void {
    const counts = this.#dropped.get(reason) ?? { samples: 0, histograms: 0, exemplars: 0 };
    for (const kind of KINDS) counts[kind] += items[kind] ?? 0;
    this.#dropped.set(reason, counts);
  }

  /** Of one reason, or of all. */
  droppedSamples(reason?: DropReason): number {
    let samples = 0;
    for (const [each, counts] of this.#dropped) if (reason === undefined || each === reason) samples += counts.samples;
    return samples;
  }

  report(report: Report<typeof REMOTE_WRITE_METRICS>, labels: ReceiverLabels): void {
    report('samples', labels, this.sent.samples);
    report('histograms', labels, this.sent.histograms);
    report('exemplars', labels, this.sent.exemplars);
    report('samplesRetried', labels, this.retried.samples);
    report('histogramsRetried', labels, this.retried.histograms);
    report('exemplarsRetried', labels, this.retried.exemplars);
    for (const [reason, counts] of this.#dropped) {
      report('samplesDropped', { ...labels, reason }, counts.samples);
      report('histogramsDropped', { ...labels, reason }, counts.histograms);
      report('exemplarsDropped', { ...labels, reason }, counts.exemplars);
    }
    report('metadata', labels, this.metadata);
    report('metadataFailed', labels, this.metadataFailed);
    report('bytes', labels, this.bytes);
    report('metadataBytes', labels, this.metadataBytes);
    report('enqueueRetries', labels, this.enqueueRetries);
    report('positionFailures', labels, this.positionFailures);
    report('highestTimestamp', labels, Math.max(0, this.highestMs / 1000));
    report('highestSentTimestamp', labels, Math.max(0, this.highestSentMs / 1000));
  }
}
