/** What an alerting rule does beyond Prometheus, over series in memory: each evaluation of a rule as one word. */
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';
import { GroupEvaluator } from '../../src/group/group-evaluator.ts';
import { DEFAULT_POLICY, type RulePolicy } from '../../src/rule-policy.ts';
import { SETTINGS, SIGNALS, TestWorld } from '../world.ts';

const MINUTE_MS = 60_000;

interface Case {
  /** By the name of their series, a value a minute; `_` where there is none. */
  readonly series: Readonly<Record<string, string>>;
  readonly rule: string;
  readonly policy?: Partial<RulePolicy>;
}

function evaluator({ rule, policy = {} }: Omit<Case, 'series'>, world: TestWorld): GroupEvaluator {
  const [group] = parseRuleFile(`groups: [{name: g, rules: [${rule}]}]`, 'f.yml');
  if (group === undefined) throw new Error('no group');
  return new GroupEvaluator(group, { ...SETTINGS, policy: { ...DEFAULT_POLICY, ...policy } }, world.world, true);
}

function load(world: TestWorld, series: Case['series']): number {
  const lengths = Object.entries(series).map(([name, values]) => {
    const written = values.split(' ');
    // Without data a series is stale at once, not five minutes later.
    world.load(`${name} ${written.map((value) => (value === '_' ? 'stale' : value)).join(' ')}`);
    return written.length;
  });
  return Math.max(...lengths);
}

/** Of each minute, `name state` of the alerts, with what holds them. */
async function timeline({ series, ...options }: Case): Promise<readonly string[]> {
  const world = new TestWorld();
  const group = evaluator(options, world);
  const minutes = load(world, series);
  const words: string[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await group.evaluate(minute * MINUTE_MS, SIGNALS);
    const alerts = [...(group.rules[0]?.alerts.values() ?? [])].map(({ labels, state, held, resolveReason }) => {
      const name = labels.get('x') === '' ? '' : `${labels.get('x')} `;
      return `${name}${state}${held === undefined ? '' : ` (${held.by})`}${resolveReason === undefined ? '' : ` ${resolveReason}`}`;
    });
    words.push(alerts.join(', ') || '-');
  }
  return words;
}

const rule = (expr: string, annotations: string, more = ''): string =>
  `{alert: A, expr: '${expr}', ${more} annotations: {${annotations}}}`;

describe('an alert whose data is gone', () => {
  const gone = { 'a{x="1"}': '9 9 _ _ 9 1' };
  it.each([
    [
      'resolve',
      ['1 firing', '1 firing', '1 inactive no_data', '1 inactive no_data', '1 firing', '1 inactive recovered'],
    ],
    ['keep', ['1 firing', '1 firing', '1 firing (no_data)', '1 firing (no_data)', '1 firing', '1 inactive recovered']],
    ['error', ['1 firing', '1 firing', '1 firing (no_data)', '1 firing (no_data)', '1 firing', '1 inactive recovered']],
    ['alert', ['1 firing', '1 firing', '1 firing', '1 firing', '1 firing', '1 inactive recovered']],
  ])('with %s', async (policy, expected) => {
    expect(await timeline({ series: gone, rule: rule('a > 5', `vigie_no_data: ${policy}`) })).toEqual(expected);
    const noData = policy as RulePolicy['noData'];
    expect(await timeline({ series: gone, rule: rule('a > 5', ''), policy: { noData } })).toEqual(expected);
  });

  it('that is pending stays so and does not fire, and `for` counts from where it began', async () => {
    const words = await timeline({
      series: { 'a{x="1"}': '9 9 _ _ 9' },
      rule: rule('a > 5', 'vigie_no_data: keep', 'for: 2m,'),
    });
    expect(words).toEqual(['1 pending', '1 pending', '1 pending (no_data)', '1 pending (no_data)', '1 firing']);
  });

  it('is held no longer than the policy says', async () => {
    const policy = { noDataForMs: 2 * MINUTE_MS };
    const words = await timeline({
      series: { 'a{x="1"}': '9 _ _ _ _' },
      rule: rule('a > 5', 'vigie_no_data: keep'),
      policy,
    });
    expect(words.slice(1)).toEqual([
      '1 firing (no_data)',
      '1 firing (no_data)',
      '1 inactive no_data',
      '1 inactive no_data',
    ]);
  });

  it('is told apart from one whose condition is false, beside it', async () => {
    const series = { 'a{x="1"}': '9 _', 'a{x="2"}': '9 1', 'b{x="1"}': '1 1', 'b{x="2"}': '1 1' };
    const words = await timeline({ series, rule: rule('a > b', 'vigie_no_data: keep') });
    expect(words[1]).toBe('1 firing (no_data), 2 inactive recovered');
  });

  it('has no reason where that is not asked for, with one query less', async () => {
    const world = new TestWorld();
    load(world, { 'a{x="1"}': '9 _' });
    let queries = 0;
    world.onQuery = async () => void queries++;
    const group = evaluator({ rule: rule('a > 5', ''), policy: { tellsNoData: false } }, world);
    for (const minute of [0, 1]) await group.evaluate(minute * MINUTE_MS, SIGNALS);
    expect(queries).toBe(2);
    expect([...(group.rules[0]?.alerts.values() ?? [])]).toMatchObject([{ resolveReason: 'recovered' }]);
  });

  it('keeps its state where nobody can say whether there is data', async () => {
    const world = new TestWorld();
    load(world, { 'a{x="1"}': '9 _' });
    const group = evaluator({ rule: rule('a > 5', 'vigie_no_data: keep') }, world);
    await group.evaluate(0, SIGNALS);
    let queries = 0;
    world.onQuery = async () => {
      queries += 1;
      if (queries === 2) throw new Error('the storage is away');
    };
    await group.evaluate(MINUTE_MS, SIGNALS);
    expect(group.rules[0]).toMatchObject({ health: 'err', lastError: 'the storage is away', alertState: 'firing' });
  });
});

