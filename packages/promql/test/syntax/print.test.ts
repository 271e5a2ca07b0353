import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import type { Expr } from '../../src/syntax/ast.ts';
import { parseExpr } from '../../src/syntax/parse.ts';
import { formatExpr, printExpr } from '../../src/syntax/print.ts';
import { exprToJson } from '../../src/syntax/to-json.ts';
import { randomQuery } from '../random-query.ts';

const SEED = 20_261_129;

/** Matchers are printed in an order of their own. */
function canonical(expr: Expr): unknown {
  return JSON.parse(JSON.stringify(exprToJson(expr)), (key, value: unknown) =>
    key === 'matchers' && Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value,
  );
}

describe('printing', () => {
  it('is the identity on what is parsed again: the same JSON, and the same text', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 3000; round++) {
      const query = randomQuery(random);
      const expr = parseExpr(query, { experimental: true });
      const printed = printExpr(expr);
      const again = parseExpr(printed, { experimental: true });
      expect(printExpr(again), query).toBe(printed);
      expect(canonical(again), query).toEqual(canonical(expr));
      const formatted = formatExpr(expr);
      expect(printExpr(parseExpr(formatted, { experimental: true })), query).toBe(printed);
    }
  });

  it('breaks what is longer than 100 characters into lines', () => {
    const query =
      'histogram_quantile(0.99, sum by (le, namespace) (rate(http_request_duration_seconds_bucket{job="api"}[5m]))) > on (namespace) group_left (team) threshold';
    expect(formatExpr(parseExpr(query))).toBe(`  histogram_quantile(
    0.99,
    sum by (le, namespace) (rate(http_request_duration_seconds_bucket{job="api"}[5m]))
  )
> on (namespace) group_left (team)
  threshold`);
  });
});

describe('durations', () => {
  it.each([
    ['foo[10]', 'foo[10s]'],
    ['foo[2m*2]', 'foo[2m * 2]'],
    ['foo[2*3m:10]', 'foo[2 * 3m:10s]'],
    ['foo offset (2*-3)', 'foo offset (2 * -3)'],
    ['foo[min_of(10,5m)]', 'foo[min_of(10, 5m)]'],
  ])('of %s', (query, printed) => {
    expect(printExpr(parseExpr(query))).toBe(printed);
  });
});

describe('JSON', () => {
  it('is that of parse_query', () => {
    expect(exprToJson(parseExpr('sum by (a) (rate(x{b!="c"}[5m] offset 1m)) > bool 1'))).toEqual({
      type: 'binaryExpr',
      op: '>',
      bool: true,
      matching: null,
      rhs: { type: 'numberLiteral', val: '1' },
      lhs: {
        type: 'aggregation',
        op: 'sum',
        grouping: ['a'],
        without: false,
        param: null,
        expr: {
          type: 'call',
          func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
          args: [
            {
              type: 'matrixSelector',
              name: 'x',
              range: 300_000,
              rangeExpr: null,
              offset: 60_000,
              offsetExpr: null,
              matchers: [
                { name: 'b', value: 'c', type: '!=' },
                { name: '__name__', value: 'x', type: '=' },
              ],
              timestamp: null,
              startOrEnd: null,
              anchored: false,
              smoothed: false,
            },
          ],
        },
      },
    });
  });

  it('has durations that are computed as expressions', () => {
    const number = (val: string, duration: boolean) => ({ type: 'numberLiteral', val, duration });
    const operation = (op: string, lhs: object | null, rhs: object | null, wrapped = false) => ({
      type: 'durationExpr',
      op,
      lhs,
      rhs,
      wrapped,
    });
    expect(exprToJson(parseExpr('foo[min_of(step(), 5m):(1m)] offset -(1m * 2)'))).toMatchObject({
      type: 'subquery',
      range: 0,
      rangeExpr: operation('min_of', operation('step', null, null), number('300', true)),
      step: 0,
      stepExpr: operation('+', null, number('60', true), true),
      offset: 0,
      offsetExpr: operation('-', null, operation('*', number('60', true), number('2', false), true)),
    });
  });
});
