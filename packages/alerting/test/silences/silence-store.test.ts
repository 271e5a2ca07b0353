import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { parseMatchers } from '../../src/matchers/parse-matchers.ts';
import type { SilenceContent } from '../../src/silences/silence.ts';
import { SilenceStore } from '../../src/silences/silence-store.ts';

const MINUTE = 60_000;

class World {
  readonly clock = new FakeClock(0);
  #ids = 0;
  readonly store = new SilenceStore({
    clock: this.clock,
    newId: () => String(++this.#ids),
    retentionMs: 10 * MINUTE,
  });

  /** @param matchers of one set each */
  content(startsAtMs: number, endsAtMs: number, ...matchers: readonly string[]): SilenceContent {
    const matcherSets = (matchers.length === 0 ? ['a=b'] : matchers).map((text) => parseMatchers(text).matchers);
    return { matcherSets, startsAtMs, endsAtMs, createdBy: 'me', comment: 'deploy', annotations: {} };
  }

  /** `id startsAt-endsAt`, in minutes, of those in a state. */
  seen(state?: 'pending' | 'active' | 'expired'): readonly string[] {
    const silences = this.store.query(state === undefined ? {} : { states: [state] });
    return silences.map(({ id, startsAtMs, endsAtMs }) => `${id} ${startsAtMs / MINUTE}-${endsAtMs / MINUTE}`);
  }
}

describe('a silence', () => {
  it('is pending, active and expired by the clock', async () => {
    const world = new World();
    world.store.set(world.content(2 * MINUTE, 5 * MINUTE));
    expect(world.seen('pending')).toEqual(['1 2-5']);
    await world.clock.advance(2 * MINUTE);
    expect(world.seen('active')).toEqual(['1 2-5']);
    await world.clock.advance(3 * MINUTE);
    expect(world.seen('active')).toEqual(['1 2-5']);
    await world.clock.advance(1);
    expect(world.seen('expired')).toEqual(['1 2-5']);
  });

  it('begins no earlier than it is made', async () => {
    const world = new World();
    await world.clock.advance(3 * MINUTE);
    expect(world.store.set(world.content(0, 5 * MINUTE))).toMatchObject({
      startsAtMs: 3 * MINUTE,
      updatedAtMs: 3 * MINUTE,
    });
  });

  it('silences what fulfils one of its sets', () => {
    const world = new World();
    world.store.set(world.content(0, MINUTE, 'a=b,c=~"d|e"', 'x=y'));
    const silencing = (labels: Readonly<Record<string, string>>): number =>
      world.store.query({ states: ['active'], labels: LabelSet.of(labels) }).length;
    expect([silencing({ a: 'b', c: 'e' }), silencing({ x: 'y' }), silencing({ a: 'b' }), silencing({})]).toEqual([
      1, 1, 0, 0,
    ]);
  });

  it.each([
    [[], 'invalid silence: at least one matcher set required'],
    [[''], 'invalid silence: matcher set 0 is empty'],
    [['a=b', 'a=~".*",b=""'], 'invalid silence: matcher set 1: at least one matcher must not match the empty string'],
    [['a=b,""=c'], 'invalid silence: invalid label matcher 1 in set 0: invalid label name ""'],
  ])('is refused with matchers %j', (sets, message) => {
    const world = new World();
    const matcherSets = sets.map((text) => parseMatchers(text).matchers);
    const refused = expect.objectContaining({ code: 'SILENCE_INVALID', message });
    expect(() => world.store.set({ ...world.content(0, MINUTE), matcherSets })).toThrow(refused);
  });

  it('is refused where it ends before it begins', () => {
    const world = new World();
    expect(() => world.store.set(world.content(MINUTE, 0))).toThrow('end time must not be before start time');
  });

  it('may have a matcher that matches what is not there, beside another', () => {
    const world = new World();
    world.store.set(world.content(0, MINUTE, 'a!=b'));
    world.store.set(world.content(0, MINUTE, 'a="",b=c'));
    expect(world.seen()).toHaveLength(2);
  });
});

describe('a change of a silence', () => {
  it.each([
    ['an active one keeps its start and its matchers', 1, [0, 8, 'a=b'], ['1 0-8']],
    ['an active one may end now', 1, [0, 1, 'a=b'], ['1 0-1']],
    ['an active one that began otherwise is another', 1, [2, 8, 'a=b'], ['1 0-1', '2 2-8']],
    ['an active one with other matchers is another', 1, [0, 8, 'a=c'], ['1 0-1', '2 1-8']],
    ['an expired one is another', 6, [6, 8, 'a=b'], ['1 0-5', '2 6-8']],
  ] as const)('%s', async (_, atMinute, [start, end, matchers], expected) => {
    const world = new World();
    const { id } = world.store.set(world.content(0, 5 * MINUTE));
    await world.clock.advance(atMinute * MINUTE);
    world.store.set(world.content(start * MINUTE, end * MINUTE, matchers), id);
    expect(world.seen()).toEqual(expected);
  });

  it('of a pending one moves it, unless into the past', async () => {
    const world = new World();
    const { id } = world.store.set(world.content(5 * MINUTE, 8 * MINUTE));
    await world.clock.advance(MINUTE);
    world.store.set(world.content(2 * MINUTE, 9 * MINUTE), id);
    expect(world.seen()).toEqual(['1 2-9']);
    world.store.set(world.content(0, 9 * MINUTE), id);
    expect(world.seen()).toEqual(['1 1-1', '2 1-9']);
  });

  it('of one that there is not is refused', () => {
    const world = new World();
    const unknown = expect.objectContaining({ code: 'SILENCE_NOT_FOUND' });
    expect(() => world.store.set(world.content(0, MINUTE), 'x')).toThrow(unknown);
    expect(() => world.store.expire('x')).toThrow(unknown);
  });
});

describe('as many silences as there may be', () => {
  it('are changed and ended, and one more is refused until those that are over are forgotten', async () => {
    const clock = new FakeClock(0);
    let ids = 0;
    let most = 2;
    const options = { clock, newId: () => String(++ids), retentionMs: 10 * MINUTE, most: () => most };
    const store = new SilenceStore(options);
    const { content } = new World();
    const first = store.set(content(0, MINUTE));
    store.set(content(0, 60 * MINUTE, 'a=c'));
    expect(() => store.set(content(0, MINUTE))).toThrow('exceeded maximum number of silences: 2 (limit: 2)');
    // A change that takes another silence leaves the old one as it is where there is no room.
    expect(() => store.set(content(0, MINUTE, 'a=d'), first.id)).toThrow('exceeded');
    expect(store.query({ states: ['active'] })).toHaveLength(2);
    expect(store.set(content(0, 2 * MINUTE), first.id)).toMatchObject({ id: '1', endsAtMs: 2 * MINUTE });
    most = 3;
    expect(store.set(content(0, MINUTE)).id).toBe('3');
    await clock.advance(30 * MINUTE);
    expect(store.set(content(0, 60 * MINUTE, 'a=e')).id).toBe('4');
  });
});

it('knows those that hold now, however they came to, and when', async () => {
  const world = new World();
  const active = (): readonly string[] => world.store.active().map(({ id }) => id);
  const first = world.store.set(world.content(0, 5 * MINUTE));
  expect(active()).toEqual(['1']);
  world.store.set(world.content(0, 9 * MINUTE));
  world.store.set(world.content(MINUTE, 9 * MINUTE));
  expect(active()).toEqual(['1', '2']);
  await world.clock.advance(MINUTE);
  expect(active()).toEqual(['1', '2', '3']);
  world.store.expire('2');
  await world.clock.advance(1);
  expect(active()).toEqual(['1', '3']);
  world.store.merge({ ...first, id: 'other' });
  expect(active()).toEqual(['1', '3', 'other']);
  world.store.forget('other');
  expect(active()).toEqual(['1', '3']);
});

describe('the end of a silence', () => {
  it('is now, for a pending one too, and once', async () => {
    const world = new World();
    const active = world.store.set(world.content(0, 5 * MINUTE));
    const pending = world.store.set(world.content(3 * MINUTE, 5 * MINUTE));
    await world.clock.advance(MINUTE);
    world.store.expire(active.id);
    world.store.expire(pending.id);
    await world.clock.advance(MINUTE);
    expect(world.store.expire(active.id)).toMatchObject({ endsAtMs: MINUTE, updatedAtMs: MINUTE });
    expect(world.seen('expired')).toEqual(['1 0-1', '2 1-1']);
  });

  it('is forgotten after the retention', async () => {
    const world = new World();
    world.store.set(world.content(0, MINUTE));
    world.store.set(world.content(0, 5 * MINUTE));
    await world.clock.advance(11 * MINUTE - 1);
    expect(world.store.collectGarbage()).toBe(0);
    await world.clock.advance(1);
    expect(world.store.collectGarbage()).toBe(1);
    expect(world.seen()).toEqual(['2 0-5']);
  });
});

describe('a version from elsewhere', () => {
  it('is taken where it is later, and never after its retention', async () => {
    const world = new World();
    const silence = world.store.set(world.content(0, MINUTE));
    expect(world.store.merge({ ...silence, endsAtMs: 2 * MINUTE })).toBe(false);
    expect(world.store.merge({ ...silence, endsAtMs: 2 * MINUTE, updatedAtMs: 1 })).toBe(true);
    expect(world.store.merge({ ...silence, id: 'other' })).toBe(true);
    expect(world.store.query({ ids: ['other', 'x'] })).toMatchObject([{ id: 'other' }]);
    expect(world.seen()).toEqual(['1 0-2', 'other 0-1']);
    await world.clock.advance(20 * MINUTE);
    expect(world.store.merge({ ...silence, id: 'ghost', updatedAtMs: 20 * MINUTE })).toBe(false);
  });
});
