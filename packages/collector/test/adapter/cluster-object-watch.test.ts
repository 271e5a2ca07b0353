import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { expect, it, onTestFinished } from 'vitest';
import { ClusterObjectWatch } from '../../src/adapter/cluster-object-watch.ts';
import { parseLabelSelector } from '../../src/metrics-api/label-selector.ts';
import { until } from '../metrics-api/api-bed.ts';

it('knows the pods of the cluster, and hears of those that come and go', async () => {
  const kube = await TestApiServer.start();
  onTestFinished(() => kube.stop());
  const clock = new FakeClock();
  const client = new KubeClient(kube.config(), { clock, env: {}, userAgent: 'test', reloadFailed: () => undefined });
  onTestFinished(() => client.close());
  const log = createLog('error', { write: () => undefined });
  const watch = new ClusterObjectWatch('pods', undefined, client, { clock, random: () => 0, log });
  onTestFinished(() => watch.close());
  kube.put('pods', testPod('web-0', { namespace: 'shop', labels: { app: 'web' } }));
  kube.put('pods', testPod('db-0', { namespace: 'shop' }));
  watch.start(new AbortController().signal);
  await watch.synced;
  const selector = parseLabelSelector('app=web');
  const names = (): readonly string[] =>
    selector === undefined
      ? []
      : watch.objects
          .list('shop', selector)
          .map(({ name }) => name)
          .sort();
  expect(names()).toEqual(['web-0']);
  await until(() => kube.watching === 1);
  kube.put('pods', testPod('web-1', { namespace: 'shop', labels: { app: 'web' } }));
  await until(() => names().length === 2);
  kube.remove('pods', 'shop', 'web-0');
  await until(() => names().join() === 'web-1');
});
