import { expect, it } from 'vitest';
import { API_GROUP_NAMES, type ApiGroup } from '../../src/metrics-api/api-groups.ts';
import { ApiServices } from '../../src/metrics-api/api-services.ts';
import { apiServiceBed } from './api-service-bed.ts';
import { Authority } from './authority.ts';

const OURS = { namespace: 'monitoring', name: 'vigie', port: 443 };
const METRICS_SERVER = { namespace: 'kube-system', name: 'metrics-server', port: 443 };
const never = new AbortController().signal;

async function bed(takeOver: readonly ApiGroup[] = [], groups: readonly ApiGroup[] = API_GROUP_NAMES) {
  const { kube, client, lines, log, owners } = await apiServiceBed(OURS.namespace);
  const services = new ApiServices({ groups, takeOver, service: OURS }, { client, log, owners });
  const specOf = (name: string) => kube.store.find('apiservices', '', name)?.spec;
  return { kube, services, owners, specOf, lines };
}

it('makes the APIServices that are not there, and points them here', async () => {
  const { services, specOf } = await bed();
  const { cert } = await Authority.create('ours');
  expect(await services.ensure([cert], never)).toEqual({ status: 'ok', value: undefined });
  expect(specOf('v1beta2.custom.metrics.k8s.io')).toEqual({
    group: 'custom.metrics.k8s.io',
    version: 'v1beta2',
    groupPriorityMinimum: 100,
    versionPriority: 200,
    service: OURS,
    caBundle: Buffer.from(cert).toString('base64'),
  });
  expect(specOf('v1beta1.custom.metrics.k8s.io')).toMatchObject({ versionPriority: 100 });
  for (const name of ['v1beta1.metrics.k8s.io', 'v1beta1.external.metrics.k8s.io']) expect(specOf(name)).toBeDefined();
});

it('leaves those of another service alone', async () => {
  const { kube, services, owners, specOf, lines } = await bed();
  const spec = {
    service: METRICS_SERVER,
    insecureSkipTLSVerify: true,
    groupPriorityMinimum: 100,
    versionPriority: 100,
  };
  kube.put('apiservices', { metadata: { name: 'v1beta1.metrics.k8s.io' }, spec });
  const { cert } = await Authority.create('ours');
  await services.ensure([cert], never);
  await services.ensure([cert], never);
  expect(specOf('v1beta1.metrics.k8s.io')).toEqual(spec);
  expect(owners.all[0]).toEqual({
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    ownership: { status: 'others', owner: 'kube-system/metrics-server' },
  });
  expect(lines.filter((line) => line.includes('left alone')).length).toBe(1);
  expect(API_GROUP_NAMES.map((group) => owners.ownerOf(group))).toEqual([
    'kube-system/metrics-server',
    undefined,
    undefined,
  ]);
});

it('takes them over where it is told to', async () => {
  const { kube, services, specOf } = await bed(['metrics.k8s.io']);
  const spec = { service: METRICS_SERVER, insecureSkipTLSVerify: true, groupPriorityMinimum: 900, versionPriority: 7 };
  kube.put('apiservices', { metadata: { name: 'v1beta1.metrics.k8s.io', labels: { a: 'b' } }, spec });
  await services.ensure(['ca'], never);
  expect(specOf('v1beta1.metrics.k8s.io')).toEqual({
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    service: OURS,
    caBundle: Buffer.from('ca').toString('base64'),
    groupPriorityMinimum: 900,
    versionPriority: 7,
  });
  expect(kube.store.find('apiservices', '', 'v1beta1.metrics.k8s.io')?.metadata.labels).toEqual({ a: 'b' });
});

it('fills in the caBundle of those of the manifests, and writes no more than once', async () => {
  const { kube, services, specOf } = await bed([], ['external.metrics.k8s.io']);
  kube.put('apiservices', { metadata: { name: 'v1beta1.external.metrics.k8s.io' }, spec: { service: OURS } });
  await services.ensure(['ca'], never);
  await services.ensure(['ca'], never);
  expect(specOf('v1beta1.external.metrics.k8s.io')).toMatchObject({ caBundle: Buffer.from('ca').toString('base64') });
  expect(kube.count('update')).toBe(1);
});

it('says what stands in the way', async () => {
  const { kube, services } = await bed();
  kube.refuse({ verb: 'create', status: 403, reason: 'Forbidden', message: 'no apiservices for you' });
  expect(await services.ensure(['ca'], never)).toEqual({
    status: 'obstacle',
    detail: 'POST /apis/apiregistration.k8s.io/v1/apiservices: 403 Forbidden: no apiservices for you',
  });
});
