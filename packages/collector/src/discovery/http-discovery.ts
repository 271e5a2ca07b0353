/** Targets that an HTTP server lists. Source: Prometheus, discovery/http. */

import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import { VigieError } from '@vigie/core/errors';
import type { HttpDiscoveryConfig } from './discovery-config.ts';
import { parseJsonGroups } from './group-file.ts';
import type { RefreshSource } from './refreshed-discovery.ts';
import type { TargetGroup } from './target-group.ts';

export interface DiscoveryRequest {
  readonly url: URL;
  /** Beside those of the client. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface DiscoveryAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Requests as a client's configuration has them. */
export interface DiscoveryClient {
  /** @throws what keeps an answer from being had whole in time, and the signal's reason */
  get(request: DiscoveryRequest, signal: AbortSignal): Promise<DiscoveryAnswer>;
  /** Gives its connections back. */
  close(): void;
}

export type OpenDiscoveryClient = (config: HttpClientConfig) => DiscoveryClient;

const URL_LABEL = '__meta_url';
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=(?:"utf-8"|utf-8))?$/i;

export class HttpSource implements RefreshSource {
  readonly intervalMs: number;
  readonly #url: string;
  readonly #client: DiscoveryClient;

  constructor({ url, refreshIntervalMs }: HttpDiscoveryConfig, client: DiscoveryClient) {
    this.intervalMs = refreshIntervalMs;
    this.#url = url;
    this.#client = client;
  }

  async refresh(signal: AbortSignal): Promise<readonly TargetGroup[]> {
    const headers = {
      accept: 'application/json',
      'x-prometheus-refresh-interval-seconds': String(this.intervalMs / 1000),
    };
    const request = { url: new URL(this.#url), headers, timeoutMs: this.intervalMs };
    const answer = await this.#client.get(request, signal);
    if (answer.status !== 200) throw new VigieError('DISCOVERY_REFUSED', `${this.#url} answered ${answer.status}`);
    const type = String(answer.headers['content-type'] ?? '').trim();
    if (!JSON_TYPE.test(type))
      throw new VigieError('DISCOVERY_INVALID', `${this.#url} answered ${type || 'no type'}, and not application/json`);
    return parseJsonGroups(answer.body, this.#url).map(({ targets, labels }, index) => ({
      source: `${this.#url}:${index}`,
      labels: { ...labels, [URL_LABEL]: this.#url },
      targets: targets.map((address) => ({ __address__: address })),
    }));
  }

  close(): void {
    this.#client.close();
  }
}
