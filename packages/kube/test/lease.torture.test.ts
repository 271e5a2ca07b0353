/** Processes that want a lease, over an API server that is slow, refuses, loses requests and answers, and serves some long after whoever sent them has
 *  given up; they are killed, closed, cut off and stopped meanwhile, and no two of their clocks show the same or run at quite the same rate. At no time do
 *  two lead, and whoever leads stands in the lease; what is done for it ends before it begins anew; and somebody leads soon after the last fault. A failure
 *  prints its seed. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import type { KubeAnswer } from '../src/client.ts';
import { LeaseElector } from '../src/lease.ts';
import { type Faults, MemoryApi, type MemoryClient, NO_FAULTS } from '../src/testing/memory-api.ts';
import { ProcessClock } from '../src/testing/process-clock.ts';

const SECOND = 1000;
const STEP_MS = 250;
const LEASE = { namespace: 'ns', name: 'l', leaseDurationMs: 6000, renewDeadlineMs: 4000, retryPeriodMs: 2000 };
/** Of a leader that is cut off until it is found to be gone, and of the longest wait between two attempts. */
const LED_WITHIN_MS = 15 * SECOND;

class Member {
  readonly name: string;
  readonly log: string[] = [];
  readonly elector: LeaseElector;
  readonly client: MemoryClient;
  isClosed = false;
  #isWorking = false;
  readonly #world: World;
  readonly #clock: ProcessClock;
  readonly #kill = new AbortController();
  /** Of a process that is stopped: when it goes on. */
  #stopped: { readonly over: Promise<void>; readonly goOn: () => void } | undefined;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
    const clock = new ProcessClock(world.clock, world.random);
    this.#clock = clock;
    this.client = world.api.client();
    this.elector = new LeaseElector(
      { request: (request, signal) => this.#read(this.client.request(request, signal)) },
      { ...LEASE, identity: name },
      {
        started: (signal) => {
          this.#expect(!this.#isWorking, 'what was done for the lease before has not ended');
          this.#expect(this.elector.isLeader, 'it begins with a lease that is over');
          this.#isWorking = true;
          signal.addEventListener('abort', () => this.#expect(!this.elector.isLeader, 'it leads behind its end'));
        },
        stopped: async () => {
          await clock.sleep(world.random() * 3 * SECOND);
          this.#isWorking = false;
        },
      },
      {
        clock,
        random: world.random,
        log: createLog('debug', { write: (line) => void this.log.push(`${world.clock.monotonicMs()} ${line}`) }),
      },
    );
    this.elector.start(this.#kill.signal);
  }

  get isDead(): boolean {
    return this.#clock.isDead;
  }

  get leads(): boolean {
    return !this.isDead && this.elector.isLeader;
  }

  get isStopped(): boolean {
    return this.#clock.isStopped;
  }

  /** As SIGKILL. */
  kill(): void {
    this.#clock.kill();
    this.client.isCut = true;
    this.#kill.abort(new Error('killed'));
  }

  /** As SIGTERM. */
  close(): void {
    this.isClosed = true;
    void this.elector.close();
  }

  /** As SIGSTOP. */
  stop(): void {
    let goOn = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#stopped = { over, goOn };
    this.#clock.stop();
  }

  /** As SIGCONT: what comes first, the answers that have come or the timers that are due, nobody knows. */
  async goOn(): Promise<void> {
    this.#stopped?.goOn();
    this.#stopped = undefined;
    if (this.#world.random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    this.#clock.goOn();
  }

  async #read(answer: Promise<KubeAnswer>): Promise<KubeAnswer> {
    try {
      return await answer;
    } finally {
      while (this.#stopped !== undefined) await this.#stopped.over;
    }
  }

  #expect(holds: boolean, what: string): void {
    if (!holds && !this.isDead) this.#world.broken.push(`${this.name}: ${what}`);
  }
}

class World {
  readonly clock = new FakeClock(Date.UTC(2026, 10, 30));
  readonly random: Random;
  readonly api: MemoryApi;
  readonly members = new Map<string, Member>();
  readonly broken: string[] = [];
  terms = 0;
  #leader: string | undefined;

  constructor(seed: number, names: readonly string[]) {
    this.random = seededRandom(seed);
    this.api = new MemoryApi(this.clock, this.random);
    for (const name of names) this.start(name);
  }

  get alive(): readonly Member[] {
    return [...this.members.values()].filter(({ isDead, isClosed }) => !isDead && !isClosed);
  }

  start(name: string): void {
    this.members.set(name, new Member(name, this));
  }

  get leaders(): readonly string[] {
    return [...this.members.values()].filter(({ leads }) => leads).map(({ name }) => name);
  }

  get holder(): unknown {
    const spec = this.api.store.find('leases', LEASE.namespace, LEASE.name)?.spec;
    return typeof spec === 'object' && spec !== null ? Reflect.get(spec, 'holderIdentity') : undefined;
  }

  async after(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      await this.clock.advance(STEP_MS);
      this.#check();
    }
  }

  #check(): void {
    const { leaders } = this;
    const [leader] = leaders;
    if (leaders.length > 1) this.broken.push(`${leaders.join(' and ')} lead`);
    if (leader !== undefined && this.holder !== leader)
      this.broken.push(`${leader} leads, ${this.holder} holds the lease`);
    if (leader !== undefined && leader !== this.#leader) this.terms += 1;
    this.#leader = leader;
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  explain(): string {
    const logs = [...this.members.values()].flatMap(({ name, log }) => [name, ...log.slice(-20)]);
    return [...this.broken, ...logs].join('\n');
  }
}

async function act(world: World): Promise<void> {
  const { alive, api, members } = world;
  const one = alive[world.below(alive.length)];
  switch (world.below(10)) {
    case 0:
      if (alive.length > 1) one?.kill();
      return;
    case 1:
      if (alive.length > 1 && one?.isStopped === false) one.close();
      return;
    case 2:
      for (const { name, isDead, isClosed } of [...members.values()])
        if ((isDead || isClosed) && !members.get(name)?.leads) world.start(name);
      return;
    case 3:
      if (one !== undefined) one.client.isCut = !one.client.isCut;
      return;
    case 4:
      if (one?.isStopped === true) await one.goOn();
      else one?.stop();
      return;
    case 5: {
      // Somebody writes a label.
      const lease = api.store.find('leases', LEASE.namespace, LEASE.name);
      if (lease !== undefined)
        api.store.put('leases', { ...lease, metadata: { ...lease.metadata, labels: { at: String(world.below(99)) } } });
      return;
    }
    case 6:
      api.faults = NO_FAULTS;
      return;
    default:
      api.faults = someFaults(world);
  }
}

function someFaults(world: World): Faults {
  const share = (most: number): number => (world.below(2) === 0 ? 0 : world.random() * most);
  return {
    ...NO_FAULTS,
    delayMs: share(4 * SECOND),
    lost: share(0.4),
    unanswered: share(0.4),
    overdue: share(0.4),
    refused: share(0.4),
  };
}

const NAMES = ['a', 'b', 'c', 'd'];
const CASES = Array.from({ length: 80 }, (_, seed) => ({ seed, processes: 2 + (seed % 3) }));

describe('a lease', () => {
  it.each(CASES)('has one leader at most, and one when faults are over: $seed, $processes processes', async ({
    seed,
    processes,
  }) => {
    const world = new World(seed, NAMES.slice(0, processes));
    for (let round = 0; round < 4; round++) {
      for (let step = 0; step < 30; step++) {
        await act(world);
        await world.after(STEP_MS * (1 + world.below(16)));
      }
      world.api.faults = NO_FAULTS;
      for (const member of world.alive) {
        member.client.isCut = false;
        await member.goOn();
      }
      // What is overdue comes by then.
      await world.after(20 * SECOND);
      for (let passedMs = 0; world.leaders.length === 0 && passedMs < LED_WITHIN_MS; passedMs += STEP_MS)
        await world.after(STEP_MS);
      if (world.leaders.length !== 1) world.broken.push(`round ${round}: nobody leads`);
      expect(world.broken, `seed ${seed}: ${world.explain()}`).toEqual([]);
    }
    expect(world.terms).toBeGreaterThan(2);
  });
});
