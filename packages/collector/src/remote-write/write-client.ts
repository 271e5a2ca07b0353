/** One write request to a receiver, until its answer has come. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { describeError } from '@vigie/core/errors';
import type { HttpClient } from '@vigie/core/http-client/http-client';

export interface WriteAnswer {
  readonly status: 'answered';
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Its beginning. */
  readonly text: string;
}

/** No answer came: whether the receiver has what was sent, nobody knows. */
export interface WriteFailure {
  readonly status: 'failed';
  readonly detail: string;
}

export interface WriteClient {
  /** @throws the signal's reason, and nothing else */
  post(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<WriteAnswer | WriteFailure>;
  /** Closes connections that wait for a request. */
  close(): void;
}

export interface HttpWriteOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  /** Beside those of the protocol: the tenant. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpWriteDeps {
  /** Its connections are closed with this client. */
  readonly client: Pick<HttpClient, 'open' | 'close'>;
  readonly clock: Clock;
}

/** Of an answer; Prometheus reads as much. */
const MAX_TEXT_BYTES = 1024;
const NAMES = [
  'retry-after',
  'x-prometheus-remote-write-samples-written',
  'x-prometheus-remote-write-histograms-written',
  'x-prometheus-remote-write-exemplars-written',
] as const;

export class HttpWriteClient implements WriteClient {
  readonly #options: HttpWriteOptions;
  readonly #deps: HttpWriteDeps;

  constructor(options: HttpWriteOptions, deps: HttpWriteDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async post(
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<WriteAnswer | WriteFailure> {
    signal.throwIfAborted();
    const { url, timeoutMs, headers: own } = this.#options;
    const { client, clock } = this.#deps;
    const deadline = startDeadline(signal, clock, timeoutMs, `no answer within ${timeoutMs} ms`);
    try {
      const request = { url, method: 'POST', headers: { ...headers, ...own }, body } as const;
      return await answerOf(await client.open(request, deadline.signal));
    } catch (error) {
      signal.throwIfAborted();
      // What aborting a request throws says nothing of why.
      return { status: 'failed', detail: describeError(deadline.signal.aborted ? deadline.signal.reason : error) };
    } finally {
      deadline.cancel();
    }
  }

  close(): void {
    this.#deps.client.close();
  }
}

/** Reads it to its end, so that the connection can be used again. */
async function answerOf(response: IncomingMessage): Promise<WriteAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Buffer)) continue;
    if (bytes < MAX_TEXT_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  }
  const found = NAMES.map((name) => [name, String(response.headers[name] ?? '')] as const);
  return {
    status: 'answered',
    httpStatus: response.statusCode ?? 0,
    headers: Object.fromEntries(found.filter(([, value]) => value !== '')),
    text: Buffer.concat(chunks).toString('utf8', 0, MAX_TEXT_BYTES).trim(),
  };
}
