import type { KubeClient } from '@vigie/kube/client';
import { expect, it, onTestFinished } from 'vitest';
import { API_GROUP_NAMES } from '../../src/metrics-api/api-groups.ts';
import { FoundApiServices } from '../../src/metrics-api/found-api-services.ts';
import { until } from '../discovery/world.ts';
import { apiServiceBed } from './api-service-bed.ts';
import { Authority } from './authority.ts';

const PATH = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';

async function bed() {
  const { kube, clock, client, lines, log, owners } = await apiServiceBed('monitoring');
  const authority = await Authority.create('cert-manager');
  const hosts = { dns: ['vigie-collector', 'vigie-collector.monitoring.svc'], ip: [] };
  const { cert } = await authority.issue({ subject: 'CN=vigie', use: 'server', hosts });
  let answered = 0;
  const counting: Pick<KubeClient, 'request' | 'namespace'> = {
    namespace: client.namespace,
    request: async (request, signal) => {
      const answer = await client.request(request, signal);
      answered++;
      return answer;
    },
  };
  const services = new FoundApiServices({ client: counting, clock, log, certificate: () => cert, owners });
  const ending = new AbortController();
  let looks = 0;
  const put = (name: string, spec: object): void => kube.put('apiservices', { metadata: { name }, spec });
  return {
    ...{ kube, owners, lines, put },
    start: () => {
      const following = services.follow(ending.signal);
      onTestFinished(async () => {
        ending.abort();
        await following;
      });
    },
    /** Until all of them have been looked at once more. */
    looked: async (): Promise<void> => {
      if (looks++ > 0) await clock.advance(60_000);
      await until(() => answered === 4 * looks && clock.pendingTimers === 1);
    },
  };
}

it('tells those of other services from ours, by what the certificate names', async () => {
  const { owners, put, start, looked, lines, kube } = await bed();
  const keda = { namespace: 'keda', name: 'keda-operator-metrics-apiserver' };
  put('v1beta1.metrics.k8s.io', {
    service: { namespace: 'kube-system', name: 'metrics-server' },
    insecureSkipTLSVerify: true,
  });
  put('v1beta2.custom.metrics.k8s.io', { service: { namespace: 'monitoring', name: 'vigie-collector' } });
  put('v1beta1.external.metrics.k8s.io', { service: keda });
  start();
  await looked();
  expect(API_GROUP_NAMES.map((group) => [group, owners.ownerOf(group)])).toEqual([
    ['metrics.k8s.io', 'kube-system/metrics-server'],
    ['custom.metrics.k8s.io', undefined],
    ['external.metrics.k8s.io', 'keda/keda-operator-metrics-apiserver'],
  ]);
  expect(owners.all.map(({ ownership }) => ownership.status)).toEqual(['others', 'ours', 'others']);
  kube.remove('apiservices', '', 'v1beta1.external.metrics.k8s.io');
  await looked();
  expect(owners.ownerOf('external.metrics.k8s.io')).toBeUndefined();
  expect(lines.filter((line) => line.includes('another service has'))).toHaveLength(2);
});

it('does not take its own for that of another where API servers do not look at the certificate', async () => {
  const { owners, put, start, looked } = await bed();
  put('v1beta1.metrics.k8s.io', {
    service: { namespace: 'monitoring', name: 'collector-api' },
    insecureSkipTLSVerify: true,
  });
  start();
  await looked();
  expect(owners.ownerOf('metrics.k8s.io')).toBeUndefined();
  expect(owners.all).toEqual([]);
});

it('knows of none where they may not be read, says so once, and looks again', async () => {
  const { kube, owners, put, start, looked, lines } = await bed();
  put('v1beta1.metrics.k8s.io', { service: { namespace: 'kube-system', name: 'metrics-server' } });
  kube.refuse({ verb: 'get', path: PATH, status: 403 });
  start();
  await looked();
  await looked();
  expect(owners.all).toEqual([]);
  expect(lines.filter((line) => line.includes('may not be read'))).toHaveLength(1);
  kube.accept();
  await looked();
  expect(owners.ownerOf('metrics.k8s.io')).toBe('kube-system/metrics-server');
});
