import { describe, expect, it } from 'vitest';
import { ailmentsOf, type HealthView } from '../../src/heartbeat/engine-health.ts';

const WELL: HealthView = {
  nowMs: 100_000,
  oldestUnsentMs: 95_000,
  isStateIncomplete: false,
  groups: [
    { intervalMs: 10_000, lastEvaluationMs: 92_000, failed: [false, true] },
    { intervalMs: 60_000, lastEvaluationMs: undefined, failed: [false] },
  ],
};
const LIMITS = { sinceMs: 50_000, stuckAfterMs: 10_000 };

describe('alerts get through', () => {
  it('while rules are evaluated, what is told arrives, and the state is kept', () => {
    expect(ailmentsOf(WELL, LIMITS)).toEqual([]);
    expect(ailmentsOf({ ...WELL, groups: [], oldestUnsentMs: undefined }, LIMITS)).toEqual([]);
  });

  it.each([
    ['deliveries_stuck', { oldestUnsentMs: 89_999 }],
    ['state_not_kept', { isStateIncomplete: true }],
    ['rules_not_evaluated', { groups: [{ intervalMs: 10_000, lastEvaluationMs: 59_999, failed: [false] }] }],
    ['rules_not_evaluated', { groups: [{ intervalMs: 10_000, lastEvaluationMs: undefined, failed: [false] }] }],
    ['rules_failing', { groups: [{ intervalMs: 10_000, lastEvaluationMs: 99_000, failed: [true, true] }] }],
  ])('not: %s', (ailment, change) => {
    expect(ailmentsOf({ ...WELL, ...change }, LIMITS)).toEqual([ailment]);
  });

  it('is judged of what has begun: a group that was never evaluated has time since the start', () => {
    const groups = [{ intervalMs: 10_000, lastEvaluationMs: undefined, failed: [false] }];
    expect(ailmentsOf({ ...WELL, groups }, { ...LIMITS, sinceMs: 60_000 })).toEqual([]);
  });
});
