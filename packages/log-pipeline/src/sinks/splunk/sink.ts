/** Events for Splunk's HTTP Event Collector, and for whoever else takes its requests. */
import { duration, filePath, section, text } from '@vigie/core/config/fields';
import { SecretFile } from '@vigie/core/secrets';
import * as v from 'valibot';
import type { RecordFacts } from '../../encode/document.ts';
import type { JsonLineShape } from '../../encode/json-lines.ts';
import type { HttpClient } from '../http-client/client.ts';
import type { Exchange } from '../http-client/exchange.ts';
import { endpointUrl, httpEntries, httpSettings } from '../http-client/settings.ts';
import type { SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { sinkClient } from '../sink-client.ts';
import { batchEntry, documentEntries, sinkEntries } from '../sink-section.ts';
import { Acknowledgements, type Channel } from './acknowledgements.ts';
import { ackIdOf, mayHaveRestarted, outcomeOfAnswer } from './answer.ts';
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
    /** Records are accepted when the indexers say that they have them, for a token with indexer acknowledgement. */
    ack: v.optional(v.boolean(), false),
    /** Without their word for so long, records are sent again. */
    ack_timeout: v.optional(duration({ min: 1000 }), '5m'),
    tls,
    headers,
    timeouts,
  }),
  v.check(
    ({ token, token_file }) => (token === undefined) !== (token_file === undefined),
    'one of token and token_file',
  ),
  // What one collector promises no other knows of.
  v.check(({ ack, endpoints }) => !ack || endpoints.length === 1, 'with ack, one endpoint'),
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
  readonly #acknowledgements: Acknowledgements | undefined;

  constructor(name: string, config: SplunkSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#config = config;
    this.#deps = deps;
    const compression = config.compression === 'gzip' ? ({ algorithm: 'gzip', level: GZIP_LEVEL } as const) : undefined;
    this.#client = sinkClient(name, httpSettings(config.endpoints, { ...config, auth: undefined, compression }), deps);
    const file = config.token_file === undefined ? undefined : new SecretFile(config.token_file, deps.clock);
    this.#token = () => file?.value() ?? config.token ?? '';
    if (config.ack) {
      const { clock, random } = deps;
      this.#acknowledgements = new Acknowledgements({
        clock,
        random,
        timeoutMs: config.ack_timeout,
        query: (channel, acks, signal) =>
          this.#post('/services/collector/ack', Buffer.from(JSON.stringify({ acks })), channel, signal),
      });
    }
  }

  shape(facts: RecordFacts): JsonLineShape {
    return splunkShape(facts, this.#config, this.#config.format);
  }

  async start(): Promise<void> {
    this.#client.check();
    this.#token();
  }

  async close(): Promise<void> {
    this.#acknowledgements?.close();
    this.#client.close();
  }

  async send(body: Uint8Array, records: number, signal: AbortSignal): Promise<SendOutcome> {
    const acknowledgements = this.#acknowledgements;
    const channel = acknowledgements?.channel;
    const result = await this.#post('/services/collector/event', body, channel, signal);
    const outcome = outcomeOfAnswer(result, records, this.#deps.clock.nowMs());
    if (acknowledgements === undefined || channel === undefined) return outcome;
    if (mayHaveRestarted(result)) acknowledgements.abandon(channel, 'a request failed meanwhile');
    if (outcome.status !== 'accepted') return outcome;
    const id = ackIdOf(result);
    if (id !== undefined) return acknowledgements.wait(channel, id, signal);
    return { status: 'held', reason: 'endpoint', detail: 'the token has no indexer acknowledgement' };
  }

  #post(path: string, body: Uint8Array, channel: Channel | undefined, signal: AbortSignal): Promise<Exchange> {
    const headers = {
      authorization: `Splunk ${this.#token()}`,
      ...(channel === undefined ? {} : { 'x-splunk-request-channel': channel.id }),
    };
    const request = { method: 'POST', path, contentType: 'application/json', headers, body } as const;
    return this.#client.send({ ...request, maxAnswerBytes: MAX_ANSWER_BYTES }, signal);
  }
}
