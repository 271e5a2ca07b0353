/** What a discovery asks the API server for. */
import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { SharedWatches } from '../../../src/cluster/shared-watches.ts';
import { KubernetesDiscovery } from '../../../src/discovery/kubernetes/kubernetes-discovery.ts';
import { DiscoveryWorld, until } from '../world.ts';
import { Cluster, NO_METADATA } from './cluster.ts';
import { ownedBy, webPod } from './objects.ts';

describe('what is watched', () => {
  it('is what namespaces and selectors say', async () => {
    const cluster = await Cluster.start();
    cluster.run('pod', {
      namespaces: { own: true, names: ['shop', 'own'] },
      selectors: [{ role: 'pod', label: 'app=web', field: 'spec.nodeName=n1' }],
    });
    await cluster.first();
    const lists = cluster.server.requests.filter(({ verb }) => verb === 'list');
    expect(lists.map(({ path }) => path).toSorted()).toEqual([
      '/api/v1/namespaces/own/pods',
      '/api/v1/namespaces/shop/pods',
    ]);
    expect(lists[0]?.query.get('labelSelector')).toBe('app=web');
    expect(lists[0]?.query.get('fieldSelector')).toBe('spec.nodeName=n1');
  });

  it('is watched once for all jobs, and no longer than the last of them wants it', async () => {
    const cluster = await Cluster.start();
    const other = new DiscoveryWorld();
    cluster.run('pod');
    cluster.run('endpointslice', {}, other);
    await until(() => cluster.world.told.length > 0 && other.told.length > 0);
    // Pods are one watch of both; services and slices are of the second alone.
    expect(cluster.watches.size).toBe(3);
    expect(cluster.server.requests.filter(({ path, verb }) => path === '/api/v1/pods' && verb === 'list')).toHaveLength(
      1,
    );
    await cluster.world.end();
    expect(cluster.watches.size).toBe(3);
    await other.end();
    expect(cluster.watches.size).toBe(0);
    await until(() => cluster.server.watching === 0);
  });

  it('is the ReplicaSets and Jobs of those namespaces, where names of Deployments and CronJobs are wanted', async () => {
    const cluster = await Cluster.start();
    cluster.run('pod', {
      namespaces: { own: false, names: ['shop'] },
      selectors: [{ role: 'pod', label: 'app=web', field: '' }],
      attach: { deployment: true, cronjob: true },
    });
    await cluster.first();
    const lists = cluster.server.requests.filter(({ verb }) => verb === 'list');
    expect(lists.map(({ path, query }) => [path, query.get('labelSelector')]).toSorted()).toEqual([
      ['/api/v1/namespaces/shop/pods', 'app=web'],
      ['/apis/apps/v1/namespaces/shop/replicasets', null],
      ['/apis/batch/v1/namespaces/shop/jobs', null],
    ]);
  });

  it.each([
    ['pod', { job: true }, ['/api/v1/pods']],
    ['service', { deployment: true, job: true, cronjob: true }, ['/api/v1/services']],
  ] as const)('is no more than the role %s needs for names that it has, or has no use for', async (role, attach, paths) => {
    const cluster = await Cluster.start();
    cluster.run(role, { attach });
    await cluster.first();
    expect(cluster.server.requests.filter(({ verb }) => verb === 'list').map(({ path }) => path)).toEqual(paths);
  });

  it('keeps of a ReplicaSet whose it is, and hears nothing of its status', async () => {
    const cluster = await Cluster.start();
    cluster.server.put('replicasets', ownedBy('web-1', { kind: 'Deployment', name: 'web' }));
    cluster.server.put('pods', webPod('web-0'));
    cluster.run('pod', { attach: { deployment: true } });
    await cluster.first();
    await until(() => cluster.server.watching === 2);
    cluster.server.put('replicasets', {
      ...ownedBy('web-1', { kind: 'Deployment', name: 'web' }),
      status: { replicas: 2 },
    });
    cluster.server.put('pods', webPod('web-1'));
    await cluster.untilTold(2);
    expect(cluster.world.told[1]?.map(({ source }) => source)).toEqual(['pod/shop/web-1']);
  });

  it('is asked for again where there is no API server to be found yet', async () => {
    const cluster = await Cluster.start();
    const { clock, log, counters } = cluster.world;
    let isThere = false;
    const watches = new SharedWatches({
      clock,
      random: seededRandom(7),
      log,
      env: {},
      userAgent: 'vigie/test',
      configOf: () => {
        if (!isThere) throw new Error('no API server is known');
        return cluster.server.config();
      },
    });
    const config = { kind: 'kubernetes', role: 'node', server: { kind: 'own' }, selectors: [] } as const;
    const rest = { namespaces: { own: false, names: [] }, attach: NO_METADATA };
    cluster.world.run(
      new KubernetesDiscovery({ ...config, ...rest }, { clock, log, counts: counters.kubernetes, watches }),
    );
    await until(() => clock.pendingTimers === 1);
    expect(counters.kubernetes.failures).toBe(1);
    isThere = true;
    await clock.advance(30_000);
    expect(await cluster.first()).toEqual([]);
  });
});

describe('namespaces of which one may not be read', () => {
  it('do not wait for it, and it is found when it may be', async () => {
    const cluster = await Cluster.start();
    const { server, world } = cluster;
    const hidden = webPod('db-0', { ip: '10.1.0.2' });
    server.put('pods', webPod('web-0'));
    server.put('pods', { ...hidden, metadata: { ...hidden.metadata, namespace: 'closed' } });
    server.refuse({ verb: 'list', path: '/api/v1/namespaces/closed/pods', status: 403 });
    cluster.run('pod', { namespaces: { own: false, names: ['closed', 'shop'] } });
    await cluster.untilTold(1);
    expect(Object.keys(world.targets)).toEqual(['pod/shop/web-0']);
    expect(world.logged.join('\n')).toContain('"missing":["closed"]');
    server.put('pods', webPod('web-1'));
    await cluster.untilTold(2);
    expect(Object.keys(world.targets)).toEqual(['pod/shop/web-0', 'pod/shop/web-1']);
    server.accept();
    await cluster.untilTold(3);
    expect(Object.keys(world.targets)).toContain('pod/closed/db-0');
    server.remove('pods', 'closed', 'db-0');
    await cluster.untilTold(4);
    expect(Object.keys(world.targets)).toEqual(['pod/shop/web-0', 'pod/shop/web-1']);
  });
});
