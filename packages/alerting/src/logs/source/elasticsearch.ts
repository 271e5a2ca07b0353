/** Elasticsearch and OpenSearch. A step has its beginning and not its end, as their histograms of dates. */
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type {
  CountQuery,
  LastLinesQuery,
  LineCount,
  LogLine,
  LogSample,
  LogSource,
  NewestLineQuery,
} from '../log-source.ts';
import { MAX_COUNTS } from '../log-source.ts';
import { documentField, labelOf } from '../query/field-names.ts';
import type { LogQuery } from '../query/log-query.ts';
import { type Dsl, queryDsl, wholeFields } from '../query/query-dsl.ts';
import { type AskDeps, ask, foreign, listOf, member, tooMany } from './ask.ts';
import { lineOf } from './document-line.ts';
import { KeywordFields } from './keyword-fields.ts';

export interface ElasticsearchOptions {
  readonly url: URL;
  /** `logs-*`; several are parted by commas. */
  readonly index: string;
}

/** Of a composite aggregation: 100 requests for as much as a rule may have. */
const PAGE = 1000;
const TIME = '@timestamp';
const AGGREGATION = 'counts';
const STEP = 'step';

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export class ElasticsearchSource implements LogSource {
  readonly #options: ElasticsearchOptions;
  readonly #deps: AskDeps;
  readonly #fields: KeywordFields;

  constructor(options: ElasticsearchOptions, deps: AskDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#fields = new KeywordFields(
      (fields, signal) =>
        ask({ url: this.#url('_field_caps', { fields: fields.join(','), ...LENIENT }) }, deps, signal),
      deps.clock,
    );
  }

  async lastLines(query: LastLinesQuery, signal: AbortSignal): Promise<readonly LogLine[]> {
    const { namespace, pod, container, untilMs, sinceMs, limit } = query;
    const names = container === '' ? ['namespace', 'pod'] : ['namespace', 'pod', 'container'];
    const values = LabelSet.of({ namespace, pod, container });
    const range = { fromMs: sinceMs, toMs: untilMs + 1 };
    const lines = await this.#lines(undefined, range, { names, values, limit }, signal);
    return lines.toReversed();
  }

  async newestLine(query: NewestLineQuery, signal: AbortSignal): Promise<LogLine | undefined> {
    const [line] = await this.#lines(query.query, query, { names: query.by, values: query.labels, limit: 1 }, signal);
    return line;
  }

  async counts(query: CountQuery, signal: AbortSignal): Promise<readonly LineCount[]> {
    const { by, stepMs } = query;
    const fields = by.map(documentField);
    const keywordOf = await this.#fields.of([...fields, ...wholeFields(query.query)], signal);
    const sources = [
      { [STEP]: { date_histogram: { field: TIME, fixed_interval: `${stepMs}ms` } } },
      ...fields.map((field, index) => ({
        [`by${index}`]: { terms: { field: keywordOf(field), missing_bucket: true } },
      })),
    ];
    const filter = filterOf(query, [queryDsl(query.query, keywordOf)]);
    const counts: LineCount[] = [];
    for (let after: unknown; ; ) {
      const composite = { size: PAGE, sources, ...(after === undefined ? {} : { after }) };
      const answer = await this.#search({ size: 0, query: filter, aggs: { [AGGREGATION]: { composite } } }, signal);
      const buckets = listOf(member(answer, 'aggregations', AGGREGATION, 'buckets'));
      for (const bucket of buckets) counts.push(countOf(bucket, by, this.#options.url));
      if (counts.length > MAX_COUNTS)
        throw tooMany(`there are more than ${MAX_COUNTS} counts by ${by.join(', ')} in steps of ${stepMs} ms`);
      after = member(answer, 'aggregations', AGGREGATION, 'after_key');
      if (after === undefined || buckets.length < PAGE) return counts;
    }
  }

  async evaluate(): Promise<readonly LogSample[]> {
    throw new VigieError(
      'LOGS_REFUSED',
      'Elasticsearch and OpenSearch do not know LogQL: use rate, pattern, absence or new_term in place of expr',
    );
  }

  /** Newest first. */
  async #lines(
    query: LogQuery | undefined,
    range: Range,
    { names, values, limit }: { readonly names: readonly string[]; readonly values: LabelSet; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly LogLine[]> {
    const fields = names.map(documentField);
    const whole = query === undefined ? [] : wholeFields(query);
    const keywordOf = await this.#fields.of([...fields, ...whole], signal);
    const grouped = names.map((name, index) => {
      const [field = name, value] = [fields[index], values.get(labelOf(name))];
      return value === '' ? { bool: { must_not: [{ exists: { field } }] } } : { term: { [keywordOf(field)]: value } };
    });
    const filter = filterOf(range, [...(query === undefined ? [] : [queryDsl(query, keywordOf)]), ...grouped]);
    const sort = [{ [TIME]: { order: 'desc', unmapped_type: 'date' } }];
    const answer = await this.#search({ size: limit, query: filter, sort }, signal);
    return listOf(member(answer, 'hits', 'hits')).flatMap((hit) => lineOf(member(hit, '_source'), names) ?? []);
  }

  /** @throws {VigieError} LOGS_UNREACHABLE, also where only a part of the shards has answered */
  async #search(body: Dsl, signal: AbortSignal): Promise<unknown> {
    const url = this.#url('_search', { allow_partial_search_results: 'false', ...LENIENT });
    const headers = { 'content-type': 'application/json' };
    const request = {
      url,
      method: 'POST',
      headers,
      body: JSON.stringify({ track_total_hits: false, ...body }),
    } as const;
    const answer = await ask(request, this.#deps, signal);
    if (member(answer, 'timed_out') === true || Number(member(answer, '_shards', 'failed') ?? 0) > 0) {
      const reason = JSON.stringify(member(listOf(member(answer, '_shards', 'failures'))[0], 'reason') ?? 'timed out');
      throw foreign(url.origin, `a part of its shards has not answered: ${reason.slice(0, 500)}`);
    }
    return answer;
  }

  #url(path: string, parameters: Readonly<Record<string, string>>): URL {
    const { url: base, index } = this.#options;
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}/${encodeURIComponent(index)}/${path}`, base);
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }
}

/** Before the first line there is no index. */
const LENIENT = { ignore_unavailable: 'true', allow_no_indices: 'true' };

function filterOf({ fromMs, toMs }: Range, others: readonly Dsl[]): Dsl {
  const range = { range: { [TIME]: { gte: fromMs, lt: toMs, format: 'epoch_millis' } } };
  return { bool: { filter: [range, ...others] } };
}

function countOf(bucket: unknown, by: readonly string[], { origin }: URL): LineCount {
  const startMs = member(bucket, 'key', STEP);
  const count = member(bucket, 'doc_count');
  if (typeof startMs !== 'number' || typeof count !== 'number') throw foreign(origin, 'a bucket without key or count');
  const labels = by.flatMap((name, index) => {
    const value = member(bucket, 'key', `by${index}`);
    return value === null || value === undefined ? [] : [[labelOf(name), String(value)] as const];
  });
  return { labels: LabelSet.of(labels), startMs, count };
}
