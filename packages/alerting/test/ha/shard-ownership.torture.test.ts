/** Two to four replicas that share shards out by Leases, over an API server that is slow, refuses, loses requests and answers, serves some long after
 *  whoever sent them has given up, and whose watches break, fall silent and leave events out; replicas are killed, cut off and stopped meanwhile, and no
 *  two of their clocks show the same or run at quite the same rate. At no time has a shard two owners; and a minute after the last
 *  fault each has one, and no replica more than one more than another. A failure prints its seed. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { type Random, seededRandom } from '@vigie/core/random';
import { type Faults, MemoryApi, type MemoryClient, NO_FAULTS } from '@vigie/kube/testing/memory-api';
import { ProcessClock } from '@vigie/kube/testing/process-clock';
import { describe, expect, it } from 'vitest';
import { ShardOwnership } from '../../src/ha/shard-ownership.ts';
import { SECOND } from '../lab.ts';

const STEP_MS = 250;
/** Of their Leases. */
const RENEW_MS = 2 * SECOND;
const MENDED_WITHIN_MS = 30 * RENEW_MS;

class Member {
  readonly name: string;
  readonly log: string[] = [];
  readonly ownership: ShardOwnership;
  readonly client: MemoryClient;
  readonly clock: ProcessClock;

  constructor(name: string, world: World, shards = world.shards) {
    this.name = name;
    this.client = world.api.client();
    this.clock = new ProcessClock(world.clock, world.random);
    const { clock } = this;
    this.ownership = new ShardOwnership(
      { namespace: 'mon', name: 'alerts', replica: name, shards, address: () => `${name}:9093`, rules: () => '' },
      {
        client: this.client,
        clock,
        random: world.random,
        log: createLog('debug', { write: (line) => void this.log.push(`${world.clock.monotonicMs()} ${line}`) }),
        changed: () => undefined,
        finish: () => clock.sleep(world.random() * SECOND),
      },
    );
    this.ownership.start();
    this.ownership.begin();
  }

  owns(shard: number): boolean {
    const { isDead, isStopped } = this.clock;
    return !isDead && !isStopped && this.ownership.owns(shard);
  }

  /** As SIGKILL. */
  kill(): void {
    this.clock.kill();
    this.client.isCut = true;
  }
}

class World {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 30));
  readonly api: MemoryApi;
  readonly random: Random;
  readonly shards: number;
  readonly members = new Map<string, Member>();

  constructor(seed: number, names: readonly string[], shards: number) {
    this.random = seededRandom(seed);
    this.shards = shards;
    this.api = new MemoryApi(this.clock, this.random);
    for (const name of names) this.start(name);
  }

  get alive(): readonly Member[] {
    return [...this.members.values()].filter(({ clock }) => !clock.isDead);
  }

  start(name: string): void {
    this.members.set(name, new Member(name, this));
  }

  /** By shard, who thinks that it is its own. */
  owners(): readonly (readonly string[])[] {
    return Array.from({ length: this.shards }, (_, shard) =>
      this.alive.filter((member) => member.owns(shard)).map(({ name }) => name),
    );
  }

  async after(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      await this.clock.advance(STEP_MS);
      if (this.owners().some((owners) => owners.length > 1)) expect.fail(`two owners: ${explain(this)}`);
    }
  }

  /** @returns how long it took; undefined: too long */
  async untilShared(withinMs: number): Promise<number | undefined> {
    const fromMs = this.clock.monotonicMs();
    while (!this.isShared()) {
      if (this.clock.monotonicMs() - fromMs >= withinMs) return undefined;
      await this.after(STEP_MS);
    }
    return this.clock.monotonicMs() - fromMs;
  }

  isShared(): boolean {
    const owners = this.owners();
    const counts = this.alive.map(({ name }) => owners.filter(([owner]) => owner === name).length);
    return owners.every((one) => one.length === 1) && Math.max(...counts) - Math.min(...counts) <= 1;
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }
}

async function torture(world: World, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    act(world);
    await world.after(STEP_MS * (1 + world.below(16)));
  }
  world.api.faults = NO_FAULTS;
  for (const member of world.alive) {
    member.client.isCut = false;
    member.clock.goOn();
  }
}

