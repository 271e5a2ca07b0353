/** Replicas that share their work, over kills, hand-overs, partitions and an API server that is gone. */
import { createLog } from '@vigie/core/log';
import { describe, expect, it } from 'vitest';
import type { ToldLogRule } from '../../src/logs/state/told-log-rules.ts';
import { AlertMatcher } from '../../src/matchers/alert-matcher.ts';
import { keptByEngine } from '../../src/rules/rule-keeping.ts';
import { keptAlert } from '../history/rule-alerts.ts';
import { MINUTE, SECOND } from '../lab.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { Replicas } from './replicas.ts';

const NAMES = Array.from({ length: 16 }, (_, index) => `A${index}`);

/** Each owns as much as the other. */
const shared = (world: Replicas): Promise<void> =>
  world.until(() => world.alive.every(({ ha }) => ha.ownership.owned === world.shards / world.alive.length));

/** And the others know it. */
async function untilTold(world: Replicas): Promise<void> {
  await world.until(() => world.sent.length >= NAMES.length);
  await world.after(3 * SECOND);
}

const told = (world: Replicas): readonly string[] => world.sent.flatMap(({ names }) => names).sort();

describe('two replicas', () => {
  it('share the work: what one is told the other knows, and each group is told of once, by its owner', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    // Addresses come with the first renewal.
    await world.after(4 * SECOND);
    const [a, b] = [world.get('a'), world.get('b')];
    expect(a.ha.peers()).toEqual([
      { name: 'a', address: 'a:9093' },
      { name: 'b', address: 'b:9093' },
    ]);
    for (const name of NAMES) void a.post(name);
    await world.after(2 * SECOND);
    expect(b.engine.state.alerts.size).toBe(NAMES.length);
    await untilTold(world);
    expect(told(world)).toEqual(NAMES.toSorted());
    expect(new Set(world.sent.map(({ by }) => by))).toEqual(new Set(['a', 'b']));
    world.takeSent();
    for (const name of NAMES) void b.resolve(name);
    await world.after(70 * SECOND);
    expect(told(world)).toEqual(NAMES.map((name) => `-${name}`).sort());
    await world.after(2 * MINUTE);
    expect(world.sent).toHaveLength(NAMES.length);
    for (const { engine, ha } of world.alive) {
      expect(engine.groups).toHaveLength(0);
      expect(engine.state.outbox.size).toBe(0);
      expect(ha.duplicates).toEqual({ takeover: 0, alone: 0 });
    }
  });

  it('where the owner is killed when group_wait is over, the other tells within ten seconds', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    await world.get('a').post('A0');
    await world.after(9 * SECOND);
    const owner = world.ownerOf('A0');
    owner.answer = () => new Promise(() => undefined);
    await world.after(SECOND + 500);
    owner.kill();
    const killedAtMs = world.clock.nowMs();
    await world.until(() => world.sent.length > 0);
    const [sent] = world.sent;
    expect(sent?.names).toEqual(['A0']);
    expect((sent?.atMs ?? 0) - killedAtMs).toBeLessThanOrEqual(7 * SECOND);
    // It had said that it would tell, and nobody knows whether it did.
    await world.after(SECOND);
    expect(world.alive[0]?.ha.duplicates).toEqual({ takeover: 1, alone: 0 });
    await world.after(2 * MINUTE);
    expect(world.sent).toHaveLength(1);
  });

  it('one of them tells whom a step names, also of a group that it took over meanwhile', async () => {
    const escalation = [{ afterMs: 30 * SECOND, receiver: 'lead' }];
    const receivers = new Map([['a', { fallback: undefined, rateLimit: undefined, escalation }]]);
    const world = await Replicas.start(['a', 'b'], { receivers });
    await shared(world);
    await world.get('a').post('A0');
    await world.until(() => world.sent.length > 0);
    const owner = world.ownerOf('A0');
    await world.after(40 * SECOND);
    expect(world.sent.map(({ by, names }) => [by, ...names])).toEqual([
      [owner.name, 'A0'],
      [owner.name, 'A0'],
    ]);
    world.takeSent();
    await world.get('b').post('A1');
    await world.until(() => world.sent.length > 0);
    const killed = world.ownerOf('A1');
    await world.after(3 * SECOND);
    killed.kill();
    await world.after(40 * SECOND);
    const [other] = world.alive;
    expect(world.sent.filter(({ names }) => names.includes('A1')).map(({ by }) => by)).toEqual([
      killed.name,
      other?.name,
    ]);
  });

  it('hands over at once when it is told to end, and what was told is not told again', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    for (const name of NAMES) void world.get('a').post(name);
    await untilTold(world);
    expect(told(world)).toEqual(NAMES.toSorted());
    world.takeSent();
    await world.get('a').close();
    const closedAtMs = world.clock.nowMs();
    await world.until(() => world.get('b').ha.ownership.owned === world.shards);
    expect(world.clock.nowMs() - closedAtMs).toBeLessThanOrEqual(3 * SECOND);
    expect(world.get('b').ha.peers()).toEqual([{ name: 'b', address: 'b:9093' }]);
    for (const name of NAMES) void world.get('b').resolve(name);
    await world.after(70 * SECOND);
    expect(told(world)).toEqual(NAMES.map((name) => `-${name}`).sort());
  });

  it('a silence set at one holds at both, and so does its end', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const nowMs = world.clock.nowMs();
    // The clock of one is behind.
    world.get('b').skewMs = -5 * SECOND;
    const { id } = await world.get('a').engine.setSilence({
      matcherSets: [[new AlertMatcher('alertname', '=~', 'A.*')]],
      startsAtMs: nowMs,
      endsAtMs: nowMs + 60 * MINUTE,
      createdBy: 'me',
      comment: '',
      annotations: {},
    });
    await world.after(6 * SECOND);
    for (const name of NAMES) void world.get('b').post(name);
    await world.after(20 * SECOND);
    expect(world.sent).toEqual([]);
    await world.get('b').engine.expireSilence(id);
    await world.after(2 * MINUTE);
    expect(told(world)).toEqual(NAMES.toSorted());
    for (const name of ['a', 'b']) {
      const cause = name === 'a' ? 'it was ended at another replica' : 'somebody has ended it';
      expect(world.get(name).history.filter((event) => 'silence' in event)).toMatchObject([
        { kind: 'silenced', silence: id, by: 'me', timeMs: nowMs },
        { kind: 'unsilenced', silence: id, cause },
      ]);
    }
  });

  it('know of a log rule what was told last by whoever evaluated it, also one that comes later', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const log = createLog('error', { write: () => undefined });
    const [a, b] = ['a', 'b'].map((name) => keptByEngine(world.get(name).engine, log));
    const atMs = world.clock.nowMs();
    const told = (afterMs: number): ToldLogRule => {
      const state = {
        kind: 'absence',
        atMs: atMs + afterMs,
        series: [{ labels: { pod: 'x' }, seenMs: atMs }],
      } as const;
      return { rule: 'r', atMs: atMs + afterMs, definition: 'd', state };
    };
    void a?.keepLogRule(told(0));
    await world.until(() => b?.logRules.get('r') !== undefined);
    expect(b?.logRules.get('r')).toEqual(told(0));
    // Its clock is behind, and it is the later all the same.
    void b?.keepLogRule(told(-5));
    await world.until(() => a?.logRules.get('r')?.atMs !== atMs);
    expect(a?.logRules.get('r')).toEqual(told(-5));
    await world.add('c');
    expect(world.get('c').engine.state.logRules.get('r')).toEqual(told(-5));
    world.get('b').kill();
    const again = await world.add('b', new MemoryFs(world.get('b').fs.contents()));
    expect([...again.engine.state.records()].filter(({ kind }) => kind === 'log_rule')).toHaveLength(1);
  });

  it('share again what one had, when the other comes back from nothing', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    for (const name of NAMES) void world.get('a').post(name);
    await untilTold(world);
    world.takeSent();
    world.get('a').kill();
    await world.after(15 * SECOND);
    await world.add('a', new MemoryFs());
    await shared(world);
    expect(world.get('a').engine.state.alerts.size).toBe(NAMES.length);
    await world.after(3 * MINUTE);
    expect(world.sent).toEqual([]);
  });

  it('of which one cannot reach the API server: it tells all that it knows, and the other what is its own', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    world.get('a').isCut = true;
    await world.after(12 * SECOND);
    expect(world.get('a').ha.isAlone).toBe(true);
    expect(world.get('b').ha).toMatchObject({ isAlone: false });
    expect(world.get('b').ha.ownership.owned).toBe(world.shards);
    // As Prometheus does: to both.
    for (const one of world.alive) void one.post('A0');
    await world.after(12 * SECOND);
    expect(world.takeSent().toSorted()).toEqual(['a: A0', 'b: A0']);
    expect(world.get('a').ha.duplicates.alone).toBe(1);
    world.get('a').isCut = false;
    await shared(world);
    await world.after(3 * MINUTE);
    expect(world.sent).toEqual([]);
  });

  it('an owner that is cut off while it tries again and again does not try once another one may own the group', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    await world.get('a').post('A0');
    const owner = world.ownerOf('A0');
    let attempts = 0;
    owner.answer = () => {
      attempts += 1;
      return { kind: 'retry', reason: '503', afterMs: undefined };
    };
    await world.after(12 * SECOND);
    expect(attempts).toBeGreaterThan(0);
    owner.isCut = true;
    const cutAtMs = world.clock.nowMs();
    await world.until(() => !owner.ha.ownsGroup('{}:{alertname="A0"}'));
    const lostAfterMs = world.clock.nowMs() - cutAtMs;
    const before = attempts;
    await world.until(() => owner.ha.isAlone || attempts > before);
    expect({ isAlone: owner.ha.isAlone, lostAfterMs }).toEqual({
      isAlone: true,
      lostAfterMs: expect.closeTo(3000, -4),
    });
    await world.until(() => world.sent.length > 0);
    expect(world.takeSent()).toEqual([`${owner.name === 'a' ? 'b' : 'a'}: A0`]);
    expect(world.clock.nowMs() - cutAtMs).toBeLessThanOrEqual(8 * SECOND);
  });
});

