/** Elasticsearch 8 and 9, OpenSearch 2 and 3: records by the bulk API, as bytes. */
import { documentShape, type Opening, type RecordFacts } from '../../encode/document.ts';
import type { JsonLineShape } from '../../encode/json-lines.ts';
import { outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { HttpClient } from '../http-client/client.ts';
import { httpSettings } from '../http-client/settings.ts';
import type { SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { sinkClient } from '../sink-client.ts';
import { BULK_FILTER_PATH, readBulkAnswer } from './bulk-answer.ts';
import { type ElasticsearchSinkConfig, setupOptionsOf, type Target, targetOf } from './config.ts';
import { Preparation } from './preparation.ts';
import { dataStreamMembers, TargetNames } from './target-names.ts';

/** An item takes 28 bytes where it is accepted; a refusal quotes the record's value in part. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_ANSWER_BYTES_PER_RECORD = 4096;

export class ElasticsearchSink implements Sink {
  readonly type = 'elasticsearch';
  readonly name: string;
  readonly linesPerRecord = 2;
  readonly takesDeflate: boolean;
  readonly perUtcDay: boolean;
  readonly bodyKind: string;
  readonly #config: ElasticsearchSinkConfig;
  readonly #deps: SinkDeps;
  readonly #target: Target;
  readonly #names: TargetNames;
  /** Where all records go to one name, it stands in the URL; else in each action line. */
  readonly #nameInUrl: boolean;
  readonly #path: string;
  readonly #client: HttpClient;
  readonly #preparation: Preparation;

  constructor(name: string, config: ElasticsearchSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.takesDeflate = config.compression?.algorithm === 'deflate';
    this.#config = config;
    this.#deps = deps;
    this.#target = targetOf(config);
    const { template } = this.#target;
    this.perUtcDay = template.dated;
    this.#nameInUrl = !template.dated && !template.hasFields;
    this.bodyKind = ['elasticsearch', ...(this.#nameInUrl ? ['name in URL'] : []), `id: ${config.id}`].join(', ');
    this.#names = new TargetNames(template, config.max_names, () => deps.events.count(name, 'name_overflow', 1));
    const settings = httpSettings(config.endpoints, config);
    this.#client = sinkClient(name, settings, deps);
    this.#preparation = new Preparation({
      client: this.#client,
      settings,
      target: this.#target,
      probeName: this.#names.fallback(''),
      dataStreamFields: config.data_stream_fields,
      setup: setupOptionsOf(config),
      deps,
      warn: (message, fields) => deps.events.warn(name, message, fields),
    });
    const query = new URLSearchParams({ filter_path: BULK_FILTER_PATH });
    if (config.pipeline !== undefined) query.set('pipeline', config.pipeline);
    const place = this.#nameInUrl ? `/${encodeURIComponent(this.#names.fallback(''))}` : '';
    this.#path = `${place}/_bulk?${query}`;
  }

  shape(facts: RecordFacts, utcDay: string | undefined): JsonLineShape {
    const target = this.#names.nameFor(facts, utcDay ?? '');
    const members = this.#config.data_stream_fields ? dataStreamMembers(target) : undefined;
    return documentShape(facts, this.#opening(target), members, this.#config.format);
  }

  async start(): Promise<void> {
    this.#client.check();
  }

  async close(): Promise<void> {
    this.#preparation.close();
    this.#client.close();
  }

  async send(body: Uint8Array, records: number, signal: AbortSignal, deflated = false): Promise<SendOutcome> {
    const obstacle = await this.#preparation.obstacle(signal);
    if (obstacle !== undefined) return obstacle;
    const result = await this.#client.send(
      {
        method: 'POST',
        path: this.#path,
        contentType: 'application/x-ndjson',
        body,
        deflated,
        maxAnswerBytes: MAX_ANSWER_BYTES + records * MAX_ANSWER_BYTES_PER_RECORD,
      },
      signal,
    );
    const { clock, events } = this.#deps;
    if (result.status === 'answered' && result.httpStatus < 300) {
      const answer = readBulkAnswer(result.body, records, this.#config.id === 'deterministic');
      if (answer.status === 'understood') {
        if (answer.redirected > 0) events.count(this.name, 'redirected', answer.redirected);
        return answer.outcome;
      }
      events.count(this.name, 'protocol_error', 1);
      return { status: 'retryable', reason: 'protocol', detail: answer.detail };
    }
    if (result.status === 'failed' && result.reason === 'protocol') events.count(this.name, 'protocol_error', 1);
    return outcomeOfFailure(result, (httpStatus) => httpStatus === 400, clock.nowMs());
  }

  /** A data stream takes only `create`, and so does an id that must not be stored twice. */
  #opening(target: string): Opening {
    const ownIds = this.#config.id === 'deterministic';
    const action = this.#target.kind === 'data_stream' || ownIds ? 'create' : 'index';
    const index = this.#nameInUrl ? '' : `"_index":${JSON.stringify(target)}`;
    if (!ownIds) return { id: 'none', head: `{"${action}":{${index}}}\n` };
    const separator = index === '' ? '' : ',';
    return { id: 'offset-hash', head: `{"${action}":{${index}${separator}"_id":"`, afterId: '"}}\n' };
  }
}
