/** Log rules of which now one replica and now another is the owner, against one that evaluates them all the time: nothing is missed, and nothing is
 *  found twice. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import type { FoundSample } from '@vigie/rules/query';
import { describe, expect, it } from 'vitest';
import type { LogRule } from '../../src/logs/log-rule.ts';
import { LogRules } from '../../src/logs/log-rules.ts';
import { LogRuleStore } from '../../src/logs/state/log-rule-store.ts';
import { type ToldLogRule, ToldLogRules } from '../../src/logs/state/told-log-rules.ts';
import { decodeStateRecord, encodeStateRecord } from '../../src/state/state-record.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { ABSENCE, MINUTE, NEW_TERM, PATTERN, RATE, SECOND, START } from './lab.ts';
import { MemorySource, type StoredLine } from './memory-source.ts';

const never = new AbortController().signal;
const PODS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Of lines that were counted when their window was, it makes no difference. */
const DELAY_MS = 10 * SECOND;

/** Replicas, of which each has a disk of its own, and what they tell each other. */
class Replicas {
  readonly clock = new FakeClock(START);
  readonly source = new MemorySource(() => this.clock.nowMs());
  readonly told: ToldLogRule[] = [];
  readonly logged: string[] = [];
  /** Those that are killed before what they find is kept. */
  readonly killed = new Set<string>();
  readonly #all = new Map<string, { rules: LogRules; readonly known: ToldLogRules }>();

