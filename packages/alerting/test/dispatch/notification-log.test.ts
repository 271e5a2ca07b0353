import { describe, expect, it } from 'vitest';
import { type Alert, compareAlerts } from '../../src/dispatch/alert.ts';
import type { Flush } from '../../src/dispatch/alert-group.ts';
import { NotificationLog, notificationReason } from '../../src/dispatch/notification-log.ts';
import { alertOf } from './world.ts';

const alerts = (names: string): readonly Alert[] => names.split('').map((alertname) => alertOf({ alertname }));

function flushOf(firing: string, resolved: string, timeMs = 100): Flush {
  const ended = alerts(resolved);
  return { timeMs, alerts: [...alerts(firing), ...ended], resolved: ended };
}

/** The decisions of section 2.7: what was told before, what there is now, whether the receiver wants to hear of ends. */
describe('whether to tell', () => {
  it.each([
    [undefined, ['', ''], true, undefined],
    [undefined, ['', 'a'], true, undefined],
    [undefined, ['a', ''], true, 'first notification'],
    [['a', ''], ['a', ''], true, undefined],
    [['a', ''], ['ab', ''], true, 'new alerts added'],
    [['', 'a'], ['a', ''], true, 'first notification'],
    [['ab', ''], ['a', 'b'], true, 'some alerts resolved'],
    [['ab', ''], ['a', 'b'], false, undefined],
    [['a', 'b'], ['a', 'b'], true, undefined],
    [['a', ''], ['', 'a'], true, 'all alerts resolved'],
    [['a', ''], ['', 'a'], false, 'all alerts resolved'],
    [['', 'a'], ['', 'a'], true, undefined],
    [['ab', ''], ['a', ''], true, undefined],
  ] as const)('after %j, of %j, send_resolved %s: %s', (before, now, sendResolved, reason) => {
    const log = new NotificationLog(10_000);
    const rules = { sendResolved, repeatIntervalMs: 1000, owesResolves: false };
    if (before !== undefined) log.record('group', 'a/webhook/0', flushOf(before[0], before[1], 0), rules);
    expect(notificationReason(log.get('group', 'a/webhook/0'), flushOf(now[0], now[1]), rules)).toBe(reason);
    expect(log.get('group', 'a/webhook/1')).toBeUndefined();
  });

  it.each([
    [1000, undefined],
    [1001, 'repeat interval elapsed'],
    // The clock has been set back.
    [-1, 'repeat interval elapsed'],
  ])('again after the repeat interval: at %d it is %s', (timeMs, reason) => {
    const log = new NotificationLog(10_000);
    const rules = { sendResolved: true, repeatIntervalMs: 1000, owesResolves: false };
    log.record('group', 'a', flushOf('a', '', 0), rules);
    expect(notificationReason(log.get('group', 'a'), flushOf('a', '', timeMs), rules)).toBe(reason);
  });
});

it('forgets after two repeat intervals, or the retention', () => {
  const log = new NotificationLog(5000);
  log.record('short', 'a', flushOf('a', '', 0), { sendResolved: true, repeatIntervalMs: 1000, owesResolves: false });
  log.record('long', 'a', flushOf('a', '', 0), { sendResolved: true, repeatIntervalMs: 9000, owesResolves: false });
  expect(log.collectGarbage(1999)).toBe(0);
  expect(log.collectGarbage(2000)).toBe(1);
  expect(log.get('short', 'a')).toBeUndefined();
  expect(log.get('long', 'a')).toBeDefined();
  expect(log.collectGarbage(5000)).toBe(1);
});

describe('what is owed', () => {
  const rules = { sendResolved: true, repeatIntervalMs: 1000, owesResolves: true };

  it('is the end of each alert that was told of as firing, until it has been told', () => {
    const log = new NotificationLog(9000);
    const owed = (firing: string, resolved: string): readonly (string | undefined)[] => {
      const entry = log.record('group', 'a', flushOf(firing, resolved), rules);
      return alerts('abc')
        .filter(({ fingerprint }) => entry.owed.has(fingerprint))
        .map(({ labels }) => labels.get('alertname'));
    };
    expect(owed('ab', '')).toEqual(['a', 'b']);
    // a is muted meanwhile.
    expect(owed('bc', '')).toEqual(['a', 'b', 'c']);
    expect(owed('c', 'b')).toEqual(['a', 'c']);
    expect(owed('', 'ac')).toEqual([]);
  });

  it('is remembered for the whole retention', () => {
    const log = new NotificationLog(9000);
    expect(log.record('group', 'a', flushOf('a', '', 0), rules).expiresAtMs).toBe(9000);
    expect(log.record('group', 'a', flushOf('', 'a', 0), rules).expiresAtMs).toBe(2000);
  });

  it('is owed to those who were told in the place of another, too, until they have heard of it', () => {
    const log = new NotificationLog(9000);
    const names = (id: string): string => {
      const owed = log.get('group', 'a')?.inPlace.get(id);
      return alerts('ab')
        .flatMap(({ fingerprint, labels }) => (owed?.has(fingerprint) === true ? [labels.get('alertname')] : []))
        .join('');
    };
    const inPlace = ['spare/webhook/0', 'spare/webhook/1'];
    log.record('group', 'a', flushOf('a', ''), rules, { own: false, inPlace, kept: undefined });
    log.record('group', 'a', flushOf('ab', ''), rules);
    expect(inPlace.map(names)).toEqual(['a', 'a']);
    const ends = { own: true, inPlace: ['spare/webhook/0'], kept: undefined };
    expect(log.record('group', 'a', flushOf('', 'ab', 0), rules, ends).expiresAtMs).toBe(9000);
    expect(inPlace.map(names)).toEqual(['', 'a']);
    const [a] = alerts('a').map(({ fingerprint }) => fingerprint);
    expect([...(log.owed().get('group') ?? [])]).toEqual([a]);
    log.recordEndsInPlace('group', 'a', ['spare/webhook/1'], log.owed().get('group') ?? []);
    expect(log.get('group', 'a')?.inPlace.size).toBe(0);
  });
});

