import { lineAlertTemplate } from '@vigie/core/template/prometheus-template';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';
import { GroupEvaluator } from '../../src/group/group-evaluator.ts';
import type { RuleSettings } from '../../src/group/rule-world.ts';
import type { QueryVector } from '../../src/query.ts';
import type { Rule } from '../../src/rule.ts';
import { SETTINGS, SIGNALS, TestWorld } from '../world.ts';

const MINUTE_MS = 60_000;

interface GroupOptions {
  readonly rules: string;
  readonly group?: string;
  readonly settings?: Partial<RuleSettings>;
}

function evaluatorOf(
  { world }: Pick<TestWorld, 'world'>,
  { rules, group = '', settings = {} }: GroupOptions,
): GroupEvaluator {
  const [parsed] = parseRuleFile(`groups: [{name: g, ${group} rules: [${rules}]}]`, 'f.yml');
  if (parsed === undefined) throw new Error('no group');
  return new GroupEvaluator(parsed, { ...SETTINGS, ...settings }, world, true);
}

const healthOf = ({ rules }: GroupEvaluator) => rules.map(({ health, lastError }) => lastError ?? health);

describe('a group', () => {
  it('evaluates its rules in order, each upon what those before it have written', async () => {
    const world = new TestWorld();
    world.load('up{job="a"} 3');
    const group = evaluatorOf(world, {
      rules:
        '{record: "a:x", expr: "up * 2", labels: {job: "", tier: x}}, {record: "b:x", expr: "a:x + 1"}, {record: c, expr: "7"}',
    });
    await group.evaluate(0, SIGNALS);
    expect(world.takeWritten()).toEqual([
      '{__name__="a:x", tier="x"} 6 @0',
      '{__name__="b:x", tier="x"} 7 @0',
      '{__name__="c"} 7 @0',
    ]);
    expect(healthOf(group)).toEqual(['ok', 'ok', 'ok']);
    expect(group.counts).toMatchObject({ iterations: 1, evaluations: 3, failures: 0, samples: 3 });
  });

  it('says of each rule when its alerts are told and kept, and of one that fails nothing', async () => {
    const world = new TestWorld();
    world.load('up 0');
    const steps: string[] = [];
    const one = {
      ...world.world,
      notify: () => void steps.push('told'),
      keep: async () => {
        steps.push('keeps');
        await world.clock.sleep(1000);
        steps.push('kept');
      },
      evaluated: async ({ name }: Rule) => void steps.push(name),
    };
    let queries = 0;
    world.onQuery = async () => {
      queries += 1;
      if (queries === 2) throw new Error('no');
    };
    const rules = '{alert: A, expr: up == 0}, {alert: B, expr: up}, {alert: C, expr: up}';
    const evaluating = evaluatorOf({ world: one }, { rules }).evaluate(0, SIGNALS);
    await world.clock.advance(5000);
    await evaluating;
    expect(steps).toEqual(['told', 'keeps', 'kept', 'A', 'told', 'keeps', 'kept', 'C']);
  });

  it('evaluates as many at once as it says', async () => {
    const world = new TestWorld();
    const under: number[] = [];
    let now = 0;
    world.onQuery = async () => {
      now += 1;
      under.push(now);
      await world.clock.sleep(1000);
      now -= 1;
    };
    const rules = '{record: a, expr: "1"}, {record: b, expr: "1"}, {record: c, expr: "1"}';
    const group = evaluatorOf(world, { rules, group: 'concurrency: 2,' });
    const evaluating = group.evaluate(0, SIGNALS);
    await world.clock.advance(2000);
    await evaluating;
    expect(Math.max(...under)).toBe(2);
    expect(group.counts).toMatchObject({ evaluations: 3, samples: 3 });
    expect(group.isUnderWay).toBe(false);
  });

  it('looks back by its offset, and writes at the time that it looks at', async () => {
    const world = new TestWorld();
    world.load('a 1 2 3');
    const group = evaluatorOf(world, { rules: '{record: b, expr: a}', group: 'query_offset: 1m,' });
    await group.evaluate(2 * MINUTE_MS, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="b"} 2 @60']);
    const byDefault = evaluatorOf(world, { rules: '{record: c, expr: a}', settings: { queryOffsetMs: 2 * MINUTE_MS } });
    await byDefault.evaluate(2 * MINUTE_MS, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="c"} 1 @0']);
  });

  it('ends series that a rule no longer gives', async () => {
    const world = new TestWorld();
    world.load('a{x="1"} 1 1');
    world.load('a{x="2"} 1 stale');
    const group = evaluatorOf(world, { rules: '{record: b, expr: a}' });
    await group.evaluate(0, SIGNALS);
    world.takeWritten();
    await group.evaluate(MINUTE_MS, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="b", x="1"} 1 @60', '{__name__="b", x="2"} stale @60']);
    await group.evaluate(2 * MINUTE_MS, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="b", x="1"} 1 @120']);
  });

  it.each([
    ['a query that fails', '{record: b, expr: "a / on() a"}', '', /^found duplicate series for the match group/],
    [
      'series that its labels make one',
      '{record: b, expr: a, labels: {x: ""}}',
      '',
      /^vector contains metrics with the same labelset after applying rule labels$/,
    ],
    ['more series than its limit', '{record: b, expr: a}', 'limit: 1,', /^exceeded limit of 1 with 2 series$/],
    ['a result that is no vector', '{record: b, expr: "\'x\'"}', '', /^rule result is not a vector or scalar$/],
    [
      'alerts that its labels make one',
      '{alert: b, expr: a, labels: {x: ""}}',
      '',
      /^vector contains metrics with the same labelset after applying alert labels$/,
    ],
    ['more alerts than its limit', '{alert: b, expr: a}', 'limit: 1,', /^exceeded limit of 1 with 2 alerts$/],
  ])('knows of %s, and goes on with the next rule', async (_, rule, group, expected) => {
    const world = new TestWorld();
    world.load('a{x="1"} 1');
    world.load('a{x="2"} 1');
    const evaluator = evaluatorOf(world, { rules: `${rule}, {record: c, expr: "1"}`, group });
    await evaluator.evaluate(0, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="c"} 1 @0']);
    expect(healthOf(evaluator)[0]).toMatch(expected);
    expect(evaluator.rules[0]).toMatchObject({ health: 'err', activeAlerts: [] });
    expect(evaluator.counts.failures).toBe(1);
    expect(world.logged).toEqual(['a rule could not be evaluated']);
  });

  it('leaves alerts and series as they are while a rule fails', async () => {
    const world = new TestWorld();
    world.load('a{x="1"} 1 1 1');
    const group = evaluatorOf(world, { rules: '{alert: b, expr: a}' });
    await group.evaluate(0, SIGNALS);
    world.takeWritten();
    world.onQuery = async () => {
      throw new Error('the storage is away');
    };
    await group.evaluate(MINUTE_MS, SIGNALS);
    expect(healthOf(group)).toEqual(['the storage is away']);
    expect(world.takeWritten()).toEqual([]);
    expect(group.rules[0]?.activeAlerts).toHaveLength(1);
    world.onQuery = async () => undefined;
    await group.evaluate(2 * MINUTE_MS, SIGNALS);
    expect(healthOf(group)).toEqual(['ok']);
    expect(group.rules[0]?.activeAlerts).toMatchObject([{ activeAtMs: 0 }]);
  });

  it('knows of samples that are not taken, counts them by reason, and ends nothing for them later', async () => {
    const world = new TestWorld();
    world.load('a{x="1"} 1');
    world.load('a{x="2"} 1');
    world.refuse = ({ labels }) =>
      labels.get('x') === '2' ? { reason: 'out_of_order', message: 'out of order sample' } : undefined;
    const group = evaluatorOf(world, { rules: '{record: b, expr: a}' });
    await group.evaluate(0, SIGNALS);
    expect(healthOf(group)).toEqual(['out of order sample']);
    expect([...group.refused]).toEqual([['out_of_order', 1]]);
    world.takeWritten();
    world.refuse = () => undefined;
    await group.evaluate(10 * MINUTE_MS, SIGNALS);
    expect(world.takeWritten()).toEqual(['{__name__="b", x="1"} stale @600']);
  });

  it('ends after the rule under way, and gives the query that is aborted as the reason of nothing', async () => {
    const world = new TestWorld();
    const [ending, abort] = [new AbortController(), new AbortController()];
    const signals = { ending: ending.signal, abort: abort.signal };
    world.onQuery = async () => ending.abort();
    const group = evaluatorOf(world, { rules: '{record: a, expr: "1"}, {record: b, expr: "1"}' });
    await group.evaluate(0, signals);
    expect(world.takeWritten()).toEqual(['{__name__="a"} 1 @0']);
    world.onQuery = async () => {
      abort.abort(new Error('closed'));
      throw new Error('aborted');
    };
    const other = evaluatorOf(world, { rules: '{record: a, expr: "1"}' });
    await expect(other.evaluate(0, { ending: SIGNALS.ending, abort: abort.signal })).rejects.toThrow('closed');
    expect(healthOf(other)).toEqual(['unknown']);
  });
});