  /** A new one knows what the others have told.
   *  @param isShared false: it tells nobody, and hears nothing */
  start(name: string, isShared = true): void {
    const known = new ToldLogRules();
    for (const told of this.told) known.apply(told);
    const tell = (told: ToldLogRule): void => {
      this.told.push(told);
      for (const one of this.#all.values()) one.known.apply(asRead(told));
    };
    const rules = new LogRules(
      { shortestMs: DELAY_MS, longestMs: DELAY_MS },
      {
        source: this.source,
        store: new LogRuleStore('/data/log-rules', new MemoryFs()),
        clock: this.clock,
        log: createLog('warn', { write: (text: string) => void this.logged.push(text) }),
        replicas: isShared ? { told: known, tell } : undefined,
      },
    );
    this.#all.set(name, { rules, known });
  }

  async evaluate(name: string, rule: LogRule, timestampMs: number): Promise<readonly FoundSample[]> {
    const one = this.#all.get(name);
    if (one === undefined) throw new Error(`there is no replica ${name}`);
    await this.clock.advance(Math.max(0, timestampMs - this.clock.nowMs()));
    const found = await one.rules.evaluate(rule, timestampMs, never);
    if (!this.killed.has(name)) await one.rules.keep(rule);
    return found;
  }
}

/** As the others read it. */
function asRead(told: ToldLogRule): ToldLogRule {
  const read = decodeStateRecord(encodeStateRecord({ kind: 'log_rule', told }));
  if (read?.kind !== 'log_rule') throw new Error('it cannot be read');
  return read.told;
}

const words = (found: readonly FoundSample[]): readonly string[] =>
  found.map(({ labels, value }) => `${labels.get('pod')} ${value}`).sort();

interface Scenario {
  readonly lines: readonly StoredLine[];
  readonly evaluations: readonly { readonly atMs: number; readonly owner: string; readonly isNew: boolean }[];
}

/** @param latestMs that lines come */
function scenarioOf(seed: number, latestMs: number): Scenario {
  const random = seededRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  const evaluations: { atMs: number; owner: string; isNew: boolean }[] = [];
  let owner = 'r0';
  for (let minute = 0; minute < 120; minute++) {
    if (random() < 0.12) owner = `r${pick(3)}`;
    // Between owners nobody evaluates.
    if (minute > 0 && random() < 0.1) continue;
    evaluations.push({ atMs: START + minute * MINUTE + 7 * SECOND, owner, isNew: random() < 0.03 });
  }
  const lines = Array.from({ length: 120 }, (): StoredLine => {
    const timeMs = START + pick(120 * 60) * SECOND;
    const lateMs = random() < 0.6 ? pick(2 * SECOND) : pick(latestMs);
    return { timeMs, arrivesMs: timeMs + lateMs, labels: { pod: PODS[pick(PODS.length)] ?? '' } };
  });
  return { lines, evaluations };
}

/** @returns at each evaluation, what the owner of the time finds, and what the one does that always evaluates */
async function both(rule: LogRule, seed: number, latestMs = 9 * MINUTE) {
  const { lines, evaluations } = scenarioOf(seed, latestMs);
  const replicas = new Replicas();
  replicas.source.lines.push(...lines);
  for (const name of ['r0', 'r1', 'r2']) replicas.start(name);
  replicas.start('steady', false);
  const results: { atMs: number; owner: string; got: readonly string[]; expected: readonly string[] }[] = [];
  for (const { atMs, owner, isNew } of evaluations) {
    if (isNew) replicas.start(owner);
    const got = words(await replicas.evaluate(owner, rule, atMs));
    results.push({ atMs, owner, got, expected: words(await replicas.evaluate('steady', rule, atMs)) });
  }
  return { results, told: replicas.told.length };
}

const SEEDS = Array.from({ length: 25 }, (_, seed) => seed);

describe('log rules with one owner after another', () => {
  it.each(SEEDS)('find each line of a pattern once, and for as long as ever: seed %i', async (seed) => {
    const { results } = await both(PATTERN, seed);
    expect(results.map(({ atMs, got }) => [atMs, got])).toEqual(results.map(({ atMs, expected }) => [atMs, expected]));
    expect(results.some(({ got }) => got.length > 0)).toBe(true);
  });

  it.each(SEEDS)('find each new term once: seed %i', async (seed) => {
    const rule = { ...NEW_TERM, learnMs: 12 * MINUTE };
    const { results } = await both(rule, seed);
    expect(results.map(({ got }) => got)).toEqual(results.map(({ expected }) => expected));
  });

  it.each(SEEDS)('miss what is absent, whoever has known it: seed %i', async (seed) => {
    const { results, told } = await both(ABSENCE, seed, MINUTE);
    expect(results.map(({ got }) => got)).toEqual(results.map(({ expected }) => expected));
    expect(results.some(({ got }) => got.length > 0)).toBe(true);
    // The store says the rest.
    expect(told).toBeLessThanOrEqual(30);
  });

  it.each(SEEDS)('find each window of a rate, late or not, once: seed %i', async (seed) => {
    const { results } = await both({ ...RATE, threshold: 1 }, seed);
    expect(results.map(({ got }) => got)).toEqual(results.map(({ expected }) => expected));
    expect(results.some(({ got }) => got.length > 0)).toBe(true);
  });

  it.each([
    { when: 'before its alerts are kept', isKept: false },
    { when: 'at once when they are', isKept: true },
  ])('find a window again where its owner was killed $when, and else not: $isKept', async ({ isKept }) => {
    const replicas = new Replicas();
    for (const name of ['r0', 'r1']) replicas.start(name);
    const rule = { ...RATE, threshold: 0, rangeMs: MINUTE };
    await replicas.evaluate('r0', rule, START);
    replicas.source.lines.push({ timeMs: START + SECOND, arrivesMs: START + SECOND, labels: { pod: 'a' } });
    if (!isKept) replicas.killed.add('r0');
    expect(await replicas.evaluate('r0', rule, START + MINUTE)).toHaveLength(1);
    expect(await replicas.evaluate('r1', rule, START + 2 * MINUTE)).toHaveLength(isKept ? 0 : 1);
    replicas.start('r2');
    expect(await replicas.evaluate('r2', rule, START + 3 * MINUTE)).toHaveLength(isKept ? 0 : 1);
    expect(await replicas.evaluate('r2', rule, START + 8 * MINUTE)).toHaveLength(0);
  });
});

describe('what replicas tell each other of log rules', () => {
  it('is nothing each time where nothing is found, and each time something is', async () => {
    const replicas = new Replicas();
    replicas.start('r0');
    for (let minute = 0; minute < 60; minute++) await replicas.evaluate('r0', PATTERN, START + minute * MINUTE);
    // Every half of late_lines.
    expect(replicas.told.length).toBe(12);
    replicas.source.lines.push({
      timeMs: START + 3601 * SECOND,
      arrivesMs: START + 3601 * SECOND,
      labels: { pod: 'a' },
    });
    await replicas.evaluate('r0', PATTERN, START + 61 * MINUTE);
    expect(replicas.told.length).toBe(13);
    replicas.start('r1');
    expect(words(await replicas.evaluate('r1', PATTERN, START + 63 * MINUTE))).toEqual(['a 1']);
    // A page of an hour ago is none of now.
    expect(await replicas.evaluate('r0', PATTERN, START + 200 * MINUTE)).toEqual([]);
  });

  it('is not what is too large: then the next owner begins anew, and says so', async () => {
    const replicas = new Replicas();
    replicas.start('r0');
    await replicas.evaluate('r0', PATTERN, START);
    const line = (pod: string): StoredLine => ({ timeMs: START + SECOND, arrivesMs: START + SECOND, labels: { pod } });
    replicas.source.lines.push(...Array.from({ length: 3000 }, (_, index) => line(`${'pod'.repeat(30)}-${index}`)));
    await replicas.evaluate('r0', PATTERN, START + MINUTE);
    expect(replicas.told.map(({ state }) => state !== undefined)).toEqual([true, false]);
    expect(replicas.logged.join()).toContain('knows too much');
    replicas.start('r1');
    replicas.source.lines.push({ timeMs: START + 70 * SECOND, arrivesMs: START + 70 * SECOND, labels: { pod: 'a' } });
    expect(await replicas.evaluate('r1', PATTERN, START + 2 * MINUTE)).toHaveLength(3001);
  });

  it('is of no use where a clock was wrong, or the rule is another', async () => {
    const replicas = new Replicas();
    for (const name of ['r0', 'r1']) replicas.start(name);
    await replicas.evaluate('r0', PATTERN, START + 24 * 60 * MINUTE);
    replicas.source.lines.push({ timeMs: START + 3 * SECOND, arrivesMs: START, labels: { pod: 'a' } });
    replicas.start('r2');
    expect(words(await replicas.evaluate('r2', PATTERN, START + MINUTE))).toEqual(['a 1']);
    expect(await replicas.evaluate('r1', { ...PATTERN, by: [] }, START + 2 * MINUTE)).toHaveLength(1);
  });
});
