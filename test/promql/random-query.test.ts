/** What the differential test asks (test/real/promql.test.ts) holds what it promises. */
import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../packages/promql/src/syntax/functions.ts';
import { parseExpr } from '../../packages/promql/src/syntax/parse.ts';
import { damagedQuery, randomQuery } from './random-query.ts';

const COUNT = 2_000;

function queries(make: (random: () => number) => string): readonly string[] {
  const random = seededRandom(20_261_129);
  return Array.from({ length: COUNT }, () => make(random));
}

function parses(query: string): boolean {
  try {
    parseExpr(query);
    return true;
  } catch {
    return false;
  }
}

describe('random queries', () => {
  const made = queries(randomQuery);

  it('are the same for the same seed', () => {
    expect(queries(randomQuery)).toEqual(made);
  });

  it('parse without experimental language', () => {
    expect(made.filter((query) => !parses(query))).toEqual([]);
  });

  it('have every stable function, aggregation and operator in them', () => {
    const all = made.join('\n');
    const functions = [...FUNCTIONS.values()].filter(({ experimental }) => !experimental).map(({ name }) => name);
    const words = [
      ...functions,
      ...[
        'sum',
        'avg',
        'count',
        'min',
        'max',
        'group',
        'stddev',
        'stdvar',
        'topk',
        'bottomk',
        'count_values',
        'quantile',
      ],
      ...[
        'and',
        'or',
        'unless',
        'atan2',
        'bool',
        'on',
        'ignoring',
        'group_left',
        'group_right',
        'by',
        'without',
        'offset',
      ],
    ];
    expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(all))).toEqual([]);
    const signs = ['+', '-', '*', '/', '%', '^', '==', '!=', '>', '<', '>=', '<=', '@', '[', ':'];
    expect(signs.filter((sign) => !all.includes(` ${sign} `) && !all.includes(sign))).toEqual([]);
  });

  it('mostly are none once they are damaged', () => {
    const damaged = queries(damagedQuery);
    const share = damaged.filter((query) => !parses(query)).length / COUNT;
    expect(share).toBeGreaterThan(0.5);
  });
});
