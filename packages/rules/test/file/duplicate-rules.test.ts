import { describe, expect, it } from 'vitest';
import { duplicateRules } from '../../src/file/duplicate-rules.ts';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';

const file = (rules: string): ReturnType<typeof parseRuleFile> =>
  parseRuleFile(
    `groups: [{name: g, rules: [${rules}]}, {name: h, labels: {x: y}, rules: [{record: a, expr: up}]}]`,
    'f',
  );

describe('rules that write the same series', () => {
  it('are named once each, whatever their expressions are', () => {
    const groups = file(
      '{record: a, expr: up}, {record: a, expr: "1"}, {record: a, expr: "2"}, {record: b, expr: up}, {record: a, expr: up, labels: {x: z}}, {alert: c, expr: up}, {alert: c, expr: up}',
    );
    expect(duplicateRules(groups).map(({ name, labels }) => [name, labels.toJSON()])).toEqual([
      ['a', {}],
      ['c', {}],
    ]);
  });

  it('are told apart by the labels of their group', () => {
    expect(duplicateRules(file('{record: a, expr: up}'))).toEqual([]);
    expect(duplicateRules(file('{record: a, expr: up, labels: {x: y}}'))).toHaveLength(1);
  });
});
