/** Requests of HTTP and Consul discovery, through the client that their configuration describes. */

import { HttpClient, type HttpClientDeps } from '@vigie/core/http-client/http-client';
import { readBody } from '@vigie/core/http-client/read-body';
import type { DiscoveryClient, OpenDiscoveryClient } from '../discovery/http-discovery.ts';

/** Of some 100,000 targets. */
const MAX_ANSWER_BYTES = 64 * 1024 ** 2;

export function openDiscoveryClient(deps: HttpClientDeps): OpenDiscoveryClient {
  return (config): DiscoveryClient => {
    const client = new HttpClient(config, deps);
    return {
      async get({ url, headers, timeoutMs }, signal) {
        signal.throwIfAborted();
        const ending = new AbortController();
        const end = (): void => ending.abort(signal.reason);
        signal.addEventListener('abort', end, { once: true });
        const timer = deps.clock.setTimer(timeoutMs, () =>
          ending.abort(new Error(`${url.origin} has not answered within ${timeoutMs / 1000} s`)),
        );
        try {
          const response = await client.open({ url, headers }, ending.signal);
          const body = await readBody(response, MAX_ANSWER_BYTES);
          return { status: response.statusCode ?? 0, headers: response.headers, body: body.toString() };
        } catch (error) {
          throw ending.signal.aborted ? ending.signal.reason : error;
        } finally {
          timer.cancel();
          signal.removeEventListener('abort', end);
        }
      },
      close: () => client.close(),
    };
  };
}
