import { expect, it } from 'vitest';
import { readPrometheusRule } from '../../src/file/prometheus-rule.ts';

it("reads a PrometheusRule as a rule file, but for Thanos' key", () => {
  const rules = [{ alert: 'Down', expr: 'up == 0' }];
  const spec = { groups: [{ name: 'g', partial_response_strategy: 'warn', rules }] };
  const read = readPrometheusRule(spec, 'PrometheusRule shop/web');
  expect(read).toMatchObject({
    status: 'read',
    groups: [{ name: 'g', file: 'PrometheusRule shop/web', rules: [{ kind: 'alerting', name: 'Down' }] }],
  });
  expect(readPrometheusRule(undefined, 'PrometheusRule shop/web')).toEqual({ status: 'read', groups: [] });
});

it('is refused with the path of every problem', () => {
  const spec = { groups: [{ name: 'g', rules: [{ alert: 'A', expr: '1 +' }, { record: 'a' }] }] };
  expect(readPrometheusRule(spec, 'r')).toEqual({
    status: 'refused',
    problems: [
      expect.stringMatching(/^spec\.groups\[0\]\.rules\[0\]\.expr: expected a PromQL expression/),
      expect.stringMatching(/^spec\.groups\[0\]\.rules\[1\]/),
    ],
  });
  const problems = ['spec.groups: expected a list of groups'];
  expect(readPrometheusRule({ groups: 'g' }, 'r')).toEqual({ status: 'refused', problems });
});
