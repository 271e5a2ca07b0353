import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../src/file/parse-rule-file.ts';
import type { RuleSettings } from '../src/group/rule-world.ts';
import type { RuleGroup } from '../src/rule.ts';
import { DEFAULT_POLICY, type RulePolicy } from '../src/rule-policy.ts';
import { DEFAULT_RESTORE, RuleRunner, type RuleRunnerOptions } from '../src/rule-runner.ts';
import { isEnd, type RuleRecord, recordKey } from '../src/state/rule-record.ts';
import type { RuleStore } from '../src/state/rule-store.ts';
import { SETTINGS, TestWorld } from './world.ts';

const MINUTE_MS = 60_000;

const groupsOf = (rules: string, name = 'g'): readonly RuleGroup[] =>
  parseRuleFile(`groups: [{name: ${name}, rules: [${rules}]}]`, 'f.yml');

interface Started {
  readonly runner: RuleRunner;
  readonly update: (rules: string, name?: string) => Promise<void>;
}

async function started(world: TestWorld, rules: string, restores = false): Promise<Started> {
  const runner = new RuleRunner(world.world, {
    ...DEFAULT_RESTORE,
    restoreFrom: restores ? world.storage : undefined,
  });
  const settings: RuleSettings = SETTINGS;
  await runner.update(groupsOf(rules), settings);
  runner.start();
  return { runner, update: (next, name) => runner.update(groupsOf(next, name), settings) };
}

const times = (world: TestWorld): readonly number[] => world.written.splice(0).map(({ timestampMs }) => timestampMs);

