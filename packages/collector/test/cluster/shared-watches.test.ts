import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clusterObjectView, ObjectIndex } from '../../src/adapter/cluster-objects.ts';
import type { JoinedWatch, ObjectView } from '../../src/cluster/shared-watch.ts';
import { allOf, SharedWatches, type WatchedCollection } from '../../src/cluster/shared-watches.ts';
import { KINDS } from '../../src/discovery/kubernetes/watched-kinds.ts';
import { DEFAULT_KUBE_STATE, KubeState } from '../../src/kube-state/kube-state.ts';
import { EVERYTHING } from '../../src/metrics-api/label-selector.ts';
import { until } from '../discovery/world.ts';

const PODS = allOf('/api/v1/pods');

/** What a listener was told, as text. */
class Told {
  readonly lines: string[] = [];
  readonly applied = (key: string): void => void this.lines.push(`+${key}`);
  readonly removed = (key: string): void => void this.lines.push(`-${key}`);
}

async function world() {
  const server = await TestApiServer.start();
  const clock = new FakeClock();
  const watches = new SharedWatches({
    clock,
    random: seededRandom(3),
    log: createLog('error', { write: () => undefined }),
    env: {},
    userAgent: 'vigie/test',
    configOf: () => server.config({ namespace: 'shop' }),
  });
  const joined: JoinedWatch<unknown>[] = [];
  onTestFinished(async () => {
    await Promise.all(joined.map((one) => one.leave()));
    await server.stop();
  });
  const join = <T>(view: ObjectView<T>, told = new Told(), collection: WatchedCollection = PODS) => {
    const one = watches.join(collection, view, told);
    joined.push(one);
    return { one, told };
  };
  const lists = (path: string): number =>
    server.requests.filter((request) => request.verb === 'list' && request.path === path).length;
  return { server, clock, watches, join, lists };
}

describe('who joins while the watches are held', () => {
  it('is served by one list and one watch, whatever each of them wants to know', async () => {
    const { server, watches, join, lists } = await world();
    server.put('pods', testPod('web-0', { labels: { app: 'web' } }));
    const release = watches.hold();
    const state = new KubeState({ ...DEFAULT_KUBE_STATE, resources: ['pods'] }, watches);
    onTestFinished(() => state.close());
    const index = new ObjectIndex();
    const { one: discovery } = join(KINDS.pod.view);
    const metrics = watches.join(PODS, clusterObjectView, index);
    onTestFinished(() => metrics.leave());
    state.start();
    expect(server.requests).toEqual([]);
    release();
    await Promise.all([discovery.synced, metrics.synced]);
    await until(() => server.watching === 1);
    expect([watches.size, lists('/api/v1/pods'), server.count('watch')]).toEqual([1, 1, 1]);
    expect(discovery.get('default/web-0')?.containers.map(({ name }) => name)).toEqual(['web', 'metrics']);
    expect(index.list('default', EVERYTHING).map(({ name }) => name)).toEqual(['web-0']);
    expect((await state.expose()).body).toContain('kube_pod_info{namespace="default",pod="web-0"');
    // Of the labels, which both keep, there is one copy.
    expect(discovery.get('default/web-0')?.labels).toBe(index.get('default', 'web-0')?.labels);
  });
});

describe('who comes later', () => {
  it('with a view that is kept already hears of what is known, and nothing is asked', async () => {
    const { server, join } = await world();
    server.put('pods', testPod('web-0'));
    await join(KINDS.pod.view).one.synced;
    await until(() => server.watching === 1);
    const { one, told } = join(KINDS.pod.view);
    expect(told.lines).toEqual(['+default/web-0']);
    expect([...one.keys()]).toEqual(['default/web-0']);
    await one.synced;
    expect([server.count('list'), server.count('watch')]).toEqual([1, 1]);
  });

  it('with a view of its own has all listed once more, and the others hear of nothing that they know', async () => {
    const { server, watches, join, lists } = await world();
    server.put('pods', testPod('web-0'));
    const first = join(KINDS.pod.view);
    await first.one.synced;
    await until(() => server.watching === 1);
    const later = join(clusterObjectView);
    expect([later.one.state, later.one.get('default/web-0')]).toEqual(['connecting', undefined]);
    await later.one.synced;
    expect(later.told.lines).toEqual(['+default/web-0']);
    expect(first.told.lines).toEqual(['+default/web-0']);
    expect([first.one.state, later.one.state]).toEqual(['synced', 'synced']);
    // The watch before ends: there is one again.
    await until(() => server.count('watch') === 2 && server.watching === 1);
    expect([watches.size, lists('/api/v1/pods')]).toEqual([1, 2]);
    server.put('pods', testPod('web-1'));
    await until(() => first.told.lines.length === 2 && later.told.lines.length === 2);
    server.remove('pods', 'default', 'web-0');
    await until(() => first.told.lines.at(-1) === '-default/web-0' && later.told.lines.at(-1) === '-default/web-0');
  });
});