describe('alerting rules', () => {
  it('write ALERTS and ALERTS_FOR_STATE, and end them', async () => {
    const world = new TestWorld();
    world.load('up{job="a"} 0 0 0 1');
    const group = evaluatorOf(world, { rules: '{alert: Down, expr: up == 0, for: 1m, labels: {severity: page}}' });
    const written: (readonly string[])[] = [];
    for (const minute of [10, 11, 12, 13]) {
      world.load(`up{job="a"} ${minute < 13 ? 0 : 1}`, minute * MINUTE_MS);
      await group.evaluate(minute * MINUTE_MS, SIGNALS);
      written.push(world.takeWritten());
    }
    const alerts = (state: string, value: string, at: number) =>
      `{__name__="ALERTS", alertname="Down", alertstate="${state}", job="a", severity="page"} ${value} @${at}`;
    const forState = (value: string, at: number) =>
      `{__name__="ALERTS_FOR_STATE", alertname="Down", job="a", severity="page"} ${value} @${at}`;
    expect(written).toEqual([
      [alerts('pending', '1', 600), forState('600', 600)],
      [alerts('firing', '1', 660), forState('600', 660), alerts('pending', 'stale', 660)],
      [alerts('firing', '1', 720), forState('600', 720)],
      [alerts('firing', 'stale', 780), forState('stale', 780)],
    ]);
  });

  it('expand templates, with queries at the time of the evaluation', async () => {
    const world = new TestWorld();
    world.load('up{job="a"} 0.25', MINUTE_MS);
    const group = evaluatorOf(world, {
      rules: `{alert: Down, expr: up < 1, labels: {region: '{{ $externalLabels.region }}', gone: '{{ $labels.nothing }}'}, annotations: {
        value: '{{ $value | humanizePercentage }}', job: '{{ $labels.job }} of {{ .Labels.__name__ }}', url: '{{ $externalURL }}',
        asked: '{{ query "sum(up)" | first | value }} at {{ now }}', none: '', bad: '{{ query "sum(" }}' }}`,
    });
    await group.evaluate(MINUTE_MS, SIGNALS);
    const [alert] = group.rules[0]?.activeAlerts ?? [];
    expect(alert?.labels.toJSON()).toEqual({ alertname: 'Down', job: 'a', region: 'eu' });
    expect(alert?.annotations.toJSON()).toEqual({
      value: '25%',
      job: 'a of up',
      url: 'http://vigie.example',
      asked: '0.25 at 60',
      none: '',
      bad: expect.stringMatching(
        /^<error expanding template: error executing template __alert_Down: template: __alert_Down:1:\d+: executing "__alert_Down" at <query "sum\(">: error calling query: .*unclosed left parenthesis>$/,
      ),
    });
  });

  it('tell of alerts with when they began and until when they count', async () => {
    const world = new TestWorld();
    world.load('up{job="a"} 0', 0);
    const group = evaluatorOf(world, { rules: '{alert: Down, expr: up == 0}' });
    await group.evaluate(0, SIGNALS);
    world.load('up{job="a"} 1', MINUTE_MS);
    await group.evaluate(MINUTE_MS, SIGNALS);
    const [[firing], [resolved]] = [world.notified[0] ?? [], world.notified[1] ?? []];
    expect(firing).toMatchObject({
      startsAtMs: 0,
      endsAtMs: 4 * MINUTE_MS,
      isResolved: false,
      generatorUrl: 'http://vigie.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    });
    expect(firing?.labels.toJSON()).toEqual({ alertname: 'Down', job: 'a' });
    expect(resolved).toMatchObject({ startsAtMs: 0, endsAtMs: MINUTE_MS, isResolved: true });
    expect(world.notified).toHaveLength(2);
  });

  it('show the line of a log that was found with them', async () => {
    const world = new TestWorld();
    const [parsed] = parseRuleFile('groups: [{name: g, rules: [{alert: A, expr: "1"}]}]', 'f.yml');
    const text = lineAlertTemplate('A', '{{ $line }}: {{ $value }}');
    const rules = (parsed?.rules ?? []).map((rule) => ({ ...rule, annotationTexts: [{ name: 'line', text }] }));
    const query: QueryVector = async () => [{ labels: LabelSet.empty, value: 2, histogram: undefined, line: 'a b' }];
    const group = new GroupEvaluator({ ...parsed!, rules }, SETTINGS, { ...world.world, query }, true);
    await group.evaluate(0, SIGNALS);
    expect(world.notified[0]?.[0]?.annotations.toJSON()).toEqual({ line: 'a b: 2' });
  });

  it('lose all their alerts when there are more than the limit', async () => {
    const world = new TestWorld();
    world.load('up{job="a"} 0 0');
    const group = evaluatorOf(world, { rules: '{alert: Down, expr: up == 0}', group: 'limit: 1,' });
    await group.evaluate(0, SIGNALS);
    world.load('up{job="b"} 0', MINUTE_MS);
    await group.evaluate(MINUTE_MS, SIGNALS);
    expect(group.rules[0]).toMatchObject({ lastError: 'exceeded limit of 1 with 2 alerts', alerts: new Map() });
  });
});

describe('a group that takes over from another', () => {
  it('goes on with rules of the same name and labels, first with first, and ends the series of the others', async () => {
    const world = new TestWorld();
    world.load('a{x="1"} 1x10');
    const before = evaluatorOf(world, {
      rules:
        '{alert: A, expr: a, for: 1h}, {record: r, expr: a}, {record: r, expr: "a + 1", labels: {n: "2"}}, {record: gone, expr: a}, {record: twice, expr: a}, {record: twice, expr: a, labels: {x: "3"}}',
    });
    await before.evaluate(0, SIGNALS);
    world.takeWritten();
    const after = evaluatorOf(world, {
      rules:
        '{record: r, expr: "a * 5", labels: {n: "2"}}, {record: r, expr: a}, {alert: A, expr: a, for: 2m}, {record: twice, expr: a}',
    });
    after.copyState(before);
    expect(after.rules[2]?.activeAlerts).toMatchObject([{ activeAtMs: 0, state: 'pending' }]);
    await after.evaluate(2 * MINUTE_MS, SIGNALS);
    expect(after.rules[2]?.activeAlerts).toMatchObject([{ activeAtMs: 0, state: 'firing' }]);
    const written = world.takeWritten();
    expect(written.filter((sample) => sample.includes('stale'))).toEqual([
      '{__name__="ALERTS", alertname="A", alertstate="pending", x="1"} stale @120',
      '{__name__="gone", x="1"} stale @120',
      '{__name__="twice", x="3"} stale @120',
    ]);
    await after.evaluate(3 * MINUTE_MS, SIGNALS);
    expect(world.takeWritten().filter((sample) => sample.includes('stale'))).toEqual([]);
  });
});