describe('without the API server', () => {
  it('both tell, within ten seconds of their time, and share again when it is back', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const owner = world.ownerOf('A0');
    const other = world.alive.find((one) => one !== owner);
    for (const one of world.alive) void one.post('A0');
    await world.after(9 * SECOND);
    await world.api.stop();
    owner.kill();
    await world.after(11 * SECOND);
    expect(world.takeSent()).toEqual([`${other?.name}: A0`]);
    await world.api.listen();
    await world.until(() => other?.ha.ownership.owned === world.shards);
    expect(other?.ha.isAlone).toBe(false);
    await world.after(2 * MINUTE);
    expect(world.sent).toEqual([]);
  });

  it('takes nothing for over that only the other is told of', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const nowMs = world.clock.nowMs();
    await world.get('a').post('A0', { endsAtMs: nowMs + 4 * MINUTE });
    await world.after(12 * SECOND);
    expect(world.takeSent()).toHaveLength(1);
    await world.api.stop();
    for (let minute = 1; minute < 6; minute++) {
      await world.after(MINUTE, SECOND);
      await world.get('a').post('A0', { startsAtMs: nowMs, endsAtMs: world.clock.nowMs() + 4 * MINUTE });
    }
    expect(world.takeSent().filter((line) => line.includes('-'))).toEqual([]);
    await world.api.listen();
    await shared(world);
    await world.get('a').resolve('A0');
    await world.after(2 * MINUTE);
    expect(world.takeSent()).toHaveLength(1);
  });
});

