/** Lines that come late, out of order and at the edges of steps, over outages and restarts, against a model. */
import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { LogLab, MINUTE, PATTERN, RATE, SECOND, START } from './lab.ts';
import type { StoredLine } from './memory-source.ts';

const SEEDS = 30;
const EVALUATIONS = 30;
const PODS = ['a', 'b', 'c'];
const STEP = 10 * SECOND;

interface Scenario {
  readonly lines: readonly StoredLine[];
  /** Unix ms; some are left out. */
  readonly evaluations: readonly number[];
  /** Before these evaluations the process is another. */
  readonly restarts: ReadonlySet<number>;
}

function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  // As evaluation times of groups lie: at no round time.
  const phase = pick(MINUTE);
  const evaluations = Array.from({ length: EVALUATIONS }, (_, index) => START + phase + index * MINUTE).filter(
    (_, index) => index === 0 || random() > 0.2,
  );
  const endMs = START + EVALUATIONS * MINUTE;
  const lines = Array.from({ length: 200 }, (): StoredLine => {
    const anywhere = START + phase + 1 + pick(endMs - START);
    const timeMs = random() < 0.3 ? Math.ceil(anywhere / STEP) * STEP : anywhere;
    const lateMs = random() < 0.5 ? pick(2 * SECOND) : pick(10 * MINUTE);
    return { timeMs, arrivesMs: timeMs + lateMs, labels: { pod: PODS[pick(PODS.length)] ?? '' } };
  });
  return { lines, evaluations, restarts: new Set(evaluations.filter(() => random() < 0.15)) };
}

const SIDES = ['beginning', 'end'] as const;
const CASES = Array.from({ length: SEEDS }, (_, seed) => [seed, SIDES[seed % 2] ?? 'end'] as const);

describe('late lines', () => {
  it.each(CASES)('are each counted once by a pattern: seed %i, steps have their %s', async (seed, has) => {
    const { lines, evaluations, restarts } = scenarioOf(seed);
    const lab = new LogLab(has);
    lab.source.lines.push(...lines);
    // An alert of one evaluation has the lines that it has found.
    const rule = { ...PATTERN, rangeMs: SECOND };
    const found = new Map<string, number>();
    for (const timestampMs of evaluations) {
      if (restarts.has(timestampMs)) lab.restart();
      for (const one of await lab.evaluate(rule, (timestampMs - START) / SECOND)) {
        const [pod = '', count] = one.split(' ');
        found.set(pod, (found.get(pod) ?? 0) + Number(count));
      }
    }
    const lastMs = evaluations.at(-1) ?? 0;
    const expected = new Map<string, number>();
    // The end of a step that lies in the future is asked for already.
    const asked = (line: StoredLine): boolean =>
      lab.source.startOf(line.timeMs, STEP) < Math.ceil(lastMs / STEP) * STEP;
    for (const line of lines.filter((one) => one.arrivesMs <= lastMs && asked(one)))
      expected.set(line.labels.pod ?? '', (expected.get(line.labels.pod ?? '') ?? 0) + 1);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  it.each(CASES)('are in each window of a rate: seed %i, steps have their %s', async (seed, has) => {
    const { lines, evaluations, restarts } = scenarioOf(seed);
    const lab = new LogLab(has, 10 * SECOND);
    lab.source.lines.push(...lines);
    const rule = { ...RATE, threshold: 14 };
    /** What was told of each window, by its end. */
    const told = new Map<number, Set<string>>();
    /** When late lines completed a window of a pod: it fires for five minutes. */
    const reopened = new Map<string, number>();
    for (const timestampMs of evaluations) {
      if (restarts.has(timestampMs)) lab.restart();
      const found = await lab.evaluate(rule, (timestampMs - START) / SECOND);
      const nowMs = Math.floor((timestampMs - 10 * SECOND) / STEP) * STEP;
      for (let endMs = nowMs; told.size > 0 && !told.has(endMs); endMs -= MINUTE) told.set(endMs, new Set());
      told.set(nowMs, told.get(nowMs) ?? new Set());
      const firing = new Set<string>();
      for (const [endMs, known] of told) {
        if (endMs <= nowMs - rule.lateMs && !isGap(endMs, timestampMs)) continue;
        for (const pod of PODS) {
          const inWindow = lines.filter(({ timeMs, arrivesMs, labels }) => {
            const startMs = lab.source.startOf(timeMs, STEP);
            return labels.pod === pod && arrivesMs <= timestampMs && startMs >= endMs - rule.rangeMs && startMs < endMs;
          });
          if (inWindow.length <= rule.threshold) continue;
          if (endMs === nowMs) firing.add(pod);
          else if (!known.has(pod)) reopened.set(pod, nowMs);
          known.add(pod);
        }
      }
      for (const pod of firing) reopened.delete(pod);
      for (const [pod, atMs] of reopened) if (atMs > nowMs - 5 * MINUTE) firing.add(pod);
      expect([timestampMs, found.map((one) => one.split(' ')[0])]).toEqual([timestampMs, [...firing].sort()]);
    }

    /** Whether the window ended behind the evaluation before. */
    function isGap(endMs: number, timestampMs: number): boolean {
      const before = evaluations[evaluations.indexOf(timestampMs) - 1];
      return before !== undefined && endMs > Math.floor((before - 10 * SECOND) / STEP) * STEP;
    }
  });
});
