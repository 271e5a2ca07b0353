import { describe, expect, it } from 'vitest';
import { World } from './world.ts';

const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 12m';

describe('a group', () => {
  it('is told after group_wait, of all that came until then', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    await world.clock.advance(59_999);
    world.set({ alertname: 'B' });
    expect(world.diary).toEqual([]);
    await world.clock.advance(1);
    expect(world.diary).toEqual(['1: first notification A B']);
  });

  it('is told at once of an alert that began longer than group_wait ago', async () => {
    const world = new World(TIMERS);
    await world.minutes(3);
    world.set({ alertname: 'A' }, undefined, 0);
    await world.minutes(0);
    expect(world.diary).toEqual(['3: first notification A']);
  });

  it('is told of new and resolved alerts at the next group_interval', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    await world.minutes(2);
    world.set({ alertname: 'B' });
    await world.minutes(5);
    expect(world.diary.splice(0)).toEqual(['1: first notification A', '6: new alerts added A B']);
    world.set({ alertname: 'A' }, 7 * 60_000);
    await world.minutes(5);
    expect(world.diary.splice(0)).toEqual(['11: some alerts resolved -A B']);
    world.set({ alertname: 'B' }, 12 * 60_000);
    await world.minutes(5);
    expect(world.diary).toEqual(['16: all alerts resolved -B']);
    expect(world.dispatcher.groups).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('is told again at the first group_interval that is more than repeat_interval later', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    await world.minutes(35);
    expect(world.diary).toEqual([
      '1: first notification A',
      '16: repeat interval elapsed A',
      '31: repeat interval elapsed A',
    ]);
  });

  it('counts what an equal repeat_interval asks for at the interval after', async () => {
    const world = new World('group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 5m');
    world.set({ alertname: 'A' });
    await world.minutes(12);
    expect(world.diary).toEqual(['1: first notification A', '11: repeat interval elapsed A']);
  });

  it('is not told of alerts that came and went between two flushes', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    world.set({ alertname: 'A' }, 30_000);
    await world.minutes(10);
    expect(world.diary).toEqual([]);
    expect(world.dispatcher.groups).toEqual([]);
  });

  it('is told of the end of all alerts where send_resolved is off, so that the next is the first', async () => {
    const world = new World(TIMERS);
    world.sendResolved = false;
    world.set({ alertname: 'A' });
    world.set({ alertname: 'B' });
    await world.minutes(2);
    world.set({ alertname: 'A' }, world.clock.nowMs());
    await world.minutes(5);
    expect(world.diary.splice(0)).toEqual(['1: first notification A B']);
    world.set({ alertname: 'B' }, world.clock.nowMs());
    await world.minutes(5);
    expect(world.diary.splice(0)).toEqual(['11: all alerts resolved -B']);
    world.set({ alertname: 'A' });
    await world.minutes(2);
    expect(world.diary).toEqual(['13: first notification A']);
  });

  it('resolves an alert that does not come again by its end', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' }, 4 * 60_000);
    await world.minutes(6);
    expect(world.diary).toEqual(['1: first notification A', '6: all alerts resolved -A']);
  });

  it('keeps what it could not tell, and tells it at the next flush', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    await world.minutes(2);
    world.set({ alertname: 'A' }, 2 * 60_000);
    world.outcome = () => Promise.reject(new Error('refused'));
    await world.minutes(5);
    expect(world.errors).toEqual([new Error('refused')]);
    world.outcome = () => Promise.resolve(true);
    await world.minutes(5);
    expect(world.diary).toEqual(['1: first notification A', '11: all alerts resolved -A']);
  });

  it('keeps an alert that fires again while its end is told', async () => {
    const world = new World(TIMERS);
    world.set({ alertname: 'A' });
    await world.minutes(2);
    world.set({ alertname: 'A' }, 2 * 60_000);
    world.outcome = async () => {
      await world.clock.sleep(60_000);
      world.set({ alertname: 'A' });
      return true;
    };
    await world.minutes(6);
    world.outcome = () => Promise.resolve(true);
    await world.minutes(5);
    expect(world.diary.at(-2)).toBe('6: all alerts resolved -A');
    expect(world.diary.at(-1)).toMatch(/^1[12]: first notification A$/);
  });

  it('ends a notification that takes longer than group_interval', async () => {
    const world = new World(TIMERS);
    world.outcome = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('too long'))));
    world.set({ alertname: 'A' });
    await world.minutes(5);
    expect(world.errors).toEqual([]);
    await world.minutes(1);
    expect(world.errors).toEqual([new Error('too long')]);
  });
});

describe('the dispatcher', () => {
  it('has a group for each route and set of labels that an alert leads to', () => {
    const world = new World(
      'group_by: [alertname]\n  routes: [{ matchers: [a=b], continue: true }, { matchers: [a=b] }]',
    );
    world.set({ alertname: 'A', a: 'b' });
    world.set({ alertname: 'B' });
    world.set({ alertname: 'B', c: 'd' });
    expect(world.dispatcher.groups.map(({ key, route }) => [key, route.place])).toEqual([
      ['{}/{a="b"}:{alertname="A"}', 'route.routes[0]'],
      ['{}/{a="b"}:{alertname="A"}', 'route.routes[1]'],
      ['{}:{alertname="B"}', 'route'],
    ]);
  });

  it('ends its timers and what is under way when it is closed', async () => {
    const world = new World(TIMERS);
    world.outcome = (signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
    world.set({ alertname: 'A' });
    await world.minutes(1);
    await world.dispatcher.close({ graceMs: 0 });
    world.set({ alertname: 'B' });
    expect(world.clock.pendingTimers).toBe(0);
    expect(world.diary).toEqual([]);
  });
});
