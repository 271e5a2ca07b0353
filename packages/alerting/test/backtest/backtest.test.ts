/** Rules over answers that a test writes down. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import { parseRuleFile } from '@vigie/rules/file/parse-rule-file';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { describe, expect, it } from 'vitest';
import { type BacktestRequest, backtest } from '../../src/backtest/backtest.ts';
import type { AskRange } from '../../src/backtest/range.ts';
import { configOf, toldBy } from './told-by.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { signal } = new AbortController();

const ALERTMANAGER = `route:
  receiver: office
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  routes: [{ receiver: pager, matchers: [severity="page"] }]
receivers:
  - { name: office, webhook_configs: [{ url: 'http://office.example/' }] }
  - { name: pager, webhook_configs: [{ url: 'http://pager.example/' }] }
`;

/** @param answers series with a value a minute from the start, by the expression that finds them */
async function backtested(
  rules: string,
  answers: Readonly<Record<string, readonly string[]>>,
  request: Partial<BacktestRequest> = {},
) {
  const asked: string[] = [];
  const progress: string[] = [];
  const ask: AskRange = async (query, { startMs, endMs }) => {
    asked.push(`${query} ${startMs / MINUTE}-${endMs / MINUTE}`);
    const lines = answers[query];
    if (lines === undefined) throw new Error(`no answer to ${query}`);
    return lines.flatMap((line) => {
      const { labels, values } = parseSeriesLine(line, 0);
      const samples = values.flatMap(({ value }, minute) => {
        const timeMs = minute * MINUTE;
        return typeof value === 'number' && timeMs >= startMs && timeMs <= endMs ? [[timeMs, value] as const] : [];
      });
      const [timestampsMs, found] = [samples.map(([timeMs]) => timeMs), samples.map(([, value]) => value)];
      return samples.length === 0 ? [] : [{ labels, timestampsMs, values: found }];
    });
  };
  const result = await backtest(
    {
      groups: parseRuleFile(rules, 'rules.yml'),
      told: undefined,
      policy: DEFAULT_POLICY,
      resendDelayMs: MINUTE,
      startMs: 0,
      endMs: HOUR,
      intervalMs: MINUTE,
      externalLabels: LabelSet.empty,
      ...request,
    },
    { ask, logs: undefined, onProgress: (done, total) => progress.push(`${done}/${total}`), onTold: () => undefined },
    signal,
  );
  return { ...result, asked, progress };
}

const rule = (rest: string): string => `groups:\n  - name: g\n    rules:\n      - { alert: A, expr: a > 0, ${rest} }\n`;