describe('what is written', () => {
  it('is transitions: an alert that comes again each minute is written when the end that others know comes near', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const nowMs = world.clock.nowMs();
    const writes = (): number =>
      world.api.requests.filter(({ path, method }) => path.includes('/configmaps') && method !== 'GET').length;
    const postAll = (): void => {
      const endsAtMs = world.clock.nowMs() + 4 * MINUTE;
      for (const name of NAMES) void world.get('a').post(name, { startsAtMs: nowMs, endsAtMs });
    };
    postAll();
    await world.after(20 * SECOND);
    const before = writes();
    for (let minute = 0; minute < 5; minute++) {
      postAll();
      await world.after(MINUTE, SECOND);
      for (const { endsAtMs } of world.get('b').engine.state.alerts.all())
        expect(endsAtMs).toBeGreaterThan(world.clock.nowMs());
    }
    expect(writes() - before).toBeLessThanOrEqual(4);
    expect(told(world)).toEqual(NAMES.toSorted());
  });

  it('is never more often than is stated, in objects below 512 KiB, and what is old is removed', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    const fromMs = world.clock.monotonicMs();
    const from = world.api.requests.length;
    const writes = () =>
      world.api.requests
        .slice(from)
        .filter(({ path, verb }) => path.includes('/configmaps') && ['create', 'update', 'delete'].includes(verb));
    // Eight kilobytes that cannot be made smaller than five.
    const text = () => Array.from({ length: 700 }, () => world.random().toString(36).slice(2)).join('');
    for (let round = 0; round < 10; round++) {
      for (let index = 0; index < 20; index++) void world.get('a').post('A0', {}, { text: text() });
      await world.after(SECOND);
    }
    await world.until(() => writes().filter(({ verb }) => verb === 'delete').length >= 5);
    expect(writes().length).toBeLessThanOrEqual(2 * (((world.clock.monotonicMs() - fromMs) / SECOND) * 4 + 8));
    for (const { body } of writes()) expect(JSON.stringify(body ?? '').length).toBeLessThan(512 * 1024);
    const left = world.api.store.list('configmaps').map((object) => JSON.stringify(object).length);
    expect(left.reduce((sum, length) => sum + length, 0)).toBeLessThan(4 * 2 ** 20);
    await world.add('c');
    expect(world.get('c').engine.state.alerts.size).toBe(200);
  });

  it('is another replica’s ten minutes after the end of the one that wrote it', async () => {
    const world = await Replicas.start(['a', 'b']);
    await shared(world);
    for (const name of NAMES) void world.get('b').post(name);
    await world.after(15 * SECOND);
    world.get('b').kill();
    await world.after(11 * MINUTE, SECOND);
    const names = ['leases', 'configmaps'].flatMap((resource) => world.api.store.list(resource));
    expect(names.filter(({ metadata }) => /-b(-|$)/.test(metadata.name))).toEqual([]);
    await world.add('c');
    expect(world.get('c').engine.state.alerts.size).toBe(NAMES.length);
  });
});

