import type { RulesQuery } from '@vigie/promql/api/options';
import { Matcher } from '@vigie/promql/labels/matcher';
import { describe, expect, it } from 'vitest';
import { answerAlerts, answerRules } from '../../src/api/answers.ts';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';
import { GroupEvaluator } from '../../src/group/group-evaluator.ts';
import { SETTINGS, SIGNALS, TestWorld } from '../world.ts';

const ALL: RulesQuery = {
  type: undefined,
  ruleNames: [],
  ruleGroups: [],
  files: [],
  matcherSets: [],
  excludeAlerts: false,
  groupLimit: undefined,
  groupNextToken: '',
};

const START_MS = Date.UTC(2026, 0, 1, 10, 0, 0, 120);

async function evaluated(world: TestWorld): Promise<readonly GroupEvaluator[]> {
  const files = {
    'a.yml': `groups:
  - name: alerts
    interval: 15s
    limit: 7
    rules:
      - alert: Down
        expr: up==0
        for: 5m
        keep_firing_for: 90s
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }} is down" }
      - record: job:up:sum
        expr: sum(up)
  - name: records
    rules:
      - record: bad
        expr: up / on() up
        labels: { team: x }
`,
    'b.yml': 'groups: [{name: alerts, rules: [{alert: Fine, expr: up > 5}]}]',
  };
  const groups = Object.entries(files).flatMap(([file, text]) => parseRuleFile(text, file));
  const evaluators = groups.map((group) => new GroupEvaluator(group, SETTINGS, world.world, true));
  return evaluators;
}

const evaluateAll = async (groups: readonly GroupEvaluator[], atMs: number) => {
  for (const group of groups) await group.evaluate(atMs, SIGNALS);
};

function dataOf(groups: readonly GroupEvaluator[], query: Partial<RulesQuery>) {
  const answer = answerRules(groups, { ...ALL, ...query });
  if (answer.status !== 'ok') throw new Error(answer.reason);
  return JSON.parse(JSON.stringify(answer.data));
}

const NO_TIME = '0001-01-01T00:00:00Z';

