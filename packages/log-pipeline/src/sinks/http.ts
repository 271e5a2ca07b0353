/** NDJSON documents posted to a URL. */
import { section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { type DocumentFormat, documentShape, NO_OPENING, type RecordFacts } from '../encode/document.ts';
import type { JsonLineShape } from '../encode/json-lines.ts';
import { outcomeOfFailure } from './http-client/answer-outcome.ts';
import type { HttpClient } from './http-client/client.ts';
import { endpointUrl, httpEntries, httpSettings } from './http-client/settings.ts';
import type { SendOutcome, Sink, SinkDeps } from './sink.ts';
import { sinkClient } from './sink-client.ts';
import { documentEntries, sinkEntries } from './sink-section.ts';

export const httpSchema = section({
  type: v.literal('http'),
  ...sinkEntries,
  ...documentEntries,
  /** Its path and query are sent as written. */
  url: endpointUrl({ query: true }),
  ...httpEntries,
});

export type HttpSinkConfig = v.InferOutput<typeof httpSchema>;

/** Nobody reads more than an explanation. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class HttpSink implements Sink {
  readonly type = 'http';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly takesDeflate: boolean;
  readonly perUtcDay = false;
  readonly #format: DocumentFormat;
  readonly #path: string;
  readonly #client: HttpClient;
  readonly #deps: SinkDeps;

  constructor(name: string, config: HttpSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.takesDeflate = config.compression?.algorithm === 'deflate';
    this.#format = config.format;
    this.#deps = deps;
    this.#path = config.url.pathname + config.url.search;
    this.#client = sinkClient(name, httpSettings([new URL(config.url.origin)], config), deps);
  }

  shape(facts: RecordFacts): JsonLineShape {
    return documentShape(facts, NO_OPENING, undefined, this.#format);
  }

  async start(): Promise<void> {
    this.#client.check();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async send(body: Uint8Array, _records: number, signal: AbortSignal, deflated = false): Promise<SendOutcome> {
    const result = await this.#client.send(
      {
        method: 'POST',
        path: this.#path,
        contentType: 'application/x-ndjson',
        body,
        deflated,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    if (result.status === 'answered' && result.httpStatus < 300) return { status: 'accepted' };
    return outcomeOfFailure(result, () => true, this.#deps.clock.nowMs());
  }
}
