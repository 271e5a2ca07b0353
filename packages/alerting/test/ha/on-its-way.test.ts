/** What is on its way to a receiver, or waits for its rate, when the group that it tells of becomes another replica's. */
import { describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/receivers/integration.ts';
import { MINUTE, SECOND } from '../lab.ts';
import { Replicas, type TestReplica } from './replicas.ts';

const NAMES = Array.from({ length: 16 }, (_, index) => `A${index}`);
const LATER: SendOutcome = { kind: 'retry', reason: '503', afterMs: undefined };
/** Of two replicas, three at once and one each 20 seconds for each of them. */
const rateLimit = { notifications: 6, periodMs: MINUTE, digest: true, digestAlerts: 100 };
const receivers = new Map([['a', { fallback: undefined, rateLimit }]]);

const shared = (world: Replicas): Promise<void> =>
  world.until(() => world.alive.every(({ ha }) => ha.ownership.owned >= Math.floor(world.shards / world.alive.length)));

const told = (world: Replicas): readonly string[] => world.sent.flatMap(({ names }) => names).sort();

function other(world: Replicas, one: TestReplica): TestReplica {
  const found = world.alive.find((candidate) => candidate !== one);
  if (found === undefined) throw new Error('there is no other');
  return found;
}

describe('a digest', () => {
  it('tells nothing of groups that another replica has taken since: each alert is told once', async () => {
    const world = await Replicas.start(['a', 'b'], { receivers, kind: 'email' });
    await shared(world);
    const tries: number[] = [];
    world.get('a').answer = () => {
      tries.push(world.clock.nowMs());
      return LATER;
    };
    for (const name of NAMES) void world.get('b').post(name);
    // Three at once, and the digest of the others.
    await world.after(32 * SECOND);
    expect(tries.length).toBeGreaterThan(3);
    await world.add('c');
    await world.until(() => world.get('c').ha.ownership.owned >= 2);
    world.get('a').answer = () => ({ kind: 'sent' });
    await world.after(3 * MINUTE);
    expect(told(world)).toEqual(NAMES.toSorted());
    expect(world.sent.some(({ by, names }) => by === 'a' && names.length > 1)).toBe(true);
    expect(world.sent.some(({ by }) => by === 'c')).toBe(true);
  });

  it('of a replica that is killed is told by others, whatever it was made of, and nothing is lost', async () => {
    const world = await Replicas.start(['a', 'b'], { receivers, kind: 'email' });
    await shared(world);
    for (const name of NAMES) void world.get('b').post(name);
    await world.after(18 * SECOND);
    // Some have been told, and most wait.
    expect(world.sent.length).toBeLessThanOrEqual(6);
    world.get('a').kill();
    await world.after(3 * MINUTE);
    expect(told(world)).toEqual(NAMES.toSorted());
    expect(world.get('b').engine.state.outbox.size).toBe(0);
  });
});

describe('what arrives when another replica has told of the group since', () => {
  it('is behind that: an alert that was over meanwhile, and fires again, is told', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    await world.get('a').post('A0');
    const owner = world.ownerOf('A0');
    let arrives = (): void => undefined;
    owner.answer = () =>
      new Promise((resolve) => {
        arrives = () => resolve({ kind: 'sent' });
      });
    await world.after(11 * SECOND);
    owner.isCut = true;
    const next = other(world, owner);
    await world.until(() => world.sent.length > 0);
    await next.resolve('A0');
    await world.after(70 * SECOND);
    expect(world.takeSent()).toEqual([`${next.name}: A0`, `${next.name}: -A0`]);
    owner.isCut = false;
    await world.after(5 * SECOND);
    arrives();
    await world.after(5 * SECOND);
    expect(world.takeSent()).toEqual([`${owner.name}: A0`]);
    owner.answer = () => ({ kind: 'sent' });
    await next.post('A0');
    await world.after(30 * SECOND);
    expect(world.takeSent().map((line) => line.slice(3))).toEqual(['A0']);
  });

  it('is told at once by whoever has the group again, where it did not arrive', async () => {
    const world = await Replicas.start(['a']);
    await world.until(() => world.get('a').ha.ownership.owned === world.shards);
    const [one] = world.alive;
    if (one === undefined) throw new Error('there is none');
    let ends = (): void => undefined;
    one.answer = () =>
      new Promise((resolve) => {
        ends = () => resolve(LATER);
      });
    await one.post('A0');
    await world.after(11 * SECOND);
    one.isCut = true;
    await world.until(() => one.ha.ownership.owned === 0);
    one.isCut = false;
    await world.until(() => one.ha.ownership.owned === world.shards);
    one.answer = () => ({ kind: 'sent' });
    ends();
    await world.after(2 * SECOND);
    expect(world.takeSent()).toEqual(['a: A0']);
  });
});