describe('/api/v1/rules', () => {
  it('tells of rules that have not been evaluated yet', async () => {
    const data = dataOf(await evaluated(new TestWorld(START_MS)), { files: ['a.yml'], ruleGroups: ['alerts'] });
    expect(data).toEqual({
      groups: [
        {
          name: 'alerts',
          file: 'a.yml',
          rules: [
            {
              state: 'unknown',
              name: 'Down',
              query: 'up == 0',
              duration: 300,
              keepFiringFor: 90,
              labels: { severity: 'page' },
              annotations: { summary: '{{ $labels.job }} is down' },
              alerts: [],
              health: 'unknown',
              evaluationTime: 0,
              lastEvaluation: NO_TIME,
              type: 'alerting',
            },
            {
              name: 'job:up:sum',
              query: 'sum(up)',
              labels: {},
              health: 'unknown',
              evaluationTime: 0,
              lastEvaluation: NO_TIME,
              type: 'recording',
            },
          ],
          interval: 15,
          limit: 7,
          evaluationTime: 0,
          lastEvaluation: NO_TIME,
        },
      ],
    });
  });

  it('tells of alerts, health and times', async () => {
    const world = new TestWorld(START_MS);
    world.load('up{job="a"} 0', START_MS);
    world.load('up{job="b"} 0', START_MS);
    const groups = await evaluated(world);
    world.onQuery = () => world.clock.sleep(250);
    const evaluating = evaluateAll(groups, START_MS);
    await world.clock.advance(10_000);
    await evaluating;
    const [alerts, records, others] = dataOf(groups, {}).groups;
    expect(alerts).toMatchObject({ evaluationTime: 0.5, lastEvaluation: '2026-01-01T10:00:00.12Z' });
    expect(alerts.rules).toMatchObject([
      { state: 'pending', health: 'ok', evaluationTime: 0.25, lastEvaluation: '2026-01-01T10:00:00.12Z' },
      { health: 'ok', lastEvaluation: '2026-01-01T10:00:00.37Z' },
    ]);
    expect(alerts.rules[0].alerts[0]).toEqual({
      labels: { alertname: 'Down', job: 'a', severity: 'page' },
      annotations: { summary: 'a is down' },
      state: 'pending',
      activeAt: '2026-01-01T10:00:00.12Z',
      value: '0e+00',
    });
    expect(records.rules).toMatchObject([
      { health: 'err', lastError: expect.stringMatching(/^found duplicate series/), labels: { team: 'x' } },
    ]);
    expect(others.rules).toMatchObject([{ state: 'inactive', alerts: [] }]);
  });

  it('tells since when an alert is kept firing', async () => {
    const world = new TestWorld(START_MS);
    world.load('up{job="a"} 0', START_MS);
    const groups = await evaluated(world);
    await evaluateAll(groups, START_MS);
    await evaluateAll(groups, START_MS + 299_000);
    world.load('up{job="a"} 0', START_MS + 300_000);
    await evaluateAll(groups, START_MS + 300_000);
    world.load('up{job="a"} 1', START_MS + 360_000);
    await evaluateAll(groups, START_MS + 360_000);
    expect(answerAlerts(groups).alerts).toMatchObject([
      { state: 'firing', activeAt: '2026-01-01T10:00:00.12Z', keepFiringSince: '2026-01-01T10:06:00.12Z' },
    ]);
    await evaluateAll(groups, START_MS + 460_000);
    expect(answerAlerts(groups).alerts).toEqual([]);
    expect(dataOf(groups, { type: 'alert' }).groups[0].rules[0]).toMatchObject({ state: 'inactive', alerts: [] });
  });

  it.each([
    [{ type: 'alert' }, ['a.yml alerts Down', 'b.yml alerts Fine']],
    [{ type: 'record' }, ['a.yml alerts job:up:sum', 'a.yml records bad']],
    [{ ruleNames: ['bad', 'Fine'] }, ['a.yml records bad', 'b.yml alerts Fine']],
    [{ ruleGroups: ['alerts'], files: ['b.yml'] }, ['b.yml alerts Fine']],
    [{ files: ['c.yml'] }, []],
    [
      { matcherSets: [[new Matcher('severity', '=', 'page')], [new Matcher('team', '=~', '.+')]] },
      ['a.yml alerts Down', 'a.yml records bad'],
    ],
    [{ matcherSets: [[new Matcher('severity', '=', 'page'), new Matcher('team', '=', 'x')]] }, []],
  ] as const)('%j leaves %j', async (query, expected) => {
    const { groups } = dataOf(await evaluated(new TestWorld()), query);
    const names = groups.flatMap((group: { file: string; name: string; rules: { name: string }[] }) =>
      group.rules.map((rule) => `${group.file} ${group.name} ${rule.name}`),
    );
    expect(names).toEqual(expected);
  });

  it('leaves alerts out where they are excluded', async () => {
    const { groups } = dataOf(await evaluated(new TestWorld()), { excludeAlerts: true, type: 'alert' });
    expect(groups[0].rules[0].alerts).toBeNull();
  });

  it('comes in pages, each with the token of the next', async () => {
    const groups = await evaluated(new TestWorld());
    const first = dataOf(groups, { groupLimit: 2 });
    expect(first.groups).toHaveLength(2);
    // sha1 of `b.yml;alerts`
    expect(first.groupNextToken).toBe('ea9383e55495ddb52c7f3ff80a17584481743811');
    const second = dataOf(groups, { groupLimit: 2, groupNextToken: first.groupNextToken });
    expect(second.groups).toMatchObject([{ file: 'b.yml' }]);
    expect(second).not.toHaveProperty('groupNextToken');
    expect(dataOf(groups, { groupLimit: 1, type: 'record' }).groups).toMatchObject([{ name: 'alerts' }]);
    expect(answerRules(groups, { ...ALL, groupLimit: 2, groupNextToken: 'x' })).toEqual({
      status: 'bad-token',
      reason: "invalid group_next_token 'x'. were rule groups changed?",
    });
  });
});
