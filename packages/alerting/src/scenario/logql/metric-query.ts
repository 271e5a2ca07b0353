/** Metric queries of LogQL over lines in memory. What counts lines becomes a series at the time of the question; what is around it is PromQL. Source:
 *  grafana/loki, docs/sources/query/metric_queries.md. */
import { parseDuration } from '@vigie/core/durations';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import type { Expr } from '@vigie/promql/syntax/ast';
import { parseExpr } from '@vigie/promql/syntax/parse';
import { vectorOf } from '@vigie/rules/query';
import type { InputLine } from '../input-lines.ts';
import { Cursor } from './cursor.ts';
import { type LineQuery, takeLineQuery } from './line-query.ts';

const AGGREGATIONS = ['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time'] as const;
type Aggregation = (typeof AGGREGATIONS)[number];

/** `rate({namespace="shop"} |= "x" [5m] offset 1m)` */
interface RangeAggregation {
  readonly aggregation: Aggregation;
  readonly query: LineQuery;
  readonly rangeMs: number;
  readonly offsetMs: number;
}

export interface MetricQuery {
  /** With the name of a series in the place of each of the ranges. */
  readonly text: string;
  readonly expr: Expr;
  readonly ranges: readonly RangeAggregation[];
}

export interface MetricValue {
  readonly labels: LabelSet;
  readonly value: number;
}

/** What has no range of lines below it: strings, comments, and all other text. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*|[a-zA-Z_]\w*|[^"`#a-zA-Z_]+|[\s\S]/y;

/** @throws {VigieError} LOGS_REFUSED, PROMQL_PARSE, REGEX_INVALID */
export function parseMetricQuery(logql: string): MetricQuery {
  const ranges: RangeAggregation[] = [];
  let text = '';
  for (let at = 0; at < logql.length; ) {
    TOKEN.lastIndex = at;
    const [token = ''] = TOKEN.exec(logql) ?? [];
    at += token.length;
    const isCalled = /^\s*\(/.test(logql.slice(at));
    const aggregation = isCalled ? AGGREGATIONS.find((name) => name === token) : undefined;
    if (aggregation === undefined) {
      text += token;
      continue;
    }
    const cursor = new Cursor(logql, at);
    text += seriesName(ranges.length);
    ranges.push(takeRange(aggregation, cursor));
    at = cursor.at;
    text += ' ';
  }
  return { text, expr: parseExpr(text), ranges };
}

function takeRange(aggregation: Aggregation, cursor: Cursor): RangeAggregation {
  if (cursor.take(/\(/y) === undefined) throw cursor.refusal('(');
  const query = takeLineQuery(cursor);
  const rangeMs = parseDuration(cursor.take(/\[\s*(\w+)\s*\]/y)?.[1] ?? '');
  if (rangeMs === undefined || rangeMs === 0)
    throw cursor.refusal('filters of lines and labels, and a range such as [5m]');
  const offset = cursor.take(/offset\s+(\w+)/y)?.[1];
  const offsetMs = offset === undefined ? 0 : parseDuration(offset);
  if (offsetMs === undefined) throw cursor.refusal('an offset such as 5m');
  if (cursor.take(/\)/y) === undefined) throw cursor.refusal(')');
  return { aggregation, query, rangeMs, offsetMs };
}

function seriesName(index: number): string {
  return `lines_${index}`;
}

/** The lines of a query that are there, behind a time and up to another. */
export type LinesOfRange = (query: LineQuery, sinceMs: number, untilMs: number) => readonly InputLine[];

/** @returns what it has at that time
 *  @throws {EvaluationError, RuleError}; {VigieError} LOGS_REFUSED */
export async function metricValues(
  { text, expr, ranges }: MetricQuery,
  timestampMs: number,
  linesOf: LinesOfRange,
  signal: AbortSignal,
): Promise<readonly MetricValue[]> {
  const storage = new MemoryStorage();
  for (const [index, range] of ranges.entries()) {
    const toMs = timestampMs - range.offsetMs;
    const lines = linesOf(range.query, toMs - range.rangeMs, toMs);
    for (const { labels, value } of aggregated(range, lines)) {
      const named = labels.with(METRIC_NAME, seriesName(index));
      storage.append(named, [{ timestampMs, value, startTimestampMs: 0 }]);
    }
  }
  const { result } = await ENGINE.instant(storage, { text, expr }, timestampMs, signal);
  return vectorOf(result).map(({ labels, value }) => ({ labels: labels.without(METRIC_NAME), value }));
}

const ENGINE = new Engine();

function aggregated(
  { aggregation, query, rangeMs }: RangeAggregation,
  lines: readonly InputLine[],
): readonly MetricValue[] {
  if (aggregation === 'absent_over_time')
    return lines.length > 0 ? [] : [{ labels: LabelSet.of(query.labels), value: 1 }];
  const isOfBytes = aggregation === 'bytes_over_time' || aggregation === 'bytes_rate';
  const isRate = aggregation === 'rate' || aggregation === 'bytes_rate';
  const sums = new Map<string, { readonly labels: LabelSet; sum: number }>();
  for (const { labels, message } of lines) {
    const known = sums.get(labels.key) ?? { labels, sum: 0 };
    sums.set(labels.key, known);
    known.sum += isOfBytes ? Buffer.byteLength(message) : 1;
  }
  return Array.from(sums.values(), ({ labels, sum }) => ({ labels, value: isRate ? sum / (rangeMs / 1000) : sum }));
}
