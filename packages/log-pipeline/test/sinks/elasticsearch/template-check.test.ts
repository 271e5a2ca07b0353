import { expect, test } from 'vitest';
import { type IndexTemplate, judgeTemplates } from '../../../src/sinks/elasticsearch/template-check.ts';

function template(name: string, patterns: readonly string[], priority: number, dataStream: boolean): IndexTemplate {
  const index_template = { index_patterns: [...patterns], priority, ...(dataStream ? { data_stream: {} } : {}) };
  return { name, index_template };
}

test.each([
  ['logs-*-*', true],
  ['logs-kubernetes-default', true],
  ['*', true],
  ['logs-*', true],
  ['*-default', true],
  ['l*s-*-d*t', true],
  ['logs-kubernetes-default*', true],
  ['logs', false],
  ['metrics-*-*', false],
  ['*-defaul', false],
  ['logs-kubernetes-default-*', false],
  ['logs-kubernetes*kubernetes-default', false],
  ['', false],
])('pattern %s matches: %s', (pattern, matches) => {
  const check = judgeTemplates([template('t', [pattern], 1, true)], 'logs-kubernetes-default');
  expect(check.status).toBe(matches ? 'matches' : 'none');
});

test('the highest priority among the matching templates counts', () => {
  const builtIn = template('logs', ['logs-*-*'], 100, true);
  const custom = template('mine', ['other-*', 'logs-kubernetes-*'], 300, false);
  const unrelated = template('top', ['metrics-*'], 500, false);
  expect(judgeTemplates([builtIn, unrelated], 'logs-kubernetes-default')).toEqual({ status: 'matches' });
  expect(judgeTemplates([builtIn, custom, unrelated], 'logs-kubernetes-default')).toEqual({
    status: 'none',
    detail:
      'the index template mine matches logs-kubernetes-default but makes no data stream; install one of higher priority, or set setup: true',
  });
});
