/** What one queue of remote write is to do. Source: prometheus v0.315.0, config/config.go. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';

export interface QueueOptions {
  /** Samples that wait in memory, of one shard. */
  readonly capacity: number;
  readonly minShards: number;
  readonly maxShards: number;
  readonly maxSamplesPerSend: number;
  /** The longest that a sample waits for others. */
  readonly batchSendDeadlineMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Whether a 429 is tried again; else it drops what was sent. */
  readonly retryOnHttp429: boolean;
  /** Older samples are dropped; 0: none is. */
  readonly sampleAgeLimitMs: number;
}

/** Prometheus' own, but that a 429 drops nothing. */
export const DEFAULT_QUEUE: QueueOptions = {
  capacity: 10_000,
  minShards: 1,
  // At 100 ms a request and 2,000 samples in each, a million samples a second.
  maxShards: 50,
  maxSamplesPerSend: 2_000,
  batchSendDeadlineMs: 5_000,
  minBackoffMs: 30,
  maxBackoffMs: 5_000,
  retryOnHttp429: true,
  sampleAgeLimitMs: 0,
};

/** Of protocol 1.0, which sends metadata in requests of its own; 2.0 has it with each series. */
export interface MetadataOptions {
  readonly send: boolean;
  readonly sendIntervalMs: number;
  readonly maxSamplesPerSend: number;
}

export const DEFAULT_METADATA: MetadataOptions = { send: true, sendIntervalMs: 60_000, maxSamplesPerSend: 2_000 };

export interface RemoteWriteOptions {
  /** Names its metrics and its position: unique, and the same over restarts. */
  readonly name: string;
  readonly url: URL;
  readonly timeoutMs: number;
  /** What is asked for; a receiver that does not know 2.0 is sent 1.0. */
  readonly version: RemoteWriteVersion;
  readonly sendExemplars: boolean;
  readonly sendNativeHistograms: boolean;
  /** Added where a series does not have them, before relabeling. */
  readonly externalLabels: LabelSet;
  /** `write_relabel_configs`. @returns undefined for a series that is not sent */
  readonly relabel: (labels: LabelSet) => LabelSet | undefined;
  readonly queue: QueueOptions;
  readonly metadata: MetadataOptions;
}
