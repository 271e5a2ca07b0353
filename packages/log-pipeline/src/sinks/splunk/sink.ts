/** Events for Splunk's HTTP Event Collector, and for whoever else takes its requests. */
import { filePath, section, text } from '@vigie/core/config/fields';
import { SecretFile } from '@vigie/core/secrets';
import * as v from 'valibot';
import type { RecordFacts } from '../../encode/document.ts';
import type { JsonLineShape } from '../../encode/json-lines.ts';
import { HttpClient } from '../http-client/client.ts';
import { endpointUrl, httpEntries, httpSettings } from '../http-client/settings.ts';
import type { SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { batchEntry, documentEntries, sinkEntries } from '../sink-section.ts';
import { outcomeOfAnswer } from './answer.ts';
import { splunkShape } from './shape.ts';

const { tls, headers, timeouts } = httpEntries;

export const splunkSchema = v.pipe(
  section({
    type: v.literal('splunk_hec'),
    ...sinkEntries,
    ...documentEntries,
    /** Splunk refuses more than max_content_length, 1 MB in Splunk Cloud. */
    batch: batchEntry('900KiB'),
    endpoints: v.pipe(v.array(endpointUrl()), v.minLength(1, 'at least one URL')),
    token: v.optional(text()),
    token_file: v.optional(filePath()),
    index: v.optional(text()),
    /** Default: the path of the log file. */
    source: v.optional(text()),
    sourcetype: v.optional(text(), '_json'),
    compression: v.optional(v.picklist(['none', 'gzip']), 'gzip'),
    tls,
    headers,
    timeouts,
  }),
  v.check(
    ({ token, token_file }) => (token === undefined) !== (token_file === undefined),
    'one of token and token_file',
  ),
);

export type SplunkSinkConfig = v.InferOutput<typeof splunkSchema>;

const MAX_ANSWER_BYTES = 64 * 1024;
const GZIP_LEVEL = 1;

export class SplunkSink implements Sink {
  readonly type = 'splunk_hec';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly perUtcDay = false;
  readonly takesDeflate = false;
  readonly #config: SplunkSinkConfig;
  readonly #deps: SinkDeps;
  readonly #client: HttpClient;
  readonly #token: () => string;

  constructor(name: string, config: SplunkSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#config = config;
    this.#deps = deps;
    const compression = config.compression === 'gzip' ? ({ algorithm: 'gzip', level: GZIP_LEVEL } as const) : undefined;
    this.#client = new HttpClient(httpSettings(config.endpoints, { ...config, auth: undefined, compression }), {
      clock: deps.clock,
      env: deps.env,
      version: deps.version,
      reloadFailed: (detail) => deps.events.warn(name, 'changed certificate or secret not usable', { detail }),
    });
    const file = config.token_file === undefined ? undefined : new SecretFile(config.token_file, deps.clock);
    this.#token = () => file?.value() ?? config.token ?? '';
  }

  shape(facts: RecordFacts): JsonLineShape {
    return splunkShape(facts, this.#config, this.#config.format);
  }

  async start(): Promise<void> {
    this.#client.check();
    this.#token();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async send(body: Uint8Array, records: number, signal: AbortSignal): Promise<SendOutcome> {
    const result = await this.#client.send(
      {
        method: 'POST',
        path: '/services/collector/event',
        contentType: 'application/json',
        headers: { authorization: `Splunk ${this.#token()}` },
        body,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    return outcomeOfAnswer(result, records, this.#deps.clock.nowMs());
  }
}
