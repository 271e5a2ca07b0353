import { describe, expect, it } from 'vitest';
import { AlertStore, DEFAULT_ALERT_LIMITS } from '../../src/alerts/alert-store.ts';
import { posted } from './alerts.ts';

const names = (store: AlertStore): readonly string[] => [...store.all()].map(({ labels }) => labels.get('alertname'));

describe('the alert store', () => {
  it('has an alert once, by its labels', () => {
    const store = new AlertStore(DEFAULT_ALERT_LIMITS);
    store.put([posted({ alertname: 'A' }), posted({ alertname: 'B' })], 0);
    const { taken } = store.put([posted({ alertname: 'A' }, { startsAtMs: 5, updatedAtMs: 5, endsAtMs: 400_000 })], 5);
    expect(taken).toMatchObject([{ startsAtMs: 0, endsAtMs: 400_000, updatedAtMs: 5 }]);
    expect(names(store)).toEqual(['A', 'B']);
    expect(store.counts).toEqual({ firing: 3, resolved: 0 });
  });

  it('refuses and counts new alerts where there are as many as may be, and takes those it knows', () => {
    const store = new AlertStore({ alerts: 2, alertSize: 1000 });
    const all = ['A', 'B', 'C'].map((alertname) => posted({ alertname }));
    const { taken, refused } = store.put(all, 0);
    expect(taken).toHaveLength(2);
    expect(refused).toMatchObject([{ reason: 'too_many' }]);
    expect(store.put([posted({ alertname: 'A' }, { updatedAtMs: 1 })], 1).refused).toEqual([]);
    store.put([posted({ alertname: 'A' }, { endsAtMs: 2, updatedAtMs: 2 })], 2);
    store.collectGarbage(2, () => false);
    expect(store.put([posted({ alertname: 'C' })], 2).refused).toEqual([]);
    expect(names(store)).toEqual(['B', 'C']);
    expect(store.refused).toEqual({ too_many: 1, too_large: 0 });
  });

  it('refuses an alert of a megabyte', () => {
    const store = new AlertStore(DEFAULT_ALERT_LIMITS);
    const { taken, refused } = store.put([posted({ alertname: 'A', big: 'x'.repeat(2 ** 20) })], 0);
    expect([taken.length, refused.map(({ reason }) => reason)]).toEqual([0, ['too_large']]);
  });

  it('forgets resolved alerts, but for those whose end somebody is owed', () => {
    const store = new AlertStore(DEFAULT_ALERT_LIMITS);
    const owed = posted({ alertname: 'C' }, { endsAtMs: 100 });
    store.put([posted({ alertname: 'A' }, { endsAtMs: 100 }), posted({ alertname: 'B' }, { endsAtMs: 101 }), owed], 0);
    store.collectGarbage(100, (fingerprint) => fingerprint === owed.fingerprint);
    expect(names(store)).toEqual(['B', 'C']);
  });
});
