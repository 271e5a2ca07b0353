import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { dueReceivers, nextDueMs, type Page, reaching, reopened, reviewed } from '../../src/escalation/page.ts';

const STEPS = [
  { afterMs: 10, receiver: 'lead' },
  { afterMs: 30, receiver: 'boss' },
];

const pageOf = (change: Partial<Page> = {}): Page => ({
  id: 'id',
  group: '{}:{}',
  labels: LabelSet.empty,
  receiver: 'a',
  sinceMs: 100,
  reached: new Set(),
  told: new Set(),
  acknowledgement: undefined,
  ...change,
});
const acknowledged = (covers: readonly string[], endsAtMs?: number): Page =>
  pageOf({ acknowledgement: { by: 'ann', comment: '', atMs: 105, endsAtMs, covers: new Set(covers) } });

describe('steps', () => {
  it('are due by their time, each once', () => {
    const page = pageOf();
    expect([109, 110, 130].map((nowMs) => dueReceivers(page, STEPS, nowMs))).toEqual([[], ['lead'], ['lead', 'boss']]);
    expect(nextDueMs(page, STEPS)).toBe(110);
    const led = reaching(page, ['lead']);
    expect(dueReceivers(led, STEPS, 129)).toEqual([]);
    expect(nextDueMs(led, STEPS)).toBe(130);
    expect(nextDueMs(reaching(led, ['boss']), STEPS)).toBeUndefined();
  });

  it('are not due while it is acknowledged', () => {
    expect(dueReceivers(acknowledged(['x']), STEPS, 1000)).toEqual([]);
    expect(nextDueMs(acknowledged(['x']), STEPS)).toBeUndefined();
    expect(nextDueMs(acknowledged(['x'], 700), STEPS)).toBe(700);
  });
});

describe('an acknowledgement', () => {
  it('holds while what it covers fires, or less', () => {
    const page = acknowledged(['x', 'y']);
    expect(reviewed(page, { timeMs: 200, firing: ['x', 'y'], ended: [] })).toEqual({ page, reopening: undefined });
    const { page: less, reopening } = reviewed(page, { timeMs: 200, firing: ['x'], ended: ['y'] });
    expect(reopening).toBeUndefined();
    expect(less.acknowledgement?.covers).toEqual(new Set(['x']));
    // It comes again: that is another.
    expect(reviewed(less, { timeMs: 300, firing: ['x', 'y'], ended: [] }).reopening).toBe('another alert fires');
  });

  it('ends with another alert, or with its time, and steps begin anew from then', () => {
    const reached = reaching(acknowledged(['x'], 500), ['lead']);
    const joined = reviewed(reached, { timeMs: 200, firing: ['x', 'z'], ended: [] });
    expect(joined).toEqual({ page: reopened(reached, 200), reopening: 'another alert fires' });
    expect(dueReceivers(joined.page, STEPS, 210)).toEqual(['lead']);
    expect(joined.page.told).toEqual(new Set(['lead']));
    const over = reviewed(reached, { timeMs: 900, firing: ['x'], ended: [] });
    expect(over).toEqual({ page: reopened(reached, 500), reopening: 'the acknowledgement has ended' });
  });
});
