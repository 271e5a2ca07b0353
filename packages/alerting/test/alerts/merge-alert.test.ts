import { describe, expect, it } from 'vitest';
import { mergeAlert } from '../../src/alerts/merge-alert.ts';
import { posted } from './alerts.ts';

const NAMES = { alertname: 'A' };

type Times = readonly [startsAtMs: number, endsAtMs: number, updatedAtMs: number, hasTimeout?: boolean];

const alert = ([startsAtMs, endsAtMs, updatedAtMs, hasTimeout = false]: Times) =>
  posted(NAMES, { startsAtMs, endsAtMs, updatedAtMs, hasTimeout }, { at: String(updatedAtMs) });

/** Section 2.5, "merge with stored alert", at the time 100. */
describe('an alert that comes again', () => {
  it.each<readonly [string, Times, Times, readonly [number, number, number]]>([
    ['begins where the earlier began, and ends where the younger says', [10, 150, 20], [50, 200, 60], [10, 200, 60]],
    ['keeps a later end that was named', [10, 300, 20], [50, 200, 60], [10, 300, 60]],
    ['does not keep a later end that was a timeout', [10, 300, 20, true], [50, 200, 60], [10, 200, 60]],
    ['is resolved where the younger says so', [10, 300, 20], [10, 90, 60], [10, 90, 60]],
    ['keeps the later of two ends that are over', [10, 95, 20], [10, 90, 60], [10, 95, 60]],
    ['takes the younger, whichever comes first', [50, 200, 60], [10, 150, 20], [10, 200, 60]],
    ['is another where the times do not overlap', [10, 40, 20], [50, 200, 60], [50, 200, 60]],
    ['is another where one ends as the other begins', [10, 50, 20], [50, 200, 60], [50, 200, 60]],
  ])('%s', (_behaviour, known, next, [startsAtMs, endsAtMs, updatedAtMs]) => {
    const merged = mergeAlert(alert(known), alert(next), 100);
    expect(merged).toMatchObject({ startsAtMs, endsAtMs, updatedAtMs });
    expect(merged.annotations.get('at')).toBe(String(updatedAtMs));
  });
});