describe('a runner of rules', () => {
  it('evaluates each group an interval apart, at the times of the group', async () => {
    const world = new TestWorld(1_800_000_000_000);
    const { runner } = await started(world, '{record: a, expr: "1"}');
    await world.clock.advance(3 * MINUTE_MS);
    const [first = 0, ...others] = times(world);
    expect(first).toBeGreaterThan(1_800_000_000_000);
    expect(first - 1_800_000_000_000).toBeLessThanOrEqual(MINUTE_MS);
    expect(others).toEqual([first + MINUTE_MS, first + 2 * MINUTE_MS]);
    await runner.close();
    await world.clock.advance(5 * MINUTE_MS);
    expect(times(world)).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('evaluates nothing before it is started', async () => {
    const world = new TestWorld();
    const runner = new RuleRunner(world.world, { ...DEFAULT_RESTORE, restoreFrom: undefined });
    await runner.update(groupsOf('{record: a, expr: "1"}'), SETTINGS);
    await world.clock.advance(5 * MINUTE_MS);
    expect(times(world)).toEqual([]);
    runner.start();
    await world.clock.advance(MINUTE_MS);
    expect(times(world)).toHaveLength(1);
    await runner.close();
  });

  it('skips and counts evaluations that come while one is under way', async () => {
    const world = new TestWorld();
    let queries = 0;
    world.onQuery = async () => {
      queries += 1;
      if (queries === 1) await world.clock.sleep(2.5 * MINUTE_MS);
    };
    const { runner } = await started(world, '{record: a, expr: "1"}');
    await world.clock.advance(5 * MINUTE_MS);
    const [first = 0, ...others] = times(world);
    expect(others).toEqual([2, 3, 4].map((intervals) => first + intervals * MINUTE_MS));
    expect(runner.groups[0]?.counts).toMatchObject({ missed: 1, iterations: 5, evaluations: 4 });
    await runner.close();
  });

  it('goes on when the clock is set back', async () => {
    const world = new TestWorld(1_800_000_000_000);
    const { runner } = await started(world, '{record: a, expr: "1"}');
    await world.clock.advance(MINUTE_MS);
    const [before = 0] = times(world);
    const { nowMs } = world.clock;
    world.clock.nowMs = () => nowMs.call(world.clock) - 3_600_000;
    await world.clock.advance(2 * MINUTE_MS);
    const after = times(world);
    expect(after.length).toBeGreaterThanOrEqual(1);
    expect(after.every((timestampMs) => timestampMs < before)).toBe(true);
    await runner.close();
  });

  it('aborts the query under way when it is closed, twice as well', async () => {
    const world = new TestWorld();
    world.onQuery = (_, signal) => world.clock.sleep(10 * MINUTE_MS, signal);
    const { runner } = await started(world, '{record: a, expr: "1"}');
    await world.clock.advance(MINUTE_MS);
    const closing = runner.close();
    expect(runner.close()).toBe(closing);
    await closing;
    expect(runner.groups[0]?.rules[0]).toMatchObject({ health: 'unknown' });
    expect(world.clock.pendingTimers).toBe(0);
    await runner.update(groupsOf('{record: b, expr: "1"}'), SETTINGS);
    expect(runner.groups[0]?.rules[0]?.rule.name).toBe('a');
  });
});

describe('a reload', () => {
  it('leaves groups alone that are as they were', async () => {
    const world = new TestWorld();
    const { runner, update } = await started(world, '{record: a, expr: "1"}');
    const [before] = runner.groups;
    await update('{record: a, expr: "1  "}');
    expect(runner.groups[0]).toBe(before);
    await update('{record: a, expr: "2"}');
    expect(runner.groups[0]).not.toBe(before);
    await runner.close();
  });

  it('keeps the state of alerts, and `for` as it is now', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const { runner, update } = await started(world, '{alert: A, expr: up == 0, for: 1h}');
    await world.clock.advance(5 * MINUTE_MS);
    const since = runner.groups[0]?.rules[0]?.activeAlerts[0]?.activeAtMs;
    await update('{alert: A, expr: up == 0, for: 3m}');
    expect(runner.groups[0]?.rules[0]).toMatchObject({ health: 'unknown', alertState: 'unknown' });
    await world.clock.advance(MINUTE_MS);
    expect(runner.groups[0]?.rules[0]?.activeAlerts).toMatchObject([{ activeAtMs: since, state: 'firing' }]);
    await runner.close();
  });

  it('waits for the rule under way, so that none is evaluated twice at one time', async () => {
    const world = new TestWorld();
    world.onQuery = () => world.clock.sleep(MINUTE_MS / 2);
    const { runner, update } = await started(world, '{record: a, expr: "1"}, {record: b, expr: "1"}');
    const firstMs = MINUTE_MS + (runner.groups[0]?.evaluationTimeBefore(0) ?? 0);
    await world.clock.advance(firstMs + 1000);
    let isDone = false;
    const updating = update('{record: a, expr: "2"}').then(() => {
      isDone = true;
    });
    await world.clock.advance(1);
    expect(isDone).toBe(false);
    await world.clock.advance(MINUTE_MS / 2);
    await updating;
    expect(world.takeWritten().map((sample) => sample.split('"')[1])).toEqual(['a']);
    await runner.close();
  });

  it('ends the series of groups that are gone after two intervals, unless another group goes on with them', async () => {
    const world = new TestWorld();
    const newest = new Map<string, number>();
    world.refuse = ({ labels, timestampMs }) => {
      if (timestampMs <= (newest.get(labels.key) ?? -1)) return { reason: 'out_of_order', message: 'out of order' };
      newest.set(labels.key, timestampMs);
      return undefined;
    };
    const { runner, update } = await started(world, '{record: a, expr: "1"}, {record: b, expr: "1"}');
    await world.clock.advance(MINUTE_MS);
    world.takeWritten();
    await update('{record: a, expr: "1"}', 'renamed');
    await world.clock.advance(2 * MINUTE_MS - 1);
    expect(world.takeWritten().filter((sample) => sample.includes('stale'))).toEqual([]);
    await world.clock.advance(1);
    expect(world.takeWritten().filter((sample) => sample.includes('stale'))).toEqual(['{__name__="b"} stale @60']);
    await runner.close();
  });

  it('applies external labels that have changed', async () => {
    const world = new TestWorld();
    const { runner } = await started(world, '{record: a, expr: "1"}');
    const [before] = runner.groups;
    const settings = { ...SETTINGS, externalLabels: new Map([['region', 'us']]) };
    await runner.update(groupsOf('{record: a, expr: "1"}'), settings);
    expect(runner.groups[0]).not.toBe(before);
    await runner.close();
  });
});

class AwayStorage extends MemoryStorage {
  override async select(): Promise<never> {
    throw new Error('the storage is away');
  }
}

describe('a restart', () => {
  const rules = '{alert: A, expr: up == 0, for: 30m}';

  async function runFor(world: TestWorld, minutes: number): Promise<void> {
    const { runner } = await started(world, rules, true);
    await world.clock.advance(minutes * MINUTE_MS);
    await runner.close();
  }

  it('goes on counting `for` after the second evaluation, without the time that it was down', async () => {
    const world = new TestWorld();
    world.load('up 0x200');
    await runFor(world, 12);
    const written = world.written.filter(({ labels }) => labels.get('__name__') === 'ALERTS_FOR_STATE');
    // None before the state of the run before has been looked for.
    expect(written.length).toBeGreaterThanOrEqual(9);
    const activeAtMs = Number(written[0]?.value) * 1000;
    const downAtMs = written.at(-1)?.timestampMs ?? 0;
    world.takeWritten();
    await world.clock.advance(20 * MINUTE_MS);
    const { runner } = await started(world, rules, true);
    await world.clock.advance(MINUTE_MS);
    expect(world.takeWritten()).toEqual([]);
    await world.clock.advance(MINUTE_MS);
    const restoredMs = runner.groups[0]?.rules[0]?.activeAlerts[0]?.activeAtMs ?? 0;
    const downFor = world.clock.nowMs() - Math.floor(downAtMs / 1000) * 1000;
    expect(Math.abs(restoredMs - (activeAtMs + downFor))).toBeLessThanOrEqual(MINUTE_MS);
    await world.clock.advance(MINUTE_MS);
    expect(world.takeWritten()).toHaveLength(2);
    await runner.close();
  });

  it('restores a group too that a reload changes before its second evaluation', async () => {
    const world = new TestWorld();
    world.load('up 0x200');
    await runFor(world, 12);
    await world.clock.advance(20 * MINUTE_MS);
    const { runner, update } = await started(world, rules, true);
    await world.clock.advance(MINUTE_MS);
    await update('{alert: A, expr: up == 0, for: 40m}');
    await world.clock.advance(2 * MINUTE_MS);
    const [alert] = runner.groups[0]?.rules[0]?.activeAlerts ?? [];
    expect(alert?.activeAtMs).toBeLessThan(world.clock.nowMs() - 5 * MINUTE_MS);
    await runner.close();
  });

  it('begins anew, and says so, where the storage cannot be asked', async () => {
    const world = new TestWorld();
    world.load('up 0x200');
    const runner = new RuleRunner(world.world, { ...DEFAULT_RESTORE, restoreFrom: new AwayStorage() });
    await runner.update(groupsOf(rules), SETTINGS);
    runner.start();
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.logged).toEqual(['alerts begin anew, since their state cannot be read']);
    expect(runner.groups[0]?.rules[0]).toMatchObject({ restored: true, alertState: 'pending' });
    await runner.close();
  });
});