function act(world: World): void {
  const { alive, api } = world;
  const one = alive[world.below(alive.length)]!;
  switch (world.below(10)) {
    case 0:
      if (alive.length > 1) one.kill();
      return;
    case 1:
      for (const { name, clock } of world.members.values()) if (clock.isDead) world.start(name);
      return;
    case 2:
      one.client.isCut = !one.client.isCut;
      return;
    case 3:
      if (one.clock.isStopped) one.clock.goOn();
      else one.clock.stop();
      return;
    case 4:
      api.breakWatches();
      return;
    case 5:
      api.silenceWatches();
      return;
    case 6:
      api.store.compact();
      return;
    case 7:
      api.faults = NO_FAULTS;
      return;
    default:
      api.faults = someFaults(world);
  }
}

function someFaults(world: World): Faults {
  const share = (most: number): number => (world.below(2) === 0 ? 0 : world.random() * most);
  return {
    delayMs: share(3 * SECOND),
    lost: share(0.5),
    unanswered: share(0.5),
    overdue: share(0.3),
    refused: share(0.5),
    leftOut: share(0.5),
    broken: share(0.2),
    silenced: share(0.2),
  };
}

function explain(world: World): string {
  const logs = world.alive.flatMap(({ name, log }) => [name, ...log.slice(-25)]);
  return [JSON.stringify(world.owners()), ...logs].join('\n');
}

const NAMES = ['a', 'b', 'c', 'd'];
const CASES = Array.from({ length: 60 }, (_, seed) => ({
  seed,
  replicas: 2 + (seed % 3),
  shards: [8, 7, 5][Math.floor(seed / 3) % 3] ?? 8,
}));

describe('shards', () => {
  it.each(
    CASES,
  )('have one owner each, evenly, when faults are over: $seed, $replicas replicas, $shards shards', async ({
    seed,
    replicas,
    shards,
  }) => {
    const world = new World(seed, NAMES.slice(0, replicas), shards);
    for (let round = 0; round < 3; round++) {
      await torture(world, 40);
      const tookMs = await world.untilShared(MENDED_WITHIN_MS);
      if (tookMs === undefined) expect.fail(`seed ${seed}, round ${round}: ${explain(world)}`);
      // And they stay where they are, when all have heard of it.
      await world.after(30 * SECOND);
      const owners = world.owners();
      await world.after(20 * SECOND);
      expect(world.owners()).toEqual(owners);
      expect(world.isShared()).toBe(true);
    }
  }, 60_000);

  it('are shared also where each request takes nearly a second', async () => {
    const world = new World(7, ['a'], 8);
    expect(await world.untilShared(20 * SECOND)).toBeDefined();
    world.api.faults = { ...NO_FAULTS, delayMs: 450 };
    world.start('b');
    expect(await world.untilShared(120 * SECOND), explain(world)).toBeDefined();
  });

  it('are taken and given by a replica whose watch says nothing any more', async () => {
    const world = new World(3, ['a'], 8);
    expect(await world.untilShared(20 * SECOND)).toBeDefined();
    world.start('b');
    await world.after(3 * SECOND);
    world.api.silenceWatches();
    expect(await world.untilShared(MENDED_WITHIN_MS), explain(world)).toBeDefined();
  });

  it('have one owner again, evenly, when somebody has removed all Leases', async () => {
    const world = new World(11, ['a', 'b', 'c'], 8);
    expect(await world.untilShared(60 * SECOND)).toBeDefined();
    world.api.removeAll('leases');
    expect(await world.untilShared(MENDED_WITHIN_MS), explain(world)).toBeDefined();
    await world.after(20 * SECOND);
    expect(world.isShared()).toBe(true);
  });

  it('stay with those that take them while a replica lives that takes none', async () => {
    const world = new World(5, ['a', 'b'], 8);
    expect(await world.untilShared(20 * SECOND)).toBeDefined();
    // It shares out another number of shards.
    const other = new Member('c', world, 16);
    await world.after(120 * SECOND);
    const takenBefore = world.alive.reduce((sum, { ownership }) => sum + ownership.counts.takeovers, 0);
    let unownedMs = 0;
    for (let passedMs = 0; passedMs < 120 * SECOND; passedMs += STEP_MS) {
      await world.after(STEP_MS);
      unownedMs += STEP_MS * world.owners().filter((owners) => owners.length === 0).length;
    }
    const takeovers = world.alive.reduce((sum, { ownership }) => sum + ownership.counts.takeovers, 0) - takenBefore;
    expect(other.ownership.owned).toBe(16);
    expect(takeovers).toBeLessThanOrEqual(16);
    expect(unownedMs).toBeLessThan(0.08 * 8 * 120 * SECOND);
  });
});
