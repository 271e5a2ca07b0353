import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { parseLogRuleFile } from '../../../src/logs/file/parse-log-rule-file.ts';
import { logRuleOf } from '../../../src/logs/log-rule.ts';
import type { LogQuery } from '../../../src/logs/query/log-query.ts';
import { logqlOf, withLabels } from '../../../src/logs/query/logql.ts';
import { queryDsl } from '../../../src/logs/query/query-dsl.ts';

/** As a file has it. */
function queryOf(written: string): LogQuery {
  const [group] = parseLogRuleFile(`groups: [{name: g, rules: [{alert: A, pattern: {query: ${written}}}]}]`, 'f.yml');
  const [rule] = group?.rules ?? [];
  const logRule = rule === undefined ? undefined : logRuleOf(rule.query.expr);
  if (logRule === undefined || logRule.kind === 'expression') throw new Error('no query');
  return logRule.query;
}

const dslOf = (written: string): unknown =>
  queryDsl(queryOf(written), (field) => (field === 'level' ? 'level.keyword' : field));

describe('a condition', () => {
  it.each([
    ['{namespace: shop}', '{namespace="shop"}', { terms: { 'kubernetes.namespace': ['shop'] } }],
    [
      '{kubernetes.namespace: [shop, b.c], level: error}',
      '{namespace=~"shop|b\\\\.c"} | level="error"',
      {
        bool: {
          filter: [{ terms: { 'kubernetes.namespace': ['shop', 'b.c'] } }, { terms: { 'level.keyword': ['error'] } }],
        },
      },
    ],
    [
      '{http.status: {gte: 500, lt: 600}}',
      '{namespace=~".+"} | http_status >= 500 | http_status < 600 | __error__=""',
      { bool: { filter: [{ range: { 'http.status': { gte: '500' } } }, { range: { 'http.status': { lt: '600' } } }] } },
    ],
    [
      '{message: {contains: "panic: \\"x\\""}}',
      '{namespace=~".+"} |= "panic: \\"x\\""',
      { match_phrase: { message: 'panic: "x"' } },
    ],
    [
      '{message: {contains: [a.b, c], not: {contains: d}}}',
      '{namespace=~".+"} |~ "a\\\\.b|c" != "d"',
      {
        bool: {
          filter: [
            {
              bool: {
                should: [{ match_phrase: { message: 'a.b' } }, { match_phrase: { message: 'c' } }],
                minimum_should_match: 1,
              },
            },
            { bool: { must_not: [{ match_phrase: { message: 'd' } }] } },
          ],
        },
      },
    ],
    [
      '{level: {not: [debug, info]}, not: {pod: {re: "^web-"}}}',
      '{namespace=~".+"} | (level!="debug" and level!="info") | pod!~"(?s).*(?:^web-).*"',
      {
        bool: {
          filter: [
            { bool: { must_not: [{ terms: { 'level.keyword': ['debug', 'info'] } }] } },
            { bool: { must_not: [{ regexp: { 'kubernetes.pod.name': { value: '(web-).*' } } }] } },
          ],
        },
      },
    ],
    [
      '{any: [{a: "1"}, {all: [{b: {exists: true}}, {not: {c: {gt: 3}}}]}]}',
      '{namespace=~".+"} | (a="1" or (b!="" and (c="" or c <= 3))) | __error__=""',
      {
        bool: {
          should: [
            { terms: { a: ['1'] } },
            {
              bool: {
                filter: [{ exists: { field: 'b' } }, { bool: { must_not: [{ range: { c: { gt: '3' } } }] } }],
              },
            },
          ],
          minimum_should_match: 1,
        },
      },
    ],
    [
      '{user: {exists: false, contains: "a*"}}',
      '{namespace=~".+"} | user=~"(?s).*(?:a\\\\*).*" | user=""',
      {
        bool: {
          filter: [
            { wildcard: { user: { value: '*a\\**' } } },
            { bool: { must_not: [{ exists: { field: 'user' } }] } },
          ],
        },
      },
    ],
    [
      '{path: {re: "a|b#"}}',
      '{namespace=~".+"} | path=~"(?s).*(?:a|b#).*"',
      { regexp: { path: { value: '.*(a|b\\#).*' } } },
    ],
  ])('%s means the same to Loki and to Elasticsearch', (written, logql, dsl) => {
    expect(logqlOf(queryOf(written))).toBe(logql);
    expect(dslOf(written)).toEqual(dsl);
  });

  it('is text where it is text', () => {
    expect(logqlOf(queryOf('\'{app="x"} |= "y"\''))).toBe('{app="x"} |= "y"');
    expect(dslOf("'level:error AND x'")).toEqual({ query_string: { query: 'level:error AND x' } });
  });

  it.each([
    ['{message: panic}', logqlOf, 'contains or re'],
    ['{any: [{message: {contains: a}}, {b: c}]}', logqlOf, 'not within any'],
    ['{a: {gt: b}}', logqlOf, 'b is none'],
    ['{message: {re: a}}', (query: LogQuery) => queryDsl(query, String), 'contains'],
    ['{a: {re: "\\\\d+"}}', (query: LogQuery) => queryDsl(query, String), 'Lucene'],
    ['{a: {re: "(?i)x"}}', (query: LogQuery) => queryDsl(query, String), 'Lucene'],
    ['{a: {re: "^a|b$"}}', (query: LogQuery) => queryDsl(query, String), 'ends'],
  ])('is refused where a store cannot be asked for %s', (written, translate, problem) => {
    expect(() => translate(queryOf(written))).toThrow(problem);
  });

  it('is narrowed to a group, behind a comment too', () => {
    const labels = LabelSet.of({ pod: 'web "1"' });
    expect(withLabels('{a="b"} # all', ['kubernetes.pod.name', 'level'], labels)).toBe(
      '{a="b"} # all\n | pod="web \\"1\\"" | level=""',
    );
  });
});