it('has at each replica in the history what comes before anybody is told', async () => {
  const world = await Replicas.start(['a', 'b']);
  await shared(world);
  const [a, b] = [world.get('a'), world.get('b')];
  void a.engine.keepRules([keptAlert('A0', 'pending')]);
  await world.after(2 * SECOND);
  void a.post('A0');
  await world.after(30 * SECOND);
  for (const { history } of [a, b])
    expect(history.flatMap(({ kind }) => (kind === 'sent' ? [] : [kind]))).toEqual(['pending', 'created', 'grouped']);
  expect([...a.history, ...b.history].filter(({ kind }) => kind === 'sent')).toHaveLength(1);
});

it('has in the history of a replica that was cut off both the beginning and the end of what was pending meanwhile', async () => {
  const world = await Replicas.start(['a', 'b']);
  await shared(world);
  const [a, b] = [world.get('a'), world.get('b')];
  b.isCut = true;
  void a.engine.keepRules([keptAlert('A0', 'pending')]);
  await world.after(2 * SECOND);
  void a.engine.keepRules([keptAlert('A0', undefined)]);
  await world.after(2 * SECOND);
  expect(b.history).toEqual([]);
  // It lists what there is: both are in one object.
  world.api.compact();
  b.isCut = false;
  await world.after(10 * SECOND);
  for (const { history } of [a, b]) expect(history.map(({ kind }) => kind)).toEqual(['pending', 'lapsed']);
});
