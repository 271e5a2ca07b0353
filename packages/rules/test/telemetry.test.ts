import { Telemetry } from '@vigie/core/telemetry';
import { expect, it } from 'vitest';
import { parseRuleFile } from '../src/file/parse-rule-file.ts';
import { GroupEvaluator } from '../src/group/group-evaluator.ts';
import { RULE_METRICS, reportRules } from '../src/telemetry.ts';
import { SETTINGS, SIGNALS, TestWorld } from './world.ts';

it('every metric of rules has a value', async () => {
  const world = new TestWorld(60_000);
  world.refuse = ({ labels }) =>
    labels.get('__name__') === 'b' ? { reason: 'too_old', message: 'too old' } : undefined;
  const [group] = parseRuleFile(
    'groups: [{name: g, rules: [{record: a, expr: "a / on() a"}, {record: b, expr: "1"}, {alert: c, expr: "vector(1)"}]}]',
    'f.yml',
  );
  if (group === undefined) throw new Error('no group');
  const evaluator = new GroupEvaluator(group, SETTINGS, world.world, true);
  await evaluator.evaluate(60_000, SIGNALS);
  const telemetry = new Telemetry(RULE_METRICS);
  telemetry.collect((report) => reportRules([evaluator], report));
  const { body } = await telemetry.expose();
  for (const { name } of Object.values(RULE_METRICS)) expect(body).toMatch(new RegExp(`^${name}\\{`, 'm'));
  expect(body).toContain('vigie_rule_evaluations_total{rule_group="f.yml;g"} 3');
  expect(body).toContain('vigie_rule_refused_samples_total{rule_group="f.yml;g",reason="too_old"} 1');
  expect(body).toContain('vigie_rule_group_alerts{rule_group="f.yml;g",state="firing"} 1');
  expect(body).toContain('vigie_rule_group_last_evaluation_timestamp_seconds{rule_group="f.yml;g"} 60');
});
