/** One `remote_write` entry. Source: Prometheus 3, config.RemoteWriteConfig. */

import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import type { RelabelRule } from '../relabel/relabel-rule.ts';

/** `prometheus.WriteRequest` is remote write 1.0, the other 2.0. */
export const REMOTE_WRITE_MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;

export interface RemoteWriteConfig {
  /** Of metrics and logs, unique; derived from the URL's host and the position where none is given. */
  readonly name: string;
  readonly url: URL;
  readonly timeoutMs: number;
  /** Sent as they are; none of those that the protocol sets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly writeRelabel: readonly RelabelRule[];
  readonly sendExemplars: boolean;
  readonly sendNativeHistograms: boolean;
  readonly protobufMessage: (typeof REMOTE_WRITE_MESSAGES)[number];
  readonly queue: RemoteWriteQueueConfig;
  readonly metadata: {
    readonly send: boolean;
    readonly sendIntervalMs: number;
    readonly maxSamplesPerSend: number;
  };
  readonly client: HttpClientConfig;
}

export interface RemoteWriteQueueConfig {
  /** Samples that wait for one shard. */
  readonly capacity: number;
  readonly maxShards: number;
  readonly minShards: number;
  readonly maxSamplesPerSend: number;
  readonly batchSendDeadlineMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly retryOnHttp429: boolean;
  /** Older samples are dropped; 0: none is. */
  readonly sampleAgeLimitMs: number;
}
