import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, test } from 'vitest';
import { testPod } from '../src/testing/test-pod.ts';
import { never, reflectorOf, startServer, until, untilAdvancing } from './fixture.ts';

describe('reflector', () => {
  test('lists once from the cache and then watches from there, for its node alone', async () => {
    const server = await startServer();
    server.put('pods', testPod('web-0'));
    server.put('pods', testPod('elsewhere', { nodeName: 'node-1' }));
    const { reflector, told } = reflectorOf(server);
    expect(reflector.state).toBe('connecting');
    reflector.start(never);
    await reflector.synced;
    expect(reflector.state).toBe('synced');
    await until(() => server.watching === 1);
    server.put('pods', testPod('web-1'));
    server.put('pods', testPod('elsewhere', { nodeName: 'node-1', labels: { changed: 'yes' } }));
    server.put('pods', testPod('web-1', { labels: { app: 'other' } }));
    server.remove('pods', 'default', 'web-0');
    await until(() => told.length === 4);
    expect(told).toEqual(['replaced web-0', 'applied web-1', 'applied web-1', 'removed web-0']);
    expect([...reflector.items.values()].map(({ name, labels }) => [name, labels])).toEqual([
      ['web-1', { app: 'other' }],
    ]);
    const [list, watch] = server.requests;
    expect(list?.query.get('resourceVersion')).toBe('0');
    expect(list?.query.get('fieldSelector')).toBe('spec.nodeName=node-0');
    expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({
      watch: 'true',
      allowWatchBookmarks: 'true',
      fieldSelector: 'spec.nodeName=node-0',
      resourceVersion: '1002',
    });
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(server.requests).toHaveLength(2);
  });

  test('a watch that the server ends in order goes on where it was, without a list and without a wait', async () => {
    const server = await startServer();
    const { reflector, told, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.put('pods', testPod('web-0'));
    await until(() => told.includes('applied web-0'));
    server.endWatches();
    await until(() => server.count('watch') === 2 && server.watching === 1);
    expect(clock.monotonicMs()).toBe(0);
    expect(server.requests.at(-1)?.query.get('resourceVersion')).toBe(String(server.store.version));
    server.put('pods', testPod('web-1'));
    await until(() => told.includes('applied web-1'));
    expect(server.count('list')).toBe(1);
    expect(told).toEqual(['replaced ', 'applied web-0', 'applied web-1']);
  });

  test('a bookmark moves the version on, so that the next watch asks for less', async () => {
    const server = await startServer();
    const { reflector } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    for (let change = 0; change < 50; change++) server.put('pods', testPod('noise', { nodeName: 'node-1' }));
    server.bookmark();
    await until(() => reflector.counters.bookmarks === 1);
    server.compact();
    server.store.advance();
    server.endWatches();
    await until(() => server.count('watch') === 2);
    expect(server.requests.at(-1)?.query.get('resourceVersion')).toBe('1050');
  });

  test('a broken connection is made good from the version reached, with what happened meanwhile', async () => {
    const server = await startServer();
    const { reflector, told, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.dropWatches();
    await until(() => reflector.state === 'stale');
    server.put('pods', testPod('meanwhile'));
    await untilAdvancing(clock, () => told.includes('applied meanwhile'));
    expect(reflector.state).toBe('synced');
    expect(server.count('list')).toBe(1);
    expect(reflector.counters.failures).toBe(1);
  });

  test('a version that the server no longer has leads to one list, after a pause', async () => {
    const server = await startServer();
    server.put('pods', testPod('gone'));
    const { reflector, told, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.refuse({ verb: 'watch', status: 503, times: 1 });
    server.dropWatches();
    await until(() => reflector.state === 'stale');
    server.remove('pods', 'default', 'gone');
    server.put('pods', testPod('new'));
    server.compact();
    await untilAdvancing(clock, () => told.length === 2);
    expect(told).toEqual(['replaced gone', 'replaced new']);
    expect(server.count('list')).toBe(2);
    expect(reflector.counters.relists).toBe(1);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(200);
    await until(() => server.watching === 1);
    // Not older than what was seen, and from the server's cache: no limit.
    const relist = server.requests.filter(({ verb }) => verb === 'list').at(-1);
    expect(relist?.query.get('resourceVersion')).toBe('1001');
    expect(relist?.query.get('limit')).toBeNull();
  });

  test('a server that forgets again and again is not stormed', async () => {
    const server = await startServer();
    const { reflector, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    for (let round = 0; round < 8; round++) {
      const lists = server.count('list');
      await until(() => server.watching === 1);
      server.failWatches(410, 'Expired', 'too old resource version');
      await untilAdvancing(clock, () => server.count('list') > lists);
    }
    // The means of the pauses: 1, 1.8, 3.4, 6.6, 13, 26, 30, 30 s.
    expect(clock.monotonicMs()).toBeGreaterThan(20_000);
    expect(reflector.counters.relists).toBe(8);
  });

  test('a version the server does not have yet (etcd restored) is dropped for the newest', async () => {
    const server = await startServer();
    for (let change = 0; change < 5; change++) server.store.advance();
    const { reflector, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.failWatches(504, 'Timeout', 'Too large resource version: 1005, current: 900');
    server.refuse({ verb: 'list', status: 504, reason: 'Timeout', message: 'Too large resource version', times: 1 });
    await untilAdvancing(clock, () => server.count('list') === 3);
    const lists = server.requests
      .filter(({ verb }) => verb === 'list')
      .map(({ query }) => query.get('resourceVersion'));
    expect(lists).toEqual(['0', '1005', null]);
    await until(() => server.watching === 1);
  });

  test('a busy server is asked again no sooner than it says', async () => {
    const server = await startServer();
    server.refuse({ verb: 'list', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 30, times: 1 });
    const { reflector, clock, log } = reflectorOf(server);
    reflector.start(never);
    await until(() => clock.pendingTimers === 1 && log.length > 0);
    await clock.advance(29_999);
    expect(server.count('list')).toBe(1);
    await untilAdvancing(clock, () => reflector.state === 'synced');
    expect(server.count('list')).toBe(2);
    expect(log.join('')).toContain('429 TooManyRequests: refused by the test');
  });

  test('a server that is down at the start is found when it comes', async () => {
    const server = await startServer();
    await server.stop();
    const { reflector, clock, told } = reflectorOf(server);
    reflector.start(never);
    await untilAdvancing(clock, () => reflector.counters.failures === 3);
    expect(reflector.state).toBe('connecting');
    await server.listen();
    server.put('pods', testPod('web-0'));
    await untilAdvancing(clock, () => reflector.state === 'synced');
    expect(told).toEqual(['replaced web-0']);
  });

  test('a missing right is reported in the words of the server', async () => {
    const server = await startServer();
    const message =
      'pods is forbidden: User "system:serviceaccount:logs:vigie" cannot list resource "pods" in API group "" at the cluster scope';
    server.refuse({ verb: 'list', status: 403, reason: 'Forbidden', message });
    const { reflector, clock, log } = reflectorOf(server);
    reflector.start(never);
    await until(() => log.length > 0);
    expect(JSON.parse(log[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'cannot list',
      resource: '/api/v1/pods',
      detail: `403 Forbidden: ${message}`,
    });
    server.accept();
    await untilAdvancing(clock, () => reflector.state === 'synced');
  });

  test('a watch that is refused for good is given up for a list', async () => {
    const server = await startServer();
    server.refuse({ verb: 'watch', status: 400, reason: 'BadRequest' });
    const { reflector, clock } = reflectorOf(server);
    reflector.start(never);
    await untilAdvancing(clock, () => reflector.counters.relists > 0);
    const verbs = server.requests.map(({ verb }) => verb);
    const secondList = verbs.indexOf('list', verbs.indexOf('list') + 1);
    expect(verbs.slice(0, secondList).filter((verb) => verb === 'watch')).toHaveLength(5);
  });

  test('a watch that falls silent is ended: three minutes after a bookmark, else when it is overdue', async () => {
    const server = await startServer({ clock: new FakeClock() });
    const { reflector, clock } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1 && reflector.counters.watches === 1);
    server.bookmark();
    await until(() => reflector.counters.bookmarks === 1);
    server.muteWatches();
    await clock.advance(179_000);
    expect(reflector.counters.failures).toBe(0);
    await clock.advance(2000);
    await until(() => reflector.counters.failures === 1);
    await untilAdvancing(clock, () => reflector.counters.watches === 2 && reflector.state === 'synced');
    const startedAtMs = clock.monotonicMs();
    const timeoutMs = Number(server.requests.at(-1)?.query.get('timeoutSeconds')) * 1000;
    await untilAdvancing(clock, () => reflector.counters.failures === 2, 5000);
    expect(clock.monotonicMs() - startedAtMs).toBeGreaterThan(timeoutMs);
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(timeoutMs + 40_000);
  });

  test('a watch of what changes more often is begun again where it was when it falls silent, and is not stale for that', async () => {
    const server = await startServer();
    const { reflector, told, clock } = reflectorOf(server, { silenceMs: 6000 });
    reflector.start(never);
    await until(() => server.watching === 1);
    server.put('pods', testPod('web-0'));
    await until(() => told.includes('applied web-0'));
    const version = String(server.store.version);
    server.muteWatches();
    await clock.advance(5999);
    expect(server.count('watch')).toBe(1);
    await untilAdvancing(clock, () => server.count('watch') === 2, 1);
    expect(clock.monotonicMs()).toBeLessThan(7000);
    expect(server.requests.at(-1)?.query.get('resourceVersion')).toBe(version);
    expect([server.count('list'), reflector.state]).toEqual([1, 'synced']);
  });

  test('a list without an answer is given up as soon', async () => {
    const server = await startServer();
    const release = server.holdLists();
    const { reflector, told, clock } = reflectorOf(server, { silenceMs: 6000 });
    reflector.start(never);
    await until(() => server.count('list') === 1);
    await clock.advance(6000);
    await until(() => reflector.counters.listFailures === 1);
    release();
    await untilAdvancing(clock, () => told.length === 1);
    expect(clock.monotonicMs()).toBeLessThan(12_000);
  });

  test('watches that end at once are not renewed at once', async () => {
    const server = await startServer();
    const { reflector, clock } = reflectorOf(server);
    reflector.start(never);
    for (let round = 1; round <= 4; round++) {
      await untilAdvancing(clock, () => server.watching === 1 && server.count('watch') === round);
      server.endWatches();
      await until(() => server.watching === 0);
    }
    await untilAdvancing(clock, () => server.count('watch') === 5);
    expect(clock.monotonicMs()).toBeGreaterThan(1000);
    expect(server.count('list')).toBe(1);
  });

  test('without a watch cache it reads page by page, and starts over in one when the pages expire', async () => {
    const server = await startServer({ watchCache: false });
    for (let index = 0; index < 1200; index++) server.put('pods', testPod(`web-${index}`, { containers: ['web'] }));
    const { reflector } = reflectorOf(server);
    reflector.start(never);
    await reflector.synced;
    expect(reflector.items.size).toBe(1200);
    const pages = server.requests.filter(({ verb }) => verb === 'list').map(({ query }) => query);
    expect(pages.map((query) => query.get('limit'))).toEqual(['500', '500', '500']);
    expect(pages.map((query) => query.get('resourceVersion'))).toEqual(['0', null, null]);

    const other = await startServer({ watchCache: false });
    for (let index = 0; index < 600; index++) other.put('pods', testPod(`web-${index}`, { containers: ['web'] }));
    const release = other.holdLists();
    const second = reflectorOf(other);
    second.reflector.start(never);
    release();
    const forget = setInterval(() => other.expirePages(), 0);
    await second.reflector.synced;
    clearInterval(forget);
    expect(second.reflector.items.size).toBe(600);
  });

  test('a slow list is waited for, and one that stops in the middle is begun again', async () => {
    const server = await startServer();
    server.put('pods', testPod('web-0'));
    const release = server.holdLists();
    const { reflector, clock, told } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.count('list') === 1);
    await clock.advance(69_000);
    expect(reflector.counters.failures).toBe(0);
    await clock.advance(2000);
    await until(() => reflector.counters.failures === 1);
    release();
    await untilAdvancing(clock, () => reflector.state === 'synced');
    expect(told).toEqual(['replaced web-0']);
  });

  test('an object that cannot be decoded is left out and counted, the others are there', async () => {
    const server = await startServer();
    server.put('pods', testPod('web-0'));
    server.put('pods', { metadata: { name: '' }, spec: { nodeName: 'node-0' } });
    const { reflector, told } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.put('pods', { metadata: { name: '', namespace: 'x' }, spec: { nodeName: 'node-0' } });
    server.put('pods', testPod('web-1'));
    await until(() => told.length === 2);
    expect(told).toEqual(['replaced web-0', 'applied web-1']);
    expect(reflector.counters.undecodable).toBe(2);
  });

  test('what is no watch event breaks the watch, not the reflector', async () => {
    const server = await startServer();
    const { reflector, clock, told } = reflectorOf(server);
    reflector.start(never);
    await until(() => server.watching === 1);
    server.writeToWatches('{"type":"ADDED","object":{"metadata":{"name":}}}\n');
    await untilAdvancing(clock, () => reflector.counters.watches === 2 && reflector.state === 'synced');
    server.put('pods', testPod('web-0'));
    await until(() => told.includes('applied web-0'));
  });

  test('a handler that throws does not end it: the next list tells all again', async () => {
    const server = await startServer();
    let failures = 0;
    const { reflector, clock, told, log } = reflectorOf(server, {
      handlers: {
        applied: () => {
          if (failures++ === 0) throw new Error('the handler is broken');
        },
      },
    });
    reflector.start(never);
    await until(() => server.watching === 1);
    server.put('pods', testPod('web-0'));
    await untilAdvancing(clock, () => told.length === 2);
    expect(told).toEqual(['replaced ', 'replaced web-0']);
    expect(log.join('')).toContain('the handler is broken');
  });

  test('closes in the middle of a list, of a watch and of a pause, and tells nothing more', async () => {
    const server = await startServer();
    const release = server.holdLists();
    const listing = reflectorOf(server);
    listing.reflector.start(never);
    await until(() => server.count('list') === 1);
    await listing.reflector.close();
    release();

    const watching = reflectorOf(server);
    watching.reflector.start(never);
    await until(() => server.watching === 1);
    const closing = watching.reflector.close();
    server.put('pods', testPod('web-0'));
    await closing;
    await watching.reflector.close();

    server.refuse({ verb: 'list', status: 500 });
    const pausing = reflectorOf(server);
    const ending = new AbortController();
    pausing.reflector.start(ending.signal);
    await until(() => pausing.reflector.counters.failures === 1);
    ending.abort(new Error('the end'));
    await pausing.reflector.close();
    expect([listing.told, watching.told, pausing.told]).toEqual([[], ['replaced '], []]);
    await until(() => server.watching === 0);
  });
});
