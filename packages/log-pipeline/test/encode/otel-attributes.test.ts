import { expect, test } from 'vitest';
import type { RecordFacts } from '../../src/encode/document.ts';
import { otelRecordAttributes, otelResourceAttributes } from '../../src/encode/otel-attributes.ts';
import { factsOf } from '../sinks/facts.ts';

const attributesOf = (changed: Partial<RecordFacts>): Record<string, unknown> =>
  Object.fromEntries(otelResourceAttributes(factsOf(changed)));

test('names everything that is known by the semantic conventions', () => {
  expect(
    attributesOf({
      podIp: '10.0.0.7',
      containerImage: 'registry.example:5000/shop/web:1.4@sha256:0c0ffee0',
      owner: { kind: 'Deployment', name: 'web' },
      controller: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' },
      restartCount: 3,
      labels: { app: 'web' },
      namespaceLabels: { team: 'checkout' },
      annotations: { 'example.com/tier': 'gold' },
      clusterName: 'prod-eu',
    }),
  ).toEqual({
    'k8s.cluster.name': 'prod-eu',
    'k8s.node.name': 'node-1',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': 'web-1',
    'k8s.pod.uid': '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
    'k8s.pod.ip': '10.0.0.7',
    'k8s.container.name': 'web',
    'k8s.container.restart_count': 3,
    'k8s.deployment.name': 'web',
    'k8s.replicaset.name': 'web-5d4f8c7b9c',
    'container.id': 'c0ffee',
    'container.image.name': 'registry.example:5000/shop/web',
    'container.image.tag': '1.4',
    'k8s.pod.label.app': 'web',
    'k8s.namespace.label.team': 'checkout',
    'k8s.pod.annotation.example.com/tier': 'gold',
    'service.namespace': 'shop',
    'service.name': 'web',
    'service.version': '1.4',
    'service.instance.id': 'shop.web-1.web',
  });
});

test('the service is what the well-known labels, then the owner, then the pod say', () => {
  const owner = { kind: 'CronJob', name: 'report' };
  const controller = { kind: 'Job', name: 'report-29384756' };
  const labels = { 'app.kubernetes.io/instance': 'shop-web', 'app.kubernetes.io/name': 'web' };
  const nameOf = (changed: Partial<RecordFacts>): unknown => attributesOf(changed)['service.name'];
  expect(nameOf({ owner, controller, labels })).toBe('shop-web');
  expect(nameOf({ owner, controller, labels: { 'app.kubernetes.io/name': 'web' } })).toBe('web');
  expect(nameOf({ owner, controller, labels: {} })).toBe('report');
  expect(nameOf({ owner: controller, labels: {} })).toBe('report-29384756');
  expect(nameOf({ owner: { kind: 'Rollout', name: 'web' }, labels: {} })).toBe('web-1');
});

test('an annotation that the operator lets through has the last word', () => {
  expect(
    attributesOf({
      annotations: {
        'resource.opentelemetry.io/service.name': 'cart',
        'resource.opentelemetry.io/deployment.environment.name': 'dev',
      },
    }),
  ).toMatchObject({ 'service.name': 'cart', 'deployment.environment.name': 'dev' });
});

test('an owner of a kind that the conventions do not know has no attribute', () => {
  const names = Object.keys(attributesOf({ owner: { kind: 'Rollout', name: 'web' } }));
  expect(names.filter((name) => name.includes('rollout'))).toEqual([]);
});

test.each([
  ['nginx', 'nginx', undefined],
  ['nginx:1.27', 'nginx', '1.27'],
  ['host:5000/nginx', 'host:5000/nginx', undefined],
  ['nginx@sha256:ab', 'nginx', undefined],
])('image %s is %s with tag %s', (containerImage, name, tag) => {
  const attributes = attributesOf({ containerImage, labels: {} });
  expect([attributes['container.image.name'], attributes['container.image.tag']]).toEqual([name, tag]);
});

test('a file that no pod stands behind has a node and a path, and no service', () => {
  const unknown = { podName: undefined, podUid: undefined, namespace: undefined, containerName: undefined };
  const facts = factsOf({ ...unknown, containerId: undefined, restartCount: undefined, labels: {} });
  expect([...otelResourceAttributes(facts)]).toEqual([['k8s.node.name', 'node-1']]);
  expect(Object.fromEntries(otelRecordAttributes(facts, 'stderr'))).toEqual({
    'log.iostream': 'stderr',
    'log.file.path': facts.path,
  });
});
