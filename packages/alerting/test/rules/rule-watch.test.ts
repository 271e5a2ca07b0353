import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { describe, expect, it } from 'vitest';
import { RuleWatch } from '../../src/rules/rule-watch.ts';

const MINUTE = 60_000;
type Groups = Parameters<RuleWatch['check']>[0];

interface Watched {
  readonly missed?: number;
  readonly underWaySinceMs?: number;
  readonly failingSinceMs?: number;
}

/** What the watch looks at of one group with one rule. */
function groups({ missed = 0, underWaySinceMs, failingSinceMs }: Watched): Groups {
  const rule = { rule: { name: 'R' }, lastError: 'the storage is away', failingSinceMs };
  const group = {
    key: 'f.yml;g',
    counts: { missed },
    intervalMs: MINUTE,
    lastEvaluationMs: underWaySinceMs,
    isUnderWay: underWaySinceMs !== undefined,
    rules: [rule],
  };
  return [group] as unknown as Groups;
}

const words = (told: readonly AlertNotification[]): readonly string[] =>
  told.map(({ labels, isResolved }) => `${labels.get('alertname')} ${isResolved ? 'resolved' : 'firing'}`);

describe('the watch over rules', () => {
  it('tells of evaluations that are missed, once a minute until ten minutes after the last', () => {
    const watch = new RuleWatch();
    const told = (minute: number, missed: number) =>
      words(watch.check(groups({ missed }), { severity: 'warning' }, minute * MINUTE));
    // Those that were missed before anybody looked are not news.
    expect(told(0, 3)).toEqual([]);
    const [alert] = watch.check(groups({ missed: 5 }), { severity: 'warning' }, MINUTE);
    expect(alert?.labels).toEqual(
      LabelSet.of({ alertname: 'VigieRuleEvaluationMissed', rule_group: 'f.yml;g', severity: 'warning' }),
    );
    expect(alert?.annotations.get('description')).toMatch(/interval of 60 s: 5 were missed/);
    // Long enough for a restart in between.
    expect(alert?.endsAtMs).toBe(16 * MINUTE);
    for (let minute = 2; minute < 12; minute++) told(minute, 5);
    expect(told(12, 5)).toEqual(['VigieRuleEvaluationMissed resolved']);
  });

  it('tells of an evaluation that does not end', () => {
    const watch = new RuleWatch();
    const at = (minute: number) => words(watch.check(groups({ underWaySinceMs: 0 }), {}, minute * MINUTE));
    expect(at(1)).toEqual([]);
    expect(at(2)).toEqual(['VigieRuleEvaluationMissed firing']);
  });

  it('tells of a rule that fails for five minutes, with its error, and of its end', () => {
    const watch = new RuleWatch();
    const at = (minute: number, failingSinceMs?: number) =>
      watch.check(groups(failingSinceMs === undefined ? {} : { failingSinceMs }), {}, minute * MINUTE);
    for (let minute = 0; minute < 5; minute++) expect(at(minute, 0)).toEqual([]);
    const [alert] = at(5, 0);
    expect(alert?.labels.toJSON()).toEqual({
      alertname: 'VigieRuleEvaluationFailed',
      rule: 'R',
      rule_group: 'f.yml;g',
    });
    expect(alert?.annotations.get('description')).toMatch(/the storage is away$/);
    expect(words(at(6))).toEqual(['VigieRuleEvaluationFailed resolved']);
  });
});
