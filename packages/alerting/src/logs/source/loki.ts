/** Loki. A step has its end and not its beginning, as ranges of LogQL: Loki moves the times of a range query to multiples of its step, which the
 *  steps here are anyway. Source: grafana/loki, pkg/querier/queryrange/splitters.go, alignStartEnd. */
import { formatDuration } from '@vigie/core/durations';
import { quoteGo } from '@vigie/core/go-quote';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseFloatText } from '@vigie/promql/text/float';
import type {
  CountQuery,
  LastLinesQuery,
  LineCount,
  LogLine,
  LogSample,
  LogSource,
  NewestLineQuery,
  Steps,
} from '../log-source.ts';
import { MAX_COUNTS } from '../log-source.ts';
import { labelOf } from '../query/field-names.ts';
import { logqlOf, withLabels } from '../query/logql.ts';
import { type AskDeps, ask, foreign, listOf, member, tooMany } from './ask.ts';

export interface LokiOptions {
  /** Without /loki/api/v1. */
  readonly url: URL;
  /** '' for none. */
  readonly tenant: string;
}

/** Loki splits range queries into hours: steps that are longer are asked one by one. */
const LONGEST_STEP_MS = 3_600_000;
const NANOS_PER_MS = 1_000_000n;

export class LokiSource implements LogSource {
  readonly #options: LokiOptions;
  readonly #deps: AskDeps;

  constructor(options: LokiOptions, deps: AskDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async lastLines(query: LastLinesQuery, signal: AbortSignal): Promise<readonly LogLine[]> {
    const { namespace, pod, container, untilMs, sinceMs, limit } = query;
    const names = container === '' ? ['pod'] : ['pod', 'container'];
    const logql = withLabels(`{namespace=${quoteGo(namespace)}}`, names, LabelSet.of({ pod, container }));
    const lines = await this.#lines(logql, { fromMs: sinceMs, toMs: untilMs, limit }, signal);
    return lines.toReversed();
  }

  async newestLine(query: NewestLineQuery, signal: AbortSignal): Promise<LogLine | undefined> {
    const { fromMs, toMs, by, labels } = query;
    const logql = withLabels(logqlOf(query.query), by, labels);
    const [line] = await this.#lines(logql, { fromMs, toMs, limit: 1 }, signal);
    return line;
  }

  async counts(query: CountQuery, signal: AbortSignal): Promise<readonly LineCount[]> {
    const { by, stepMs } = query;
    const grouping = by.length === 0 ? '' : ` by (${by.map(labelOf).join(', ')}) `;
    const expression = `sum${grouping}(count_over_time(${logqlOf(query.query)}\n[${formatDuration(stepMs)}]))`;
    const samples = await this.evaluate(expression, query, signal);
    return samples
      .filter(({ value }) => value > 0)
      .map(({ labels, timestampMs, value }) => ({ labels, startMs: timestampMs - stepMs, count: value }));
  }

  async evaluate(
    expression: string,
    { fromMs, toMs, stepMs }: Steps,
    signal: AbortSignal,
  ): Promise<readonly LogSample[]> {
    const samples: LogSample[] = [];
    const add = (data: unknown): void => {
      for (const sample of samplesOf(data, this.#options.url)) samples.push(sample);
      if (samples.length > MAX_COUNTS) throw tooMany(`Loki has more than ${MAX_COUNTS} values for ${expression}`);
    };
    if (toMs - fromMs > stepMs && stepMs < LONGEST_STEP_MS) {
      const range = { start: nanos(fromMs + stepMs), end: nanos(toMs), step: `${stepMs / 1000}` };
      add(await this.#ask('query_range', { query: expression, ...range }, signal));
      return samples;
    }
    for (let endMs = fromMs + stepMs; endMs <= toMs; endMs += stepMs)
      add(await this.#ask('query', { query: expression, time: nanos(endMs) }, signal));
    return samples;
  }

  /** Newest first. */
  async #lines(
    logql: string,
    { fromMs, toMs, limit }: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<readonly LogLine[]> {
    // The end of a range of lines is not in it.
    const range = { start: nanos(fromMs), end: String(BigInt(toMs) * NANOS_PER_MS + 1n) };
    const parameters = { query: logql, ...range, limit: String(limit), direction: 'backward' };
    const data = await this.#ask('query_range', parameters, signal);
    return linesOf(data)
      .toSorted((a, b) => (a.timeNs > b.timeNs ? -1 : Number(a.timeNs < b.timeNs)))
      .slice(0, limit);
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
    const { url: base, tenant } = this.#options;
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}/loki/api/v1/${path}`, base);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      // Late lines are what a cache would not have.
      'cache-control': 'no-cache',
      ...(tenant === '' ? {} : { 'x-scope-orgid': tenant }),
    };
    const body = new URLSearchParams(parameters).toString();
    const answer = await ask({ url, method: 'POST', headers, body }, this.#deps, signal);
    return member(answer, 'data');
  }
}

function nanos(ms: number): string {
  return String(BigInt(ms) * NANOS_PER_MS);
}

function samplesOf(data: unknown, { origin }: URL): readonly LogSample[] {
  const type = member(data, 'resultType');
  const result = member(data, 'result');
  if (type === 'scalar') return [sampleOf(LabelSet.empty, result, origin)];
  if (type !== 'vector' && type !== 'matrix') throw foreign(origin, `a result of the type ${JSON.stringify(type)}`);
  return listOf(result).flatMap((series) => {
    const labels = labelsOf(member(series, 'metric'));
    const points = type === 'vector' ? [member(series, 'value')] : listOf(member(series, 'values'));
    return points.map((point) => sampleOf(labels, point, origin));
  });
}

function sampleOf(labels: LabelSet, point: unknown, origin: string): LogSample {
  const [seconds, text] = listOf(point);
  const value = parseFloatText(String(text));
  if (typeof seconds !== 'number' || value === undefined) throw foreign(origin, 'a value that is no number');
  return { labels, timestampMs: Math.round(seconds * 1000), value };
}

function linesOf(data: unknown): readonly LogLine[] {
  return listOf(member(data, 'result')).flatMap((stream) => {
    const labels = labelsOf(member(stream, 'stream'));
    return listOf(member(stream, 'values')).flatMap((value) => {
      const [time, message] = listOf(value);
      return typeof time === 'string' && /^\d+$/.test(time) && typeof message === 'string'
        ? [{ timeNs: BigInt(time), message, labels }]
        : [];
    });
  });
}

function labelsOf(metric: unknown): LabelSet {
  if (typeof metric !== 'object' || metric === null) return LabelSet.empty;
  return LabelSet.of(Object.entries(metric).map(([name, value]) => [name, String(value)] as const));
}