it('keeps what is not repeated on purpose', () => {
  const log = new NotificationLog(5000);
  for (const group of ['held', 'other'])
    log.record(group, 'a', flushOf('a', '', 0), { sendResolved: false, repeatIntervalMs: 1000, owesResolves: false });
  expect(log.collectGarbage(2000, (group) => group === 'held')).toBe(1);
  expect(log.get('held', 'a')).toBeDefined();
});

it('lists alerts by job, instance and labels', () => {
  const labels: readonly Readonly<Record<string, string>>[] = [
    { alertname: 'A' },
    { alertname: 'B', instance: '2' },
    { alertname: 'C', job: 'b' },
    { alertname: 'D', job: 'a', instance: '2' },
    { alertname: 'E', job: 'a', instance: '1' },
    { alertname: 'F', job: 'a' },
    { alertname: 'B', job: 'a', instance: '1' },
  ];
  const sorted = labels.map((one) => alertOf(one)).sort(compareAlerts);
  expect(sorted.map(({ labels }) => labels.get('alertname')).join('')).toBe('BEDFCBA');
});

it('lists alerts with fewer labels first, and of as many those that lack the first name that differs', () => {
  const labels: readonly Readonly<Record<string, string>>[] = [
    { alertname: 'A', job: 'a', pod: '1', zone: 'x' },
    { alertname: 'A', container: 'c', job: 'a' },
    { alertname: 'Z', job: 'a' },
    { alertname: 'A', job: 'a', pod: '1' },
    { alertname: 'B', job: 'a', pod: '0' },
  ];
  const sorted = labels.map((one) => alertOf(one)).sort(compareAlerts);
  // As Alertmanager does, whose label sets are not Prometheus'.
  expect(sorted.map((alert) => labels.findIndex((one) => alertOf(one).fingerprint === alert.fingerprint))).toEqual([
    2, 3, 1, 4, 0,
  ]);
});

describe('a flush that somebody else has gone on from meanwhile', () => {
  const rules = { sendResolved: true, repeatIntervalMs: 1000, owesResolves: true };
  const names = (fingerprints: Iterable<string>): string =>
    [...'abc'].filter((name) => new Set(fingerprints).has(alertOf({ alertname: name }).fingerprint)).join('');

  it.each([
    // It is over by what was told since: when it fires again, it is to be told.
    [['', 'a'], 'a', { firing: '', owed: '' }],
    [['a', ''], 'a', { firing: 'a', owed: 'a' }],
    // Nobody has told of its end, nor of it since.
    [['a', ''], 'ab', { firing: 'a', owed: 'ab' }],
    [['', 'a'], 'ab', { firing: '', owed: 'b' }],
  ] as const)('is behind what was told since: after %j, %s', (since, told, known) => {
    const log = new NotificationLog(10_000);
    log.record('group', 'a', flushOf(since[0], since[1], 200), rules);
    const before = log.get('group', 'a');
    const entry = log.recordLate('group', 'a', flushOf(told, '', 100), rules, []);
    const after = log.get('group', 'a');
    expect(after).toBe(entry ?? before);
    expect({ firing: names(after?.firing ?? []), owed: names(after?.owed ?? []) }).toEqual(known);
    expect(after?.timeMs).toBe(200);
  });

  it('owes nothing to a receiver that hears of no ends, and remembers who was told in its place', () => {
    const log = new NotificationLog(10_000);
    const silent = { ...rules, owesResolves: false };
    log.record('group', 'a', flushOf('a', '', 200), silent);
    expect(log.recordLate('group', 'a', flushOf('ab', '', 100), silent, [])).toBeUndefined();
    for (const group of ['a', 'b']) {
      log.record(group, 'a', flushOf('a', '', 200), group === 'a' ? silent : rules);
      const late = log.recordLate(group, 'a', flushOf('a', '', 100), group === 'a' ? silent : rules, ['spare']);
      expect([...(late?.inPlace.keys() ?? [])]).toEqual(['spare']);
      expect(late?.owed.size).toBe(group === 'a' ? 0 : 1);
    }
  });
});
