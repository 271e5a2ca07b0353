/** All receivers of a configuration, each with a queue of its own. */

import { HttpClient, type HttpClientDeps } from '@vigie/core/http-client/http-client';
import type { Report } from '@vigie/core/telemetry';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { RemoteWriteConfig } from '../config/remote-write-config.ts';
import { relabel } from '../relabel/relabel.ts';
import type { RemoteWriteOptions } from './remote-write-options.ts';
import { type RemoteWriteDeps, RemoteWriteQueue } from './remote-write-queue.ts';
import { type REMOTE_WRITE_METRICS, type ReceiverLabels, receiverLabels } from './telemetry.ts';
import { HttpWriteClient } from './write-client.ts';

export interface RemoteWritesDeps extends Omit<RemoteWriteDeps, 'client' | 'userAgent' | 'observeSeconds'> {
  readonly http: HttpClientDeps;
  readonly observe: (labels: ReceiverLabels, seconds: number) => void;
}

export class RemoteWrites {
  readonly #queues: readonly RemoteWriteQueue[];

  constructor(configs: readonly RemoteWriteConfig[], externalLabels: LabelSet, deps: RemoteWritesDeps) {
    const { http, clock } = deps;
    this.#queues = configs.map((config) => {
      const { url, timeoutMs, headers } = config;
      const client = new HttpWriteClient(
        { url, timeoutMs, headers },
        { client: new HttpClient(config.client, http), clock },
      );
      const labels = receiverLabels(config);
      return new RemoteWriteQueue(optionsOf(config, externalLabels), {
        ...deps,
        client,
        userAgent: http.userAgent,
        observeSeconds: (seconds) => deps.observe(labels, seconds),
      });
    });
  }

  /** See RemoteWriteQueue.start. */
  async start(): Promise<void> {
    for (const queue of this.#queues) await queue.start();
  }

  /** Sends what is in memory, at most for so long; the rest is in the log for the next start. */
  async close(options: { readonly graceMs: number }): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close(options)));
  }

  report(report: Report<typeof REMOTE_WRITE_METRICS>): void {
    for (const queue of this.#queues) queue.report(report);
  }
}

function optionsOf(config: RemoteWriteConfig, externalLabels: LabelSet): RemoteWriteOptions {
  const { name, url, timeoutMs, sendExemplars, sendNativeHistograms, writeRelabel, queue, metadata } = config;
  return {
    name,
    url,
    timeoutMs,
    version: config.protobufMessage === 'io.prometheus.write.v2.Request' ? '2.0' : '1.0',
    sendExemplars,
    sendNativeHistograms,
    externalLabels,
    relabel: (labels) => relabel(labels, writeRelabel),
    queue,
    metadata,
  };
}
