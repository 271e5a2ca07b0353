import { describe, expect, it } from 'vitest';
import { ParsedQueries } from '../../src/api/parsed-queries.ts';
import { parseExpr } from '../../src/syntax/parse.ts';

describe('parsed queries', () => {
  it('are the same tree each time, and that of the parser', () => {
    const queries = new ParsedQueries(false);
    const text = 'sum by (pod) (rate(requests_total{pod=~"a.*"}[5m]))';
    const expr = queries.parse(text);
    expect(expr).toEqual(parseExpr(text));
    expect(queries.parse(text)).toBe(expr);
    expect(queries.parse(`${text} `)).not.toBe(expr);
  });

  it('that are none are refused each time', () => {
    const queries = new ParsedQueries(false);
    for (let round = 0; round < 2; round++) expect(() => queries.parse('sum(')).toThrow(/parse error/);
  });

  it('are forgotten by number and by length, the one that was asked for least recently first', () => {
    const queries = new ParsedQueries(false);
    const first = queries.parse('first');
    const second = queries.parse('second');
    for (let index = 0; index < 4094; index++) queries.parse(`up + ${index}`);
    expect(queries.parse('first')).toBe(first);
    queries.parse('up + 4094');
    expect(queries.parse('first')).toBe(first);
    expect(queries.parse('second')).not.toBe(second);
    queries.parse(`up == ${' '.repeat(600_000)}1`);
    expect(queries.parse('first')).not.toBe(first);
  });
});
