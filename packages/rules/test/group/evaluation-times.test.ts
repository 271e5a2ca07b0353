import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueEvaluation, evaluationTimeBefore } from '../../src/group/evaluation-times.ts';

const group = (name: string) => ({ name, file: '/etc/rules.yml', evalOffsetMs: undefined });

describe('times of evaluations', () => {
  it('are the same after each restart, an interval apart, and at or before now', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
        (name, intervalMs, nowMs) => {
          const atMs = evaluationTimeBefore(group(name), intervalMs, nowMs);
          expect(nowMs - atMs).toBeGreaterThanOrEqual(0);
          expect(nowMs - atMs).toBeLessThan(intervalMs + 1);
          // Times are cut to the ms, of offsets in ns.
          expect(evaluationTimeBefore(group(name), intervalMs, atMs + intervalMs + 1)).toBe(atMs + intervalMs);
        },
      ),
      { seed: 1129, numRuns: 200, examples: [['g', 60_000, 1_700_000_000_000]] },
    );
  });

  it('are spread over the interval', () => {
    const offsets = Array.from({ length: 100 }, (_, n) => evaluationTimeBefore(group(`g${n}`), 60_000, 6e12) % 60_000);
    expect(new Set(offsets.map((offset) => Math.floor(offset / 6000))).size).toBe(10);
  });

  it('are those that the hash of name and file gives in Prometheus', () => {
    // xxhash64 of `\x04file\x0e/etc/rules.yml\x04name\x01g`, by the interval in ns.
    expect(evaluationTimeBefore(group('g'), 60_000, 1_800_000_000_000)).toBe(1_799_999_946_254);
    // As a Prometheus 3.15 evaluated it.
    const observed = { name: 'g-one', file: 'rules.yml', evalOffsetMs: undefined };
    expect(evaluationTimeBefore(observed, 7000, 1_795_972_603_000)).toBe(1_795_972_601_106);
  });

  it('are at the offset that the group names', () => {
    const named = { ...group('g'), evalOffsetMs: 90_000 };
    expect(evaluationTimeBefore(named, 600_000, 1_800_000_000_000)).toBe(1_799_999_490_000);
  });

  it.each([
    [0, undefined],
    [59_999, undefined],
    [60_000, { timestampMs: 60_000, missed: 0 }],
    [119_999, { timestampMs: 60_000, missed: 0 }],
    [185_000, { timestampMs: 180_000, missed: 2 }],
  ])('%d ms after the last one, %j is due', (nowMs, expected) => {
    expect(dueEvaluation(0, 60_000, nowMs)).toEqual(expected);
  });
});
