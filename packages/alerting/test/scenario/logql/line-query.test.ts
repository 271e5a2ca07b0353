/** Log queries of LogQL over lines in memory. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { conditionSchema } from '../../../src/logs/query/condition.ts';
import { logqlOf } from '../../../src/logs/query/logql.ts';
import { parseLineQuery } from '../../../src/scenario/logql/line-query.ts';

const LINE = {
  message: 'panic: "out" of memory {x}',
  labels: LabelSet.of({ namespace: 'shop', pod: 'web-1', level: 'error', http_status: '503' }),
};
const matches = (logql: string): boolean => parseLineQuery(logql).matches(LINE);

describe('a log query', () => {
  it.each([
    ['{namespace="shop"}', true],
    ['{namespace="shop", pod=~"web-.*"} # a comment', true],
    ['{namespace="shop", pod!~"web-.*"}', false],
    ['{pod=~"web"}', false],
    ['{namespace=`shop`} |= `"out"`', true],
    ['{namespace="shop"} |= "panic" != "test"', true],
    ['{namespace="shop"} |= "Panic"', false],
    ['{namespace="shop"} |= "no" or "{x}"', true],
    ['{namespace="shop"} != "no" or "memory"', false],
    ['{namespace="shop"} |~ "mem[o]ry" !~ "^x"', true],
    ['{namespace="shop"} | level="error"', true],
    ['{namespace="shop"} | level="error" | pod="web-2"', false],
    ['{namespace="shop"} | level="warn" or pod="web-1" and level="error"', true],
    ['{namespace="shop"} | (level="warn" or pod="web-1"), level!="error"', false],
    ['{namespace="shop"} | http_status >= 500 | http_status < 504', true],
    ['{namespace="shop"} | http_status = 503', true],
    ['{namespace="shop"} | http_status != 503', false],
    ['{namespace="shop"} | duration > 1', false],
    ['{namespace="shop"} | duration=""', true],
    ['{namespace="shop"} | level > 1 | __error__=""', false],
    ['{namespace="shop"} | level > 1 | __error__="LabelFilterErr" | pod="web-2"', false],
    ['{namespace="shop"}\n  |= "panic" # why\n  | level="error"', true],
  ])('%s: %s', (logql, expected) => {
    expect(matches(logql)).toBe(expected);
  });

  it('fails where a line is kept that a number cannot be compared with', () => {
    expect(() => matches('{namespace="shop"} | level > 1')).toThrow(/LabelFilterErr.*end it with \| __error__=""/);
  });

  it.each([
    ['namespace="shop"', 'a selector'],
    ['{namespace="shop"} | json', 'what | json or | logfmt find are fields of lines'],
    ['{namespace="shop"} | logfmt | level="error"', 'what | json or | logfmt find are fields of lines'],
    ['{namespace="shop"} | line_format "{{.pod}}"', 'a filter such as'],
    ['{namespace="shop"} |> "<_> x"', 'filters of lines and labels'],
    ['{namespace="shop"} | size > 5KB', 'a string or a number'],
    ['{namespace="shop"} |= ip("10.0.0.0/8")', 'a string'],
    ['{namespace="shop"} | level > "a"', 'a number behind >'],
    ['{namespace="shop"} | (level="a"', ')'],
    ['{namespace="shop"} "x"', 'filters of lines and labels'],
  ])('is refused where it has what is not read: %s', (logql, expected) => {
    expect(() => parseLineQuery(logql)).toThrow(expected);
    expect(() => parseLineQuery(logql)).toThrow(expect.objectContaining({ code: 'LOGS_REFUSED' }));
  });

  it.each([
    ['{namespace: shop}', true],
    ['{namespace: [a, shop], level: {not: [info, debug]}}', true],
    ['{http.status: {gte: 500, lt: 600}, user: {exists: false}}', true],
    ['{level: {gt: 5}}', false],
    ['{not: {level: {gt: 5}}}', false],
    ['{user: {not: {gt: 5}}}', true],
    ['{message: {contains: ["no", "memory {x}"], not: {re: "^x"}}}', true],
    ['{pod: {re: "eb", not: {contains: "x"}}, any: [{level: warn}, {all: [{level: error}, {pod: web-1}]}]}', true],
  ])('has what a condition becomes for Loki: %s', (written, expected) => {
    const condition = v.parse(conditionSchema, parse(written, { schema: 'failsafe' }));
    expect(matches(logqlOf({ kind: 'condition', condition }))).toBe(expected);
  });
});
