import { describe, expect, it } from 'vitest';
import { RecordVersions } from '../../src/ha/record-versions.ts';
import type { StateRecord } from '../../src/state/state-record.ts';
import { posted } from '../alerts/alerts.ts';

const alert = (updatedAtMs: number): StateRecord => ({
  kind: 'alert',
  alert: posted({ alertname: 'A' }, { startsAtMs: 0, endsAtMs: 1, updatedAtMs }),
});
const claim = (claimedAtMs: number): StateRecord => ({
  kind: 'claim',
  claim: { groupId: 'g', group: 'g', integration: 'i', claimedAtMs, beganAtMs: claimedAtMs },
});
const none: ReadonlySet<string> = new Set();
const told = (timeMs: number): StateRecord => ({
  kind: 'told',
  group: 'g',
  integration: 'i',
  entry: { timeMs, firing: none, resolved: none, owed: none, inPlace: new Map(), expiresAtMs: 0 },
});

describe('versions of records', () => {
  it('are the time of what is told, and above what is known, where a clock is behind', () => {
    const versions = new RecordVersions();
    expect(versions.next(told(100), 100)).toBe(100);
    expect(versions.next(told(50), 50)).toBe(101);
    expect(versions.take(told(101), 101)).toBe(false);
    expect(versions.take(told(300), 300)).toBe(true);
    expect(versions.next(told(200), 200)).toBe(301);
    expect(versions.current(told(200))).toBe(301);
  });

  it('hold in whatever order they come', () => {
    for (const order of [
      [1, 2, 3],
      [3, 1, 2],
      [2, 3, 1],
    ]) {
      const versions = new RecordVersions();
      let holds = 0;
      for (const version of order) if (versions.take(alert(version), version)) holds = version;
      expect(holds).toBe(3);
    }
  });

  it('of what was told are above that of its claim, which it ends also where it comes first', () => {
    const versions = new RecordVersions();
    expect(versions.next(claim(105), 105)).toBe(105);
    const version = versions.next(told(100), 110);
    expect(version).toBe(106);
    const others = new RecordVersions();
    expect(others.take(told(100), version)).toBe(true);
    expect(others.take(claim(105), 105)).toBe(false);
    expect(others.take(claim(200), 200)).toBe(true);
  });

  it('are forgotten an hour after what they are of', () => {
    const versions = new RecordVersions();
    versions.next(alert(1000), 1000);
    versions.retain([], 1000 + 3_600_000);
    expect(versions.take(alert(900), 900)).toBe(false);
    versions.retain([], 1001 + 3_600_000);
    expect(versions.take(alert(900), 900)).toBe(true);
  });
});