describe('a series that is gone without ever having had an alert', () => {
  it('is one with `alert`, that says since when, and is over when it is back', async () => {
    const world = new TestWorld();
    load(world, { 'a{x="1"}': '1 _ _ 1', 'a{x="2"}': '1 1 1 1' });
    const group = evaluator({ rule: rule('a > 5', 'vigie_no_data: alert, v: "{{ $value }}"', 'for: 1m,') }, world);
    const states: unknown[] = [];
    for (let minute = 0; minute < 4; minute++) {
      await group.evaluate(minute * MINUTE_MS, SIGNALS);
      const alerts = [...(group.rules[0]?.alerts.values() ?? [])];
      states.push(alerts.map(({ state, labels, annotations }) => [state, labels.get('x'), annotations.toJSON()]));
    }
    const annotations = { v: 'NaN', vigie_no_data_since: '1970-01-01T00:01:00Z' };
    expect(states).toEqual([
      [],
      [['pending', '1', annotations]],
      [['firing', '1', annotations]],
      [['inactive', '1', annotations]],
    ]);
  });

  it('makes the rule fail with `error`, which names it', async () => {
    const world = new TestWorld();
    load(world, { 'a{x="1"}': '1 _', 'a{x="2"}': '1 9' });
    const group = evaluator({ rule: rule('a > 5', 'vigie_no_data: error') }, world);
    await group.evaluate(0, SIGNALS);
    expect(group.rules[0]).toMatchObject({ health: 'ok' });
    await group.evaluate(MINUTE_MS, SIGNALS);
    const lastError = 'no data: 1 of 2 series are gone: {x="1"}';
    expect(group.rules[0]).toMatchObject({ health: 'err', lastError, alertState: 'firing', failingSinceMs: 0 });
    expect(group.counts.failures).toBe(1);
  });

  it.each([
    ['alert', { health: 'ok', alertState: 'firing' }],
    [
      'error',
      { health: 'err', lastError: 'no data: the expression finds no series, whether or not its condition is true' },
    ],
    ['keep', { health: 'ok', alertState: 'inactive' }],
  ])('with %s, also where the expression has never found anything', async (policy, expected) => {
    const world = new TestWorld();
    const group = evaluator({ rule: rule('a > 5', `vigie_no_data: ${policy}`) }, world);
    await group.evaluate(0, SIGNALS);
    expect(group.rules[0]).toMatchObject(expected);
  });

  it('is forgotten after the time of the policy', async () => {
    const policy = { noDataForMs: 2 * MINUTE_MS };
    const series = { 'a{x="1"}': '1 _ _ _ _', 'a{x="2"}': '1 1 1 1 1' };
    const words = await timeline({ series, rule: rule('a > 5', 'vigie_no_data: alert'), policy });
    expect(words).toEqual(['-', '1 firing', '1 firing', '1 inactive no_data', '1 inactive no_data']);
  });
});

