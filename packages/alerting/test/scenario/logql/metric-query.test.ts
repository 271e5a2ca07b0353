/** Metric queries of LogQL over lines in memory. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { InputLine } from '../../../src/scenario/input-lines.ts';
import { type LinesOfRange, metricValues, parseMetricQuery } from '../../../src/scenario/logql/metric-query.ts';

const MINUTE = 60_000;
const { signal } = new AbortController();

const line = (minute: number, pod: string, message = 'x'): InputLine => ({
  timeMs: minute * MINUTE,
  arrivesMs: minute * MINUTE,
  message,
  labels: LabelSet.of({ app: 'shop', pod }),
});
const LINES = [line(0, 'a'), line(1, 'a', 'rate(x'), line(2, 'b', 'äé'), line(3, 'a'), line(5, 'b')];

const linesOf: LinesOfRange = ({ matches }, sinceMs, untilMs) =>
  LINES.filter(({ timeMs }) => timeMs > sinceMs && timeMs <= untilMs).filter(matches);

/** At the fifth minute. */
async function valuesOf(logql: string): Promise<Readonly<Record<string, number>>> {
  const values = await metricValues(parseMetricQuery(logql), 5 * MINUTE, linesOf, signal);
  return Object.fromEntries(
    values.map(({ labels, value }) => [Array.from(labels.entries(), (pair) => pair.join('=')).join(), value]),
  );
}

describe('a metric query', () => {
  it.each([
    // A range has its end, and not its beginning.
    ['count_over_time({app="shop"}[5m])', { 'app=shop,pod=a': 2, 'app=shop,pod=b': 2 }],
    ['sum(count_over_time({app="shop"}[1d]))', { '': 5 }],
    ['sum by (pod) (rate({app="shop"} [4s])) * 2', { 'pod=b': 0.5 }],
    ['sum(count_over_time({app="shop"} |= "rate(x" [5m])) by (app) > 0', { 'app=shop': 1 }],
    ['sum(bytes_over_time({pod="b"}[5m]))', { '': 5 }],
    ['bytes_rate({pod="b"}[5s])', { 'app=shop,pod=b': 0.2 }],
    ['count_over_time({app="shop"}[2m] offset 3m)', { 'app=shop,pod=a': 1, 'app=shop,pod=b': 1 }],
    ['count_over_time({pod="c"}[5m]) or vector(7)', { '': 7 }],
    ['absent_over_time({app="shop", pod="c"}[5m])', { 'app=shop,pod=c': 1 }],
    ['absent_over_time({app="shop"}[5m])', {}],
    [
      'sum(count_over_time({pod="a"} [5m])) # rate( {\n / sum(count_over_time({app=~"s.*"} [5m])) > 0.4 and vector(1) > 0',
      { '': 0.5 },
    ],
    ['topk(1, sum by (pod) (count_over_time({app="shop"}[4m])))', { 'pod=b': 2 }],
  ])('%s', async (logql, expected) => {
    expect(await valuesOf(logql)).toEqual(expected);
  });

  it.each([
    ['sum(rate({app="shop"} | json [5m]))', 'LOGS_REFUSED'],
    ['rate({app="shop"}[5x])', 'LOGS_REFUSED'],
    ['rate({app="shop"}[5m] |= "x")', 'LOGS_REFUSED'],
    ['sum_over_time({app="shop"} | unwrap x [5m])', 'PROMQL_PARSE'],
    ['sum(', 'PROMQL_PARSE'],
  ])('is refused where it is none, or has what is not read: %s', (logql, code) => {
    expect(() => parseMetricQuery(logql)).toThrow(expect.objectContaining({ code }));
  });
});
