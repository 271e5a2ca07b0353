import { expect, it } from 'vitest';
import { AlertStore, DEFAULT_ALERT_LIMITS } from '../../src/alerts/alert-store.ts';
import { KeptAlerts } from '../../src/alerts/kept-alerts.ts';
import { posted } from './alerts.ts';

const MINUTE = 60_000;

it('writes an alert when it comes, changes or ends, and while it goes on only before the end that is written comes near', () => {
  const store = new AlertStore(DEFAULT_ALERT_LIMITS);
  const kept = new KeptAlerts();
  /** Minutes; as Prometheus tells of it each minute. */
  const at = (minute: number, endsAt = minute + 4, summary = 'a'): boolean => {
    const times = { startsAtMs: 0, endsAtMs: endsAt * MINUTE, updatedAtMs: minute * MINUTE };
    const { taken, changed } = store.put([posted({ alertname: 'A' }, times, { summary })], minute * MINUTE);
    return kept.take(taken, changed, minute * MINUTE).length > 0;
  };
  expect([0, 1, 2, 3, 4, 5, 6].map((minute) => at(minute))).toEqual([true, false, false, true, false, false, true]);
  expect(at(7, 11, 'b')).toBe(true);
  expect(at(8, 12, 'b')).toBe(false);
  expect(at(9, 9, 'b')).toBe(true);
  expect(at(10)).toBe(true);
  kept.forgetAll();
  expect(at(11)).toBe(true);
  kept.retain(() => false);
  expect(at(12)).toBe(true);
});

it('lists alerts by their fingerprints, also when some have come or gone', () => {
  const store = new AlertStore(DEFAULT_ALERT_LIMITS);
  const put = (...names: readonly string[]) =>
    store.put(
      names.map((alertname) => posted({ alertname })),
      0,
    );
  const isSorted = (): boolean => {
    const all = store.sorted().map(({ fingerprint }) => fingerprint);
    return all.length === store.size && all.every((one, at) => at === 0 || all[at - 1]! < one);
  };
  put('A', 'B', 'C', 'D');
  expect(isSorted()).toBe(true);
  put('E', 'A');
  expect(isSorted()).toBe(true);
  store.put([posted({ alertname: 'B' }, { endsAtMs: 1, updatedAtMs: 1 })], 1);
  store.collectGarbage(1, () => false);
  expect([isSorted(), store.size]).toEqual([true, 4]);
});
