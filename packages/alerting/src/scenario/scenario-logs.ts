/** The log store of a scenario: its lines, each of which is found from when it arrives. */
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { LogDatasource } from '../config/alerting-config.ts';
import { firstFrom } from '../logs/first-from.ts';
import type {
  CountQuery,
  LastLinesQuery,
  LineCount,
  LogLine,
  LogSample,
  LogSource,
  NewestLineQuery,
  Steps,
} from '../logs/log-source.ts';
import { MAX_COUNTS } from '../logs/log-source.ts';
import { labelOf } from '../logs/query/field-names.ts';
import { type LineMatcher, lineMatcher } from '../logs/query/line-matcher.ts';
import { describeLogQuery, type LogQuery } from '../logs/query/log-query.ts';
import { logqlOf } from '../logs/query/logql.ts';
import { tooMany } from '../logs/source/ask.ts';
import type { InputLine } from './input-lines.ts';
import { parseLineQuery } from './logql/line-query.ts';
import { type LinesOfRange, type MetricQuery, metricValues, parseMetricQuery } from './logql/metric-query.ts';

export class ScenarioLogs implements LogSource {
  readonly #type: LogDatasource['type'];
  readonly #lines: readonly InputLine[];
  readonly #nowMs: () => number;
  /** By their queries, of which there are as many as rules. */
  readonly #found = new Map<unknown, readonly InputLine[]>();
  readonly #metricQueries = new Map<string, MetricQuery>();

  /** @param type which store it stands for: what a step has of its ends, and what `contains` means, is different
   *  @param lines ascending by their time */
  constructor(type: LogDatasource['type'], lines: readonly InputLine[], nowMs: () => number) {
    this.#type = type;
    this.#lines = lines;
    this.#nowMs = nowMs;
  }

  async lastLines(query: LastLinesQuery): Promise<readonly LogLine[]> {
    const { namespace, pod, container, sinceMs, untilMs, limit } = query;
    return within(this.#lines, sinceMs, untilMs + 1)
      .filter(({ labels }) => labels.get('namespace') === namespace && labels.get('pod') === pod)
      .filter(({ labels }) => container === '' || labels.get('container') === container)
      .filter((line) => this.#isThere(line))
      .slice(-limit)
      .map(logLine);
  }

  async counts({ query, by, ...steps }: CountQuery): Promise<readonly LineCount[]> {
    const counts = new Map<string, { readonly labels: LabelSet; readonly startMs: number; count: number }>();
    for (const line of this.#linesOf(query, steps)) {
      const labels = labelsBy(line, by);
      const startMs = this.#startOf(line.timeMs, steps.stepMs);
      const key = `${startMs} ${labels.key}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { labels, startMs, count: 1 });
      else known.count += 1;
    }
    if (counts.size > MAX_COUNTS) throw tooMany(`there are more than ${MAX_COUNTS} counts by ${by.join(', ')}`);
    return [...counts.values()];
  }

  async newestLine({ query, by, labels, fromMs, toMs }: NewestLineQuery): Promise<LogLine | undefined> {
    const line = this.#linesOf(query, { fromMs, toMs }).findLast((one) => labelsBy(one, by).equals(labels));
    return line === undefined ? undefined : logLine(line);
  }

  async evaluate(
    expression: string,
    { fromMs, toMs, stepMs }: Steps,
    signal: AbortSignal,
  ): Promise<readonly LogSample[]> {
    const query = this.#metricQueries.get(expression) ?? parseMetricQuery(expression);
    this.#metricQueries.set(expression, query);
    const ofRange: LinesOfRange = (lineQuery, sinceMs, untilMs) => {
      const found = this.#linesThat(lineQuery, () => lineQuery.matches);
      return within(found, sinceMs + 1, untilMs + 1).filter((line) => this.#isThere(line));
    };
    const samples: LogSample[] = [];
    for (let timestampMs = fromMs + stepMs; timestampMs <= toMs; timestampMs += stepMs) {
      const values = await metricValues(query, timestampMs, ofRange, signal);
      for (const { labels, value } of values) samples.push({ labels, timestampMs, value });
    }
    return samples;
  }

  /** Those that are there by now, ascending by their time. */
  #linesOf(query: LogQuery, { fromMs, toMs }: Pick<Steps, 'fromMs' | 'toMs'>): readonly InputLine[] {
    const found = this.#linesThat(describeLogQuery(query), () => this.#matcherOf(query));
    const side = this.#hasEnds ? 1 : 0;
    return within(found, fromMs + side, toMs + side).filter((line) => this.#isThere(line));
  }

  #linesThat(query: unknown, matcher: () => LineMatcher): readonly InputLine[] {
    const known = this.#found.get(query);
    if (known !== undefined) return known;
    const found = this.#lines.filter(matcher());
    this.#found.set(query, found);
    return found;
  }

  /** @throws {VigieError} LOGS_REFUSED, LOG_QUERY_UNSUPPORTED, PROMQL_PARSE, REGEX_INVALID */
  #matcherOf(query: LogQuery): LineMatcher {
    if (this.#type === 'loki') return parseLineQuery(logqlOf(query)).matches;
    if (query.kind === 'condition') return lineMatcher(query.condition);
    throw new VigieError('LOGS_REFUSED', 'scenarios do not read Lucene: write the query as a condition');
  }

  #isThere({ arrivesMs }: InputLine): boolean {
    return arrivesMs <= this.#nowMs();
  }

  /** Whether a step has its end, and not its beginning. */
  get #hasEnds(): boolean {
    return this.#type === 'loki';
  }

  #startOf(timeMs: number, stepMs: number): number {
    return (this.#hasEnds ? Math.ceil(timeMs / stepMs) - 1 : Math.floor(timeMs / stepMs)) * stepMs;
  }
}

function labelsBy({ labels }: InputLine, by: readonly string[]): LabelSet {
  return LabelSet.of(by.map(labelOf).map((name) => [name, labels.get(name)] as const));
}

function logLine({ timeMs, message, labels }: InputLine): LogLine {
  return { timeNs: BigInt(timeMs) * 1_000_000n, message, labels };
}

/** @param lines ascending by their time
 *  @returns those from fromMs on and before toMs */
function within(lines: readonly InputLine[], fromMs: number, toMs: number): readonly InputLine[] {
  const timeOf = ({ timeMs }: InputLine): number => timeMs;
  return lines.slice(firstFrom(lines, fromMs, timeOf), firstFrom(lines, toMs, timeOf));
}