describe('a change', () => {
  it('is told to those whose view of the object it changes, and to nobody else', async () => {
    const { server, watches, join } = await world();
    server.put('pods', testPod('web-0'));
    const release = watches.hold();
    const discovery = join(KINDS.pod.view);
    const metrics = join(clusterObjectView);
    release();
    await metrics.one.synced;
    await until(() => server.watching === 1);
    const before = metrics.one.get('default/web-0');
    const pod = testPod('web-0');
    server.put('pods', { ...pod, status: { ...(pod.status as object), phase: 'Failed' } });
    await until(() => discovery.told.lines.length === 2);
    expect(metrics.told.lines).toEqual(['+default/web-0']);
    expect(metrics.one.get('default/web-0')).toBe(before);
  });

  it('that was missed, because the server forgot it, is found by a new list', async () => {
    const { server, clock, join } = await world();
    for (const name of ['kept', 'gone']) server.put('pods', testPod(name));
    const { one, told } = join(KINDS.pod.view);
    await one.synced;
    await until(() => server.watching === 1);
    await server.stop();
    server.remove('pods', 'default', 'gone');
    server.put('pods', testPod('come'));
    server.compact();
    await server.listen();
    while (!told.lines.includes('+default/come')) {
      await clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(told.lines).toEqual(['+default/kept', '+default/gone', '-default/gone', '+default/come']);
    expect(one.counters.relists).toBe(1);
  });
});

describe('who leaves', () => {
  it('takes its view along; the watch stays for the others, and ends with the last of them', async () => {
    const { server, watches, join } = await world();
    server.put('pods', testPod('web-0'));
    const release = watches.hold();
    const discovery = join(KINDS.pod.view);
    const metrics = join(clusterObjectView);
    release();
    await metrics.one.synced;
    await discovery.one.leave();
    expect([watches.size, [...discovery.one.values()], [...metrics.one.values()].length]).toEqual([1, [], 1]);
    server.put('pods', testPod('web-1'));
    await until(() => metrics.told.lines.length === 2);
    expect(discovery.told.lines).toEqual(['+default/web-0']);
    await metrics.one.leave();
    expect(watches.size).toBe(0);
    await until(() => server.watching === 0);
  });

  it('and comes again finds what it knew, and what has come since', async () => {
    const { server, join } = await world();
    server.put('pods', testPod('web-0'));
    const staying = join(clusterObjectView);
    await staying.one.synced;
    const first = join(KINDS.pod.view);
    await first.one.synced;
    await first.one.leave();
    server.put('pods', testPod('web-1'));
    await until(() => staying.told.lines.length === 2);
    const again = join(KINDS.pod.view);
    await again.one.synced;
    expect([...again.one.keys()].sort()).toEqual(['default/web-0', 'default/web-1']);
    expect([...again.one.values()].map(({ name }) => name).sort()).toEqual(['web-0', 'web-1']);
  });
});

it('watches each namespace and each selector for itself, and the own namespace once by whatever name', async () => {
  const { server, watches, join } = await world();
  const path = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;
  const own = watches.ownNamespace({ kind: 'own' });
  const web = { ...PODS, selector: { label: 'app=web', field: '' } };
  const collections = [allOf(path(own)), allOf(path('shop')), web, web, PODS];
  await Promise.all(collections.map((collection) => join(KINDS.pod.view, new Told(), collection).one.synced));
  await until(() => server.watching === 3);
  const watched = server.requests.filter(({ verb }) => verb === 'watch');
  const asked = watched.map((request) => [request.path, request.query.get('labelSelector')]);
  expect(asked.sort()).toEqual([
    [path('shop'), null],
    [PODS.path, null],
    [PODS.path, 'app=web'],
  ]);
});

describe('who wants one namespace', () => {
  const within = (namespace: string): WatchedCollection => ({
    ...allOf(`/api/v1/namespaces/${namespace}/pods`),
    part: { namespace, path: '/api/v1/pods' },
  });
  const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `team-${index}`);

  it('is told of it alone by the watch of all, where somebody has one that keeps the same', async () => {
    const { server, watches, join } = await world();
    for (const namespace of ['shop', 'shopping']) server.put('pods', testPod('web-0', { namespace }));
    await join(KINDS.pod.view).one.synced;
    await until(() => server.watching === 1);
    const { one, told } = join(KINDS.pod.view, new Told(), within('shop'));
    await one.synced;
    server.put('pods', testPod('web-1', { namespace: 'shopping' }));
    server.put('pods', testPod('web-1', { namespace: 'shop' }));
    server.remove('pods', 'shopping', 'web-0');
    server.remove('pods', 'shop', 'web-0');
    await until(() => told.lines.length === 3);
    expect(told.lines).toEqual(['+shop/web-0', '+shop/web-1', '-shop/web-0']);
    expect([...one.keys()]).toEqual(['shop/web-1']);
    expect([one.size, [...one.values()].map(({ namespace }) => namespace)]).toEqual([1, ['shop']]);
    expect([one.get('shop/web-1')?.name, one.get('shopping/web-1')]).toEqual(['web-1', undefined]);
    expect([watches.size, server.count('list')]).toEqual([1, 1]);
    await one.leave();
    server.put('pods', testPod('web-2', { namespace: 'shop' }));
    await until(() => server.watching === 1);
    expect(told.lines).toHaveLength(3);
  });

  it('has a watch of its own where that of all keeps something else', async () => {
    const { watches, join, lists } = await world();
    await join(clusterObjectView).one.synced;
    await join(KINDS.pod.view, new Told(), within('shop')).one.synced;
    expect([watches.size, lists('/api/v1/pods'), lists('/api/v1/namespaces/shop/pods')]).toEqual([2, 1, 1]);
  });

  it('shares one of all with others, where many want one each', async () => {
    const { server, watches, join, lists } = await world();
    for (const namespace of names(200)) server.put('pods', testPod('web-0', { namespace }));
    const joined = names(200).map((namespace) => join(KINDS.pod.view, new Told(), within(namespace)));
    await Promise.all(joined.map(({ one }) => one.synced));
    expect(joined.map(({ told }) => told.lines)).toEqual(names(200).map((namespace) => [`+${namespace}/web-0`]));
    expect([watches.size, lists('/api/v1/pods')]).toEqual([9, 1]);
    await Promise.all(joined.map(({ one }) => one.leave()));
    expect(watches.size).toBe(0);
  });

  it('has one of its own where all may not be read, and all are asked for again minutes later', async () => {
    const { server, clock, watches, join, lists } = await world();
    server.refuse({ verb: 'list', path: '/api/v1/pods', status: 403 });
    for (const namespace of names(13)) server.put('pods', testPod('web-0', { namespace }));
    const joined = names(12).map((namespace) => join(KINDS.pod.view, new Told(), within(namespace)));
    await Promise.all(joined.map(({ one }) => one.synced));
    expect(joined.map(({ told }) => told.lines)).toEqual(names(12).map((namespace) => [`+${namespace}/web-0`]));
    expect([watches.size, lists('/api/v1/pods')]).toEqual([12, 1]);
    await join(KINDS.pod.view, new Told(), within('team-12')).one.synced;
    expect([watches.size, lists('/api/v1/pods')]).toEqual([13, 1]);
    server.accept();
    await clock.advance(10 * 60_000);
    await join(KINDS.pod.view, new Told(), within('team-13')).one.synced;
    expect([watches.size, lists('/api/v1/pods')]).toEqual([14, 2]);
  });
});
