import { expect, it } from 'vitest';
import { ParsedQueries } from '../../src/adapter/parsed-queries.ts';

it('parses a query once, and what is none each time', () => {
  const queries = new ParsedQueries();
  const first = queries.parse('sum(up)');
  expect(first?.kind).toBe('aggregation');
  expect(queries.parse('sum(up)')).toBe(first);
  expect(queries.parse('sum(')).toBeUndefined();
});

it('forgets what came first when there is more than is kept', () => {
  const queries = new ParsedQueries();
  const long = (number: number): string => `up{pod="${String(number).repeat(300_000)}"}`;
  const first = queries.parse(long(1));
  for (const number of [2, 3]) queries.parse(long(number));
  expect(queries.parse(long(1))).toBe(first);
  const second = queries.parse(long(2));
  queries.parse(long(4));
  expect(queries.parse(long(2))).toBe(second);
  expect(queries.parse(long(1))).not.toBe(first);
});