/** What is kept, in memory. */
class Kept implements RuleStore {
  readonly #records = new Map<string, RuleRecord>();

  *records(group?: string): Generator<RuleRecord> {
    for (const record of this.#records.values()) if (group === undefined || record.group === group) yield record;
  }

  async keep(records: readonly RuleRecord[]): Promise<void> {
    for (const record of records) {
      if (isEnd(record)) this.#records.delete(recordKey(record));
      else this.#records.set(recordKey(record), record);
    }
  }
}

async function keptRunner(
  world: TestWorld,
  store: RuleStore,
  rules: string,
  options: Partial<RuleRunnerOptions> & { readonly policy?: Partial<RulePolicy> } = {},
): Promise<RuleRunner> {
  const { policy, ...own } = options;
  const runner = new RuleRunner(world.world, { ...DEFAULT_RESTORE, restoreFrom: undefined, store, ...own });
  await runner.update(groupsOf(rules), { ...SETTINGS, policy: { ...DEFAULT_POLICY, ...policy } });
  runner.start();
  return runner;
}

describe('a runner that keeps the state of alerts', () => {
  const rules = '{alert: A, expr: up == 0, for: 3m}';

  it('has after a restart what it had, before its first evaluation, also of a short `for`', async () => {
    const startMs = 1_800_000_000_000;
    const world = new TestWorld(startMs);
    world.load('up 0x60', startMs);
    const store = new Kept();
    const one = await keptRunner(world, store, rules);
    await world.clock.advance(2 * MINUTE_MS);
    const [before] = one.groups[0]?.rules[0]?.activeAlerts ?? [];
    await one.close();
    const two = await keptRunner(world, store, rules);
    expect(two.groups[0]?.rules[0]?.activeAlerts).toEqual([before]);
    await world.clock.advance(2 * MINUTE_MS);
    expect(two.groups[0]?.rules[0]?.activeAlerts).toMatchObject([{ state: 'firing', activeAtMs: before?.activeAtMs }]);
    // From the first evaluation on: nothing is to be waited for.
    expect(two.groups[0]?.rules[0]?.restored).toBe(true);
    await two.close();
  });

  it('writes what changes, and not each evaluation', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const store = new Kept();
    const kept: (readonly RuleRecord[])[] = [];
    const keep = store.keep.bind(store);
    store.keep = (records) => {
      kept.push(records);
      return keep(records);
    };
    const runner = await keptRunner(world, store, '{alert: A, expr: up == 0, for: 3m}, {record: r, expr: up}');
    await world.clock.advance(5 * MINUTE_MS);
    const states = kept.flat().map((record) => (record.subject === 'alert' ? record.alert?.state : record.subject));
    // Pending; firing; 1 min is not behind yet for it to be told again.
    expect(states).toEqual(['pending', 'firing']);
    await runner.close();
  });

  it('tells of alerts of a rule that is gone as resolved, two intervals later, and forgets them', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const store = new Kept();
    const runner = await keptRunner(world, store, '{alert: A, expr: up == 0}, {alert: B, expr: up == 0}');
    await world.clock.advance(MINUTE_MS);
    world.notified.length = 0;
    await runner.update(groupsOf('{alert: B, expr: up == 0}'), SETTINGS);
    await world.clock.advance(2 * MINUTE_MS - 1);
    expect(world.notified.flat().filter(({ isResolved }) => isResolved)).toEqual([]);
    await world.clock.advance(1);
    const told = world.notified.flat().filter(({ isResolved }) => isResolved);
    expect(told).toMatchObject([{ endsAtMs: world.clock.nowMs(), resolveReason: 'rule_removed' }]);
    expect(told[0]?.labels.get('alertname')).toBe('A');
    expect(Array.from(store.records(), ({ rule }) => rule)).toEqual(['B']);
    await runner.close();
  });

