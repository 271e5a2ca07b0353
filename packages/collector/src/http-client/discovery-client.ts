/** Requests of HTTP and Consul discovery, through the client that their configuration describes. */
import { startDeadline } from '@vigie/core/deadline';
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
        const late = `${url.origin} has not answered within ${timeoutMs / 1000} s`;
        const deadline = startDeadline(signal, deps.clock, timeoutMs, late);
        try {
          const response = await client.open({ url, headers }, deadline.signal);
          const body = await readBody(response, MAX_ANSWER_BYTES);
          return { status: response.statusCode ?? 0, headers: response.headers, body: body.toString() };
        } catch (error) {
          throw deadline.signal.aborted ? deadline.signal.reason : error;
        } finally {
          deadline.cancel();
        }
      },
      close: () => client.close(),
    };
  };
}
