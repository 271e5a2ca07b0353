/** Rules over answers that a test writes down. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseSeriesLine } from '@vigie/promql/script/series-line';
import { parseRuleFile } from '@vigie/rules/file/parse-rule-file';
import { describe, expect, it } from 'vitest';
import { type BacktestRequest, backtest } from '../../src/backtest/backtest.ts';
import type { AskRange } from '../../src/backtest/range.ts';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';

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
      alertmanager: undefined,
      startMs: 0,
      endMs: HOUR,
      intervalMs: MINUTE,
      externalLabels: LabelSet.empty,
      ...request,
    },
    { ask, logs: undefined, onProgress: (done, total) => progress.push(`${done}/${total}`) },
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
        ...{ file: 'rules.yml', group: 'g', alert: 'A', alerts: 1, fired: 2, pages: 2, error: undefined },
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
    const alertmanager = parseAlertmanagerConfig(ALERTMANAGER, 'alertmanager.yml');
    const told = await backtested(rule('labels: { severity: page }'), found, { alertmanager });
    // web, then db at the next flush, web over, db over, mail in a group of its own time.
    expect(told.receivers).toEqual([
      { receiver: 'pager', pages: expect.any(Number), firstMs: 30_000, lastMs: 40 * MINUTE + 30_000 },
    ]);
    expect(told.rules[0]?.pages).toBe(told.receivers?.[0]?.pages);
    expect(told.rules[0]?.pages).toBeGreaterThanOrEqual(3);
  });

  it('expands labels, and adds external ones, by which routes decide', async () => {
    const alertmanager = parseAlertmanagerConfig(ALERTMANAGER.replace('severity="page"', 'team="web-eu"'), 'a.yml');
    const labels = `labels: { team: '{{ $labels.job }}-{{ $externalLabels.region }}' }`;
    const { receivers } = await backtested(
      rule(labels),
      { 'a > 0': ['a{job="web"} 1x60'] },
      { alertmanager, externalLabels: LabelSet.of({ region: 'eu' }) },
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
});