describe('an alert with a clear expression', () => {
  const hysteresis = rule('a > 90', 'vigie_clear_expr: a < 70');
  it('fires until that holds for its labels', async () => {
    const series = { 'a{x="1"}': '80 95 80 69 80 95', 'a{x="2"}': '50 95 60 80 80 80' };
    expect(await timeline({ series, rule: hysteresis })).toEqual([
      '-',
      '1 firing, 2 firing',
      '1 firing (clear_expr), 2 inactive recovered',
      '1 inactive recovered, 2 inactive recovered',
      '1 inactive recovered, 2 inactive recovered',
      '1 firing, 2 inactive recovered',
    ]);
  });

  it('is cleared by a series with fewer labels', async () => {
    const series = { 'a{x="1"}': '95 80 80', 'b{}': '0 0 1' };
    expect(await timeline({ series, rule: rule('a > 90', 'vigie_clear_expr: b == 1') })).toEqual([
      '1 firing',
      '1 firing (clear_expr)',
      '1 inactive recovered',
    ]);
  });

  it('is over without data, unless that is to be kept', async () => {
    const series = { 'a{x="1"}': '95 80 _' };
    expect((await timeline({ series, rule: hysteresis })).at(-1)).toBe('1 inactive no_data');
    const kept = rule('a > 90', 'vigie_clear_expr: a < 70, vigie_no_data: keep');
    expect((await timeline({ series, rule: kept })).at(-1)).toBe('1 firing (no_data)');
  });

  it('goes on for `keep_firing_for` from when it is cleared', async () => {
    const words = await timeline({
      series: { 'a{x="1"}': '95 80 60 60 60' },
      rule: rule('a > 90', 'vigie_clear_expr: a < 70', 'keep_firing_for: 1m,'),
    });
    expect(words).toEqual([
      '1 firing',
      '1 firing (clear_expr)',
      '1 firing',
      '1 inactive recovered',
      '1 inactive recovered',
    ]);
  });
});

describe('an alert that fires again and again', () => {
  const flapping = rule('a > 5', 'vigie_flap: 3 in 10m');
  const series = { 'a{x="1"}': '9 1 9 1 9 1 9 1 1 1 1 1 1 1 1 1 1' };

  it('is held from the limit on, and told once, with how often', async () => {
    const world = new TestWorld();
    load(world, series);
    const group = evaluator({ rule: flapping }, world);
    const told: string[] = [];
    for (let minute = 0; minute < 17; minute++) {
      await group.evaluate(minute * MINUTE_MS, SIGNALS);
      for (const { isResolved, annotations } of world.notified.splice(0).flat())
        told.push(`${minute} ${isResolved ? 'resolved' : 'firing'} ${annotations.get('vigie_flapping')}`.trim());
    }
    expect(told.filter((one) => !/^\d+ resolved$/.test(one) || Number(one.split(' ')[0]) < 5)).toEqual([
      '0 firing',
      '1 resolved',
      '2 firing',
      '3 resolved',
      '4 firing fired 3 times since 1970-01-01T00:00:00Z',
      '6 firing fired 4 times since 1970-01-01T00:00:00Z',
      '8 firing fired 4 times since 1970-01-01T00:00:00Z',
      '10 firing fired 4 times since 1970-01-01T00:00:00Z',
      '12 firing fired 4 times since 1970-01-01T00:00:00Z',
      '14 firing fired 4 times since 1970-01-01T00:00:00Z',
      '16 resolved fired 4 times since 1970-01-01T00:00:00Z',
    ]);
  });

  it('is not where its rule says off', async () => {
    const policy = { flap: { fires: 3, windowMs: 10 * MINUTE_MS } };
    const held = (await timeline({ series, rule: rule('a > 5', ''), policy }))[5];
    expect(held).toBe('1 firing (flapping)');
    const off = (await timeline({ series, rule: rule('a > 5', 'vigie_flap: "off"'), policy }))[5];
    expect(off).toBe('1 inactive recovered');
  });

  it('goes on as an alert like others when it has fired for the window', async () => {
    const steady = { 'a{x="1"}': '9 1 9 1 9 9 9 9 9 9 9 9 9 9 9 1' };
    const world = new TestWorld();
    load(world, steady);
    const group = evaluator({ rule: flapping }, world);
    for (let minute = 0; minute < 15; minute++) await group.evaluate(minute * MINUTE_MS, SIGNALS);
    expect(group.rules[0]?.activeAlerts.map(({ annotations }) => annotations.toJSON())).toEqual([{}]);
    await group.evaluate(15 * MINUTE_MS, SIGNALS);
    expect(group.rules[0]?.alertState).toBe('inactive');
  });
});