  it('does so of groups that are gone after a restart, and not of alerts that another rule goes on with', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const store = new Kept();
    const one = await keptRunner(world, store, '{alert: A, expr: up == 0}, {alert: B, expr: up == 0}');
    await world.clock.advance(MINUTE_MS);
    await one.close();
    world.notified.length = 0;
    const two = new RuleRunner(world.world, { ...DEFAULT_RESTORE, restoreFrom: undefined, store });
    await two.update(groupsOf('{alert: B, expr: up == 0}', 'renamed'), SETTINGS);
    two.start();
    await world.clock.advance(2 * MINUTE_MS);
    const told = world.notified.flat().filter(({ isResolved }) => isResolved);
    expect(told.map(({ labels }) => labels.get('alertname'))).toEqual(['A']);
    expect(Array.from(store.records(), ({ group }) => group)).toEqual(['f.yml;renamed']);
    await two.close();
  });

  it('tells nothing of them, as Prometheus, where that is asked for', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const runner = await keptRunner(world, new Kept(), '{alert: A, expr: up == 0}', {
      policy: { onRemoved: 'expire' },
    });
    await world.clock.advance(MINUTE_MS);
    await runner.update([], { ...SETTINGS, policy: { ...DEFAULT_POLICY, onRemoved: 'expire' } });
    await world.clock.advance(5 * MINUTE_MS);
    expect(world.notified.flat().filter(({ isResolved }) => isResolved)).toEqual([]);
    await runner.close();
  });
});

describe('a runner that shares its groups with others', () => {
  it('evaluates those that it owns, and goes on from what another has kept of one that it takes over', async () => {
    const world = new TestWorld();
    world.load('up 0x60');
    const store = new Kept();
    let owner = 'one';
    const asked: string[] = [];
    const ownedBy = (name: string) => (group: string) => {
      asked.push(group);
      return owner === name;
    };
    const rules = '{alert: A, expr: up == 0, for: 3m}';
    const one = await keptRunner(world, store, rules, { owns: ownedBy('one') });
    const two = await keptRunner(world, store, rules, { owns: ownedBy('two') });
    await world.clock.advance(2 * MINUTE_MS);
    expect([one, two].map((runner) => runner.groups[0]?.counts.iterations)).toEqual([2, 0]);
    expect(new Set(asked)).toEqual(new Set(['f.yml;g']));
    const since = one.groups[0]?.rules[0]?.activeAlerts[0]?.activeAtMs;
    owner = 'two';
    await world.clock.advance(2 * MINUTE_MS);
    expect([one, two].map((runner) => runner.groups[0]?.counts)).toMatchObject([
      { iterations: 2 },
      { iterations: 2, missed: 0 },
    ]);
    expect(two.groups[0]?.rules[0]?.activeAlerts).toMatchObject([{ state: 'firing', activeAtMs: since }]);
    // What another one knows is shown, though it is not evaluated here.
    expect(one.groups[0]?.rules[0]?.activeAlerts).toMatchObject([{ state: 'pending' }]);
    one.showKept();
    expect(one.groups[0]?.rules[0]?.activeAlerts).toMatchObject([{ state: 'firing', activeAtMs: since }]);
    await Promise.all([one.close(), two.close()]);
  });
});
