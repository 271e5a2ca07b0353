import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dataStreamMembers,
  isLegalName,
  namePattern,
  TargetNames,
} from '../../../src/sinks/elasticsearch/target-names.ts';
import { type NameTemplate, parseNameTemplate } from '../../../src/sinks/name-template.ts';
import { factsOf } from '../facts.ts';

function template(source: string): NameTemplate {
  const parsed = parseNameTemplate(source);
  if (parsed.status === 'invalid') throw new Error(parsed.reason);
  return parsed.template;
}

function names(source: string, maxNames = 200): { of: TargetNames['nameFor']; overflows: () => number } {
  let overflows = 0;
  const targets = new TargetNames(template(source), maxNames, () => overflows++);
  return { of: (facts, day) => targets.nameFor(facts, day), overflows: () => overflows };
}

describe('target names', () => {
  test('are made of the day and of what is known of the container', () => {
    const { of } = names('logs-{{ kubernetes.namespace }}-%Y.%m.%d');
    expect(of(factsOf(), '2026-11-21')).toBe('logs-shop-2026.11.21');
    expect(of(factsOf({ namespace: undefined }), '2026-11-21')).toBe('logs-unknown-2026.11.21');
    expect(of(factsOf({ namespace: '' }), '2026-11-21')).toBe('logs-unknown-2026.11.21');
  });

  test.each([
    ['Team/A', 'logs-team_a-default'],
    ['a*b?c"d<e>f|g h,i#j:k\\l', 'logs-a_b_c_d_e_f_g_h_i_j_k_l-default'],
    ['x"}}\n{"delete":{"_id":"1', 'logs-x_}}_{_delete__{__id___1-default'],
    ['\u0000', 'logs-_-default'],
  ])('label value %j becomes %s', (value, expected) => {
    const { of } = names('logs-{{ kubernetes.labels.team }}-default');
    expect(of(factsOf({ labels: { team: value } }), '')).toBe(expected);
  });

  test('are bounded in number: what comes later goes to the fallback, what was there stays', () => {
    const { of, overflows } = names('logs-{{ kubernetes.namespace }}-default', 2);
    const of1 = (namespace: string): string => of(factsOf({ namespace }), '');
    expect([of1('a'), of1('b'), of1('c'), of1('a'), of1('d')]).toEqual([
      'logs-a-default',
      'logs-b-default',
      'logs-other-default',
      'logs-a-default',
      'logs-other-default',
    ]);
    expect(overflows()).toBe(2);
  });

  test('days do not count as names of their own', () => {
    const { of, overflows } = names('{{ kubernetes.namespace }}-%Y.%m.%d', 1);
    for (let day = 10; day < 30; day++) of(factsOf(), `2026-11-${day}`);
    expect(overflows()).toBe(0);
  });

  test('are legal whatever a field holds', () => {
    const source = fc.constantFrom(
      '{{ kubernetes.labels.x }}',
      'logs-{{ kubernetes.labels.x }}',
      '{{kubernetes.labels.x}}-%Y',
    );
    fc.assert(
      fc.property(source, fc.string({ unit: 'binary', maxLength: 400 }), (name, value) => {
        const made = names(name).of(factsOf({ labels: { x: value } }), '2026-11-21');
        expect(isLegalName(made)).toBe(true);
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(220);
      }),
    );
  });
});

test.each([
  ['logs-kubernetes-default', true],
  ['.hidden', true],
  ['', false],
  ['.', false],
  ['..', false],
  ['Logs', false],
  ['-logs', false],
  ['_logs', false],
  ['+logs', false],
  ['lo gs', false],
  ['logs*', false],
  ['l'.repeat(221), false],
])('isLegalName(%j) is %s', (name, legal) => {
  expect(isLegalName(name)).toBe(legal);
});

test.each([
  ['logs-kubernetes-default', 'logs-kubernetes-default'],
  ['logs-{{ kubernetes.namespace }}-default', 'logs-*-default'],
  ['{{ kubernetes.namespace }}{{ kubernetes.pod.name }}', '*'],
  ['logs-%Y.%m.%d', 'logs-2*.*.*'],
])('namePattern(%s) is %s', (source, pattern) => {
  expect(namePattern(template(source))).toBe(pattern);
});

test.each([
  ['logs-kubernetes-default', { type: 'logs', dataset: 'kubernetes', namespace: 'default' }],
  ['logs-kube-system-default', { type: 'logs', dataset: 'kube-system', namespace: 'default' }],
  ['logs-kubernetes', undefined],
  ['logs', undefined],
])('dataStreamMembers(%s)', (name, members) => {
  expect(dataStreamMembers(name)).toEqual(members);
});