describe('a rule that fails', () => {
  const failing = async (policy: Partial<RulePolicy>): Promise<readonly number[]> => {
    const world = new TestWorld();
    load(world, { 'a{x="1"}': '9 9 9 9 9' });
    const group = evaluator({ rule: rule('a > 5', ''), policy }, world);
    await group.evaluate(0, SIGNALS);
    world.onQuery = async () => {
      throw new Error('the storage is away');
    };
    for (const minute of [1, 2, 3, 4]) await group.evaluate(minute * MINUTE_MS, SIGNALS);
    expect(group.rules[0]).toMatchObject({ alertState: 'firing', failingSinceMs: 0, health: 'err' });
    return world.notified.flat().map(({ endsAtMs }) => endsAtMs / MINUTE_MS);
  };

  it('goes on telling of its alerts, so that they do not end for who hears nothing', async () => {
    expect(await failing({})).toEqual([4, 6, 8]);
  });

  it('tells nothing, as Prometheus, where that is asked for', async () => {
    expect(await failing({ onError: 'expire' })).toEqual([4]);
  });
});

describe('a rule with more alerts than its limit', () => {
  const limited = (policy: Partial<RulePolicy>) => {
    const world = new TestWorld();
    const [group] = parseRuleFile("groups: [{name: g, limit: 2, rules: [{alert: A, expr: 'a > 5'}]}]", 'f.yml');
    if (group === undefined) throw new Error('no group');
    world.load('a{x="3"} 9 9 9 1 1');
    world.load('a{x="2"} _ 9 9 9 1');
    world.load('a{x="1"} _ 9 9 9 1');
    world.load('a{x="4"} _ _ _ 9 1');
    const settings = { ...SETTINGS, policy: { ...DEFAULT_POLICY, ...policy } };
    return { evaluator: new GroupEvaluator(group, settings, world.world, true), world };
  };
  const minutes = async (policy: Partial<RulePolicy>) => {
    const { evaluator: group } = limited(policy);
    const words: string[] = [];
    for (let minute = 0; minute < 5; minute++) {
      await group.evaluate(minute * MINUTE_MS, SIGNALS);
      const [state] = group.rules;
      const alerts = [...(state?.activeAlerts ?? [])].map(
        ({ labels, annotations }) => labels.get('x') + (annotations.has('vigie_more') ? '+' : ''),
      );
      words.push(`${alerts.sort().join(' ')}${state?.lastError === undefined ? '' : ` (${state.lastError})`}`);
    }
    return words;
  };

  it('loses all of them, as in Prometheus', async () => {
    expect(await minutes({})).toEqual([
      '3',
      ' (exceeded limit of 2 with 3 alerts)',
      ' (exceeded limit of 2 with 3 alerts)',
      ' (exceeded limit of 2 with 3 alerts)',
      '',
    ]);
  });

  it('with on_limit tell keeps those that it has, says how many others there are, and takes them when there is room', async () => {
    const error = '(exceeded limit of 2 with 3 alerts: of 1 nobody is told)';
    expect(await minutes({ onLimit: 'tell' })).toEqual(['3', `2+ 3+ ${error}`, `2+ 3+ ${error}`, `1+ 2+ ${error}`, '']);
  });

  it('tells of them with an annotation', async () => {
    const { evaluator: group, world } = limited({ onLimit: 'tell' });
    await group.evaluate(0, SIGNALS);
    await group.evaluate(MINUTE_MS, SIGNALS);
    expect(world.notified.at(-1)?.map(({ annotations }) => annotations.toJSON())).toEqual([
      { vigie_more: '1 more of this rule, beyond its limit of 2' },
    ]);
  });
});
