/** Replicas that are killed, cut off, and come back, an API server that goes away, and clocks that are set: whatever happens, whoever was promised
 *  that an alert is taken has it told within group_wait and ten seconds. A failure prints its seed. */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../lab.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { Replicas } from './replicas.ts';

const GROUP_WAIT_MS = 10 * SECOND;
const PROMISE_MS = 10 * SECOND;
/** Of steps of the test, and of what is on its way. */
const TOLERANCE_MS = SECOND;

interface Promised {
  readonly name: string;
  readonly atMs: number;
}

class Torture {
  readonly #world: Replicas;
  readonly #promised: Promised[] = [];
  #alerts = 0;
  #isApiDown = false;

  constructor(world: Replicas) {
    this.#world = world;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#act();
      await this.#world.after(SECOND * (1 + this.#below(4)));
    }
    await this.#mend();
    await this.#world.after(GROUP_WAIT_MS + PROMISE_MS + TOLERANCE_MS);
    this.#check();
  }

  async #act(): Promise<void> {
    const { alive } = this.#world;
    const one = alive[this.#below(alive.length)]!;
    switch (this.#below(9)) {
      case 0:
        if (alive.length > 1) one.kill();
        return;
      case 1: {
        const dead = [...this.#world.replicas.values()].find(({ isDead }) => isDead);
        // With its disk, or without it.
        if (dead !== undefined) {
          const fs = this.#below(2) === 0 ? new MemoryFs(dead.fs.contents()) : new MemoryFs();
          await this.#world.add(dead.name, fs);
        }
        return;
      }
      case 2:
        one.isCut = !one.isCut;
        return;
      case 3:
        if (this.#isApiDown) await this.#world.api.listen();
        else await this.#world.api.stop();
        this.#isApiDown = !this.#isApiDown;
        return;
      case 4:
        one.skewMs = (this.#below(9) - 4) * SECOND;
        return;
      default:
        await this.#post();
    }
  }

  /** To all of them, as Prometheus does. */
  async #post(): Promise<void> {
    const name = `A${this.#alerts++}`;
    const atMs = this.#world.clock.nowMs();
    const startsAtMs = atMs - 4 * SECOND;
    let isTaken = false;
    for (const replica of this.#world.alive)
      replica.post(name, { startsAtMs: startsAtMs + 4 * SECOND }).then(
        () => {
          isTaken = true;
        },
        () => undefined,
      );
    await this.#world.after(2 * SECOND);
    if (isTaken) this.#promised.push({ name, atMs });
  }

  async #mend(): Promise<void> {
    if (this.#isApiDown) await this.#world.api.listen();
    for (const replica of this.#world.alive) replica.isCut = false;
  }

  #check(): void {
    const late: string[] = [];
    for (const { name, atMs } of this.#promised) {
      const first = this.#world.sent.find(({ names }) => names.includes(name));
      const afterMs = (first?.atMs ?? Number.POSITIVE_INFINITY) - atMs;
      if (afterMs > GROUP_WAIT_MS + PROMISE_MS + TOLERANCE_MS) late.push(`${name} after ${afterMs} ms`);
    }
    expect(late).toEqual([]);
    expect(this.#promised.length).toBeGreaterThan(5);
  }

  #below(count: number): number {
    return Math.floor(this.#world.random() * count);
  }
}

describe('two or three replicas', () => {
  it.each([
    { seed: 1, names: ['a', 'b'] },
    { seed: 2, names: ['a', 'b'] },
    { seed: 3, names: ['a', 'b', 'c'] },
    { seed: 4, names: ['a', 'b', 'c'] },
  ])('tell of each alert in time, $seed: $names', async ({ seed, names }) => {
    const world = await Replicas.start(names, { seed, shards: 4 });
    await new Torture(world).run(40);
  }, 300_000);
});
