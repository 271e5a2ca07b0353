import { describe, expect, test } from 'vitest';
import { containerField, documentPath, isContainerField } from '../../../src/transforms/fields/container-fields.ts';
import { factsOf } from '../../sinks/facts.ts';

const facts = factsOf({
  labels: { app: 'web', 'app.kubernetes.io/name': 'shop', 'a.b': 'dots', a_b: 'none' },
  namespaceLabels: { 'team.example.com/name': 'blue' },
  annotations: { 'example.com/owner': 'ann' },
  clusterName: 'prod',
});

describe('a field of a container', () => {
  test.each([
    ['kubernetes.namespace', 'shop'],
    ['kubernetes.pod.name', 'web-1'],
    ['kubernetes.node.name', 'node-1'],
    ['container.id', 'c0ffee'],
    ['kubernetes.labels.app', 'web'],
    ['kubernetes.labels.app.kubernetes.io/name', 'shop'],
    ['kubernetes.labels.app_kubernetes_io/name', 'shop'],
    ['kubernetes.labels.a.b', 'dots'],
    ['kubernetes.labels.a_b', 'none'],
    ['kubernetes.labels.constructor', undefined],
    ['kubernetes.namespace_labels.team.example.com/name', 'blue'],
    ['kubernetes.annotations.example_com/owner', 'ann'],
    ['orchestrator.cluster.name', 'prod'],
    ['kubernetes.pod', undefined],
  ])('%s is %s', (path, value) => {
    expect(isContainerField(path)).toBe(true);
    expect(containerField(path, facts)).toBe(value);
  });

  test('stands in documents under a name without dots', () => {
    expect(documentPath('kubernetes.labels.app.kubernetes.io/name')).toBe('kubernetes.labels.app_kubernetes_io/name');
    expect(documentPath('kubernetes.pod.name')).toBe('kubernetes.pod.name');
  });
});
