/** Conditions over lines that are in no log store, as Elasticsearch answers them. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { conditionSchema } from '../../../src/logs/query/condition.ts';
import { lineMatcher } from '../../../src/logs/query/line-matcher.ts';

const LINE = {
  message: 'panic: out of memory at a.b(c)',
  labels: LabelSet.of({ namespace: 'shop', pod: 'web-1', level: 'error', http_status: '503', version: 'v10' }),
};

function matches(written: string): boolean {
  // As rule files are read: all scalars are text.
  return lineMatcher(v.parse(conditionSchema, parse(written, { schema: 'failsafe' })))(LINE);
}

describe('a condition holds for a line', () => {
  it.each([
    ['{namespace: shop}', true],
    ['{kubernetes.pod.name: web-1}', true],
    ['{namespace: [a, shop], level: error}', true],
    ['{namespace: shop, level: warn}', false],
    ['{http.status: {gte: 500, lt: 600}}', true],
    ['{http.status: {gt: 503}}', false],
    ['{http.status: {lte: 503}}', true],
    ['{version: {gt: v1}}', true],
    ['{level: {lt: 5}}', false],
    ['{user: {lt: 5}}', false],
    ['{pod: {re: "^web-[0-9]+$"}}', true],
    ['{pod: {re: "eb"}}', true],
    ['{pod: {contains: [x, b-1]}}', true],
    ['{level: {not: [info, debug]}}', true],
    ['{level: {not: {in: [error]}}}', false],
    ['{user: {not: jo}}', true],
    ['{user: {exists: false}, level: {exists: true}}', true],
    ['{user: {exists: true}}', false],
    ['{any: [{level: info}, {pod: web-1}]}', true],
    ['{any: [{level: info}, {pod: web-2}]}', false],
    ['{all: [{level: error}, {not: {pod: web-1}}]}', false],
    ['{message: {contains: "panic:"}}', true],
    ['{message: {contains: [no, memory]}}', true],
  ])('%s: %s', (written, expected) => {
    expect(matches(written)).toBe(expected);
  });

  it.each([
    ['{message: {contains: Panic}}', true],
    ['{message: {contains: "panic - OUT"}}', true],
    ['{message: {contains: "out memory"}}', false],
    ['{message: {contains: "mem"}}', false],
    ['{message: {contains: "!"}}', false],
    // Of a field that is no text the whole value is known.
    ['{pod: {contains: WEB}}', false],
  ])('by the words of the message, %s: %s', (written, expected) => {
    expect(matches(written)).toBe(expected);
  });
});
