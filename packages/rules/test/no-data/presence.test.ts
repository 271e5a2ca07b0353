import { parseExpr } from '@vigie/promql/syntax/parse';
import { printExpr } from '@vigie/promql/syntax/print';
import { describe, expect, it } from 'vitest';
import { presenceOf } from '../../src/no-data/presence.ts';

const presence = (text: string): string | undefined => {
  const expr = presenceOf(parseExpr(text, { experimental: true }));
  return expr === undefined ? undefined : printExpr(expr);
};

describe('an expression without its conditions', () => {
  it.each([
    ['up', 'up'],
    ['up == 0', 'up'],
    ['0 == up', 'up'],
    ['rate(errors_total[5m]) / rate(requests_total[5m]) > 0.05', 'rate(errors_total[5m]) / rate(requests_total[5m])'],
    ['(a > 5) * 2 <= 20', '(a) * 2'],
    ['a > b', 'a > bool b'],
    ['a > on (x) group_left (y) b', 'a > bool on (x) group_left (y) b'],
    ['a > bool 5', 'a > bool 5'],
    ['a > 5 and b < 3', 'a and b'],
    ['a > 5 or b < 3', 'a or b'],
    ['a > 5 unless on (x) b', 'a'],
    ['sum by (job) (up == 0) > 3', 'sum by (job) (up)'],
    ['topk(5, a > 1) > 3', 'a'],
    ['max_over_time((a > 5)[10m:1m]) > 0', 'max_over_time((a)[10m:1m])'],
    ['-(a < 3)', '-(a)'],
    ['absent(up{job="a"})', undefined],
    ['absent_over_time(up[5m]) == 1', undefined],
    ['absent(up) or a > 5', undefined],
    ['a > 5 and on () absent(b)', 'a'],
    ['vector(1)', 'vector(1)'],
  ])('%s', (written, expected) => {
    expect(presence(written)).toBe(expected);
  });
});
