import { ConfigError } from '@vigie/core/config/problem';
import { describe, expect, it } from 'vitest';
import { parseFlap } from '../../src/file/alert-options.ts';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';

const alert = (annotations: string): string => `groups:
  - name: g
    rules:
      - alert: A
        expr: a > 5
        annotations:
          summary: '{{ $value }}'
${annotations}`;

function problemsOf(text: string): readonly string[] {
  try {
    parseRuleFile(text, 'f.yml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

describe('options of an alerting rule', () => {
  it('are annotations that nobody is told of, and stay in what was written', () => {
    const [group] = parseRuleFile(
      alert(`          vigie_no_data: keep
          vigie_clear_expr: a < 3
          vigie_flap: 3 in 10m`),
      'f.yml',
    );
    const [rule] = group?.rules ?? [];
    if (rule?.kind !== 'alerting') throw new Error('no alert');
    expect(rule.annotationTexts.map(({ name }) => name)).toEqual(['summary']);
    expect(rule.annotations.names).toEqual(['summary', 'vigie_clear_expr', 'vigie_flap', 'vigie_no_data']);
    expect(rule.options).toMatchObject({
      noData: 'keep',
      clear: { text: 'a < 3' },
      flap: { fires: 3, windowMs: 600_000 },
      presence: { text: 'a' },
    });
  });

  it.each([
    [
      'vigie_no_data: later',
      'f.yml:8:26: groups[0].rules[0].annotations.vigie_no_data: expected one of keep, resolve, alert, error, got "later"',
    ],
    [
      'vigie_flap: often',
      'f.yml:8:23: groups[0].rules[0].annotations.vigie_flap: expected off, or how often in which time, such as 3 in 10m, at least twice, got "often"',
    ],
    [
      'vigie_clear_expr: a <',
      expect.stringMatching(
        /^f\.yml:8:29: groups\[0\]\.rules\[0\]\.annotations\.vigie_clear_expr: expected a PromQL expression \(1:4: .*\), got "a <"$/,
      ),
    ],
  ])('are refused where they stand: %s', (annotation, expected) => {
    expect(problemsOf(alert(`          ${annotation}`))).toEqual([expected]);
  });

  it.each([
    ['3 in 10m', { fires: 3, windowMs: 600_000 }],
    [' 12 in 1h30m ', { fires: 12, windowMs: 5_400_000 }],
    ['off', 'off'],
    ['1 in 10m', undefined],
    ['3 in 0s', undefined],
    ['3 per 10m', undefined],
    ['', undefined],
  ])('flapping is %s', (text, expected) => {
    expect(parseFlap(text)).toEqual(expected);
  });
});

describe("vmalert's fields of a group", () => {
  it('are honoured where their meaning is clear', () => {
    const [group] = parseRuleFile(
      `groups:
  - name: g
    type: prometheus
    interval: 5m
    eval_offset: 90s
    eval_delay: 30s
    concurrency: 4
    params: { extra_label: [env=dev, team=a], nocache: ['1'] }
    headers: ['X-Scope-OrgID: shop', 'Authorization:Bearer x']
    rules: [{ record: r, expr: a }]`,
      'f.yml',
    );
    expect(group).toMatchObject({
      intervalMs: 300_000,
      evalOffsetMs: 90_000,
      queryOffsetMs: 30_000,
      concurrency: 4,
      extras: {
        params: [
          ['extra_label', 'env=dev'],
          ['extra_label', 'team=a'],
          ['nocache', '1'],
        ],
        headers: { 'x-scope-orgid': 'shop', authorization: 'Bearer x' },
      },
      warnings: [],
    });
  });

  it('are read with a warning where they have no effect', () => {
    const [group] = parseRuleFile(
      `groups:
  - name: g
    eval_alignment: false
    notifier_headers: ['A: b']
    debug: true
    rules:
      - { record: r, expr: a, update_entries_limit: 5, debug: true }`,
      'f.yml',
    );
    expect(group?.warnings).toEqual([
      'f.yml:4:5: warning: groups[0].notifier_headers of vmalert has no effect here',
      'f.yml:3:5: warning: groups[0].eval_alignment of vmalert has no effect here',
      'f.yml:5:5: warning: groups[0].debug of vmalert has no effect here',
      'f.yml:7:56: warning: groups[0].rules[0].debug of vmalert has no effect here',
      'f.yml:7:31: warning: groups[0].rules[0].update_entries_limit of vmalert has no effect here',
    ]);
  });

  it.each([
    [
      'type: vlogs',
      /^f\.yml:3:11: groups\[0\]\.type: expected prometheus: groups of another type are not evaluated, got "vlogs"$/,
    ],
    [
      'tenant: "1"',
      /^f\.yml:3:5: groups\[0\]\.tenant: expected no such key: tenants are named by headers or params of the group/,
    ],
    ['eval_offset: 5m', /^f\.yml:3:18: groups\[0\]\.eval_offset: expected less than the interval of the group/],
    ['headers: [no colon]', /^f\.yml:3:15: groups\[0\]\.headers\[0\]: expected a header such as/],
    ['{eval_delay: 1m, query_offset: 1m}', /one of query_offset and eval_delay, not both/],
  ])('are refused by name: %s', (field, expected) => {
    const [text, ...others] = field.startsWith('{')
      ? problemsOf(`groups: [{name: g, ${field.slice(1, -1)}, rules: []}]`)
      : problemsOf(`groups:\n  - name: g\n    ${field}\n    rules: []`);
    expect(text).toMatch(expected);
    expect(others).toEqual([]);
  });
});