describe('a backtest', () => {
  it('counts what fires, after `for`, while it is found and `keep_firing_for` after', async () => {
    const found = { 'a > 0': ['a{job="web"} _x10 1x9 _x10 1x1 _x5 1x60'] };
    const { rules } = await backtested(rule('for: 5m, keep_firing_for: 2m'), found);
    // Found at 10 to 19, fires from 15 to 21; the minute at 30 is too short; found from 37 on, fires from 42 to the end.
    expect(rules).toEqual([
      {
        ...{
          file: 'rules.yml',
          group: 'g',
          alert: 'A',
          alerts: 1,
          fired: 2,
          pages: 2,
          failed: undefined,
          error: undefined,
        },
        firingMs: (7 + 18) * MINUTE,
        longestMs: 18 * MINUTE,
      },
    ]);
  });

  it('takes alerts that fire together for one page, unless a configuration says otherwise', async () => {
    const found = { 'a > 0': ['a{job="web"} 1x20', 'a{job="db"} _x10 1x20', 'a{job="mail"} _x40 1x5'] };
    const { rules, receivers } = await backtested(rule('labels: { severity: page }'), found);
    expect(rules).toMatchObject([{ alerts: 3, fired: 3, pages: 2 }]);
    expect(receivers).toBeUndefined();
    const told = await toldBy(ALERTMANAGER);
    const paged = await backtested(rule('labels: { severity: page }'), found, { told });
    // web, then db at the next flush, web over, db over, mail in a group of its own time.
    expect(paged.receivers).toEqual([
      { receiver: 'pager', pages: expect.any(Number), firstMs: 30_000, lastMs: 40 * MINUTE + 30_000 },
    ]);
    expect(paged.rules[0]?.pages).toBe(paged.receivers?.[0]?.pages);
    expect(paged.rules[0]?.pages).toBeGreaterThanOrEqual(3);
  });

  it('expands labels, and adds external ones, by which routes decide', async () => {
    const told = await toldBy(ALERTMANAGER.replace('severity="page"', 'team="web-eu"'));
    const labels = `labels: { team: '{{ $labels.job }}-{{ $externalLabels.region }}' }`;
    const { receivers } = await backtested(
      rule(labels),
      { 'a > 0': ['a{job="web"} 1x60'] },
      { told, externalLabels: LabelSet.of({ region: 'eu' }) },
    );
    expect(receivers).toMatchObject([{ receiver: 'pager', pages: 1 }]);
  });

  it('asks a day at a time, on the grid of the interval, looks back by query_offset, and tells of its progress', async () => {
    const rules = `groups:\n  - { name: g, interval: 1h, query_offset: 5m, rules: [{ alert: A, expr: a > 0 }, { record: r, expr: b }] }\n`;
    const { asked, progress } = await backtested(rules, { 'a > 0': [] }, { startMs: MINUTE, endMs: 49 * HOUR });
    expect(asked).toEqual(['a > 0 55-1435', 'a > 0 1495-2875', 'a > 0 2935-2935']);
    expect(progress).toEqual(['0/3', '1/3', '2/3', '3/3']);
  });

  it('goes on with the others where a rule cannot be asked', async () => {
    const two = `${rule('')}      - { alert: B, expr: b }\n`;
    const { rules, progress } = await backtested(two, { b: ['b 1x60'] });
    expect(rules).toMatchObject([
      { alert: 'A', fired: 0, error: 'no answer to a > 0' },
      { alert: 'B', fired: 1, error: undefined },
    ]);
    expect(progress.at(-1)).toBe('2/2');
  });

  it('asks what ends an alert, and which series are there, where its options take it', async () => {
    const annotations = "annotations: { vigie_clear_expr: 'a < 70', vigie_no_data: keep }";
    const rules = rule(annotations).replace('a > 0', 'a > 95');
    const { rules: tested, asked } = await backtested(rules, {
      'a > 95': ['a{job="web"} _x10 99x5 _x60'],
      a: ['a{job="web"} 80x10 99x5 80x10 60x2 80x3 _x60'],
      'a < 70': ['a{job="web"} _x26 60x1 _x60'],
    });
    // From 10m until it falls below 70 at 26m.
    expect(tested).toMatchObject([{ fired: 1, firingMs: 16 * MINUTE, error: undefined }]);
    expect(asked.toSorted()).toEqual(['a 0-60', 'a < 70 0-60', 'a > 95 0-60']);
  });

  it('takes an alert that comes and goes for one where it flaps', async () => {
    const found = { 'a > 0': [`a{job="web"} ${'1 _ '.repeat(10)}_x40`] };
    expect((await backtested(rule(''), found)).rules).toMatchObject([{ fired: 10, pages: 10 }]);
    const { rules } = await configOf(ALERTMANAGER, 'rules: { flap: 3 in 10m }\n');
    // Of the third time it is held, until it has not fired for ten minutes.
    const held = await backtested(rule(''), found, { policy: rules.policy });
    expect(held.rules).toMatchObject([{ fired: 3, pages: 3, firingMs: (1 + 1 + 24) * MINUTE }]);
  });

  it('counts the evaluations at which a rule fails, whose alerts go on or are lost as they would be', async () => {
    const limited = `groups: [{ name: g, limit: 1, rules: [{ alert: A, expr: a > 0 }] }]\n`;
    const found = { 'a > 0': ['a{job="web"} 1x20', 'a{job="db"} _x10 1x4'] };
    const { rules } = await backtested(limited, found);
    expect(rules).toMatchObject([{ alert: 'A', failed: { count: 5, error: 'exceeded limit of 1 with 2 alerts' } }]);
    const same = rule("labels: { job: '' }").replace('a > 0', 'a > 0');
    const twice = await backtested(same, found);
    expect(twice.rules).toMatchObject([
      { fired: 1, failed: { count: 5, error: expect.stringContaining('the same labelset') }, error: undefined },
    ]);
  });

  it('takes a lost alert for firing as long as whoever is told of it would', async () => {
    const limited = `groups: [{ name: g, limit: 1, rules: [{ alert: A, expr: a > 0 }] }]\n`;
    const found = { 'a > 0': ['a{job="web"} 1x19', 'a{job="db"} _x10 1x9'] };
    // Told last at 9, and valid for four times as long as it takes to be told again.
    expect((await backtested(limited, found)).rules).toMatchObject([{ fired: 1, firingMs: (9 + 4) * MINUTE }]);
    const { rules } = await configOf(ALERTMANAGER, 'rules: { resend_delay: 2m }\n');
    const rarely = await backtested(limited, found, { resendDelayMs: rules.resendDelayMs });
    expect(rarely.rules).toMatchObject([{ fired: 1, firingMs: (9 + 8) * MINUTE }]);
  });
});

describe('who a backtest says would have been told', () => {
  const two = `groups:
  - name: g
    rules:
      - { alert: NodeDown, expr: down, for: 2m, labels: { severity: page } }
      - { alert: A, expr: a > 0, labels: { severity: page } }
`;
  const found = { down: ['down{node="n1"} 1x60'], 'a > 0': ['a{instance="n1"} 1x60'] };
  const inhibition = (hold: string): string => `inhibition:
  hold: ${hold}
  rules: [{ source_matchers: [alertname="NodeDown"], target_matchers: [alertname="A"], equal: [node=instance] }]
`;

  it('knows the inhibition rules of alerting.yaml, and waits for what is pending as long as it says', async () => {
    const pagesOf = async (alerting: string) => {
      const { rules } = await backtested(two, found, { told: await toldBy(ALERTMANAGER, alerting) });
      return Object.fromEntries(rules.map(({ alert, pages }) => [alert, pages]));
    };
    expect(await pagesOf('')).toEqual({ NodeDown: 1, A: 1 });
    // Told before NodeDown fires, and then inhibited.
    expect(await pagesOf(inhibition('0s'))).toEqual({ NodeDown: 1, A: 1 });
    expect(await pagesOf(inhibition('5m'))).toEqual({ NodeDown: 1, A: 0 });
  });

  it('are receivers of steps', async () => {
    const escalating = 'receivers: { pager: { escalation: [{ after: 10m, receiver: office }] } }\n';
    const told = await toldBy(ALERTMANAGER, escalating);
    const { receivers } = await backtested(rule('labels: { severity: page }'), { 'a > 0': ['a 1x60'] }, { told });
    expect(receivers).toMatchObject([
      { receiver: 'pager', pages: 1, firstMs: 30_000 },
      { receiver: 'office', pages: 1, firstMs: 30_000 + 10 * MINUTE },
    ]);
  });
});
