import { describe, expect, it } from 'vitest';
import { DiscoveryDocuments } from '../../src/metrics-api/discovery-documents.ts';

const OFFERED = {
  custom: [
    { object: { resource: 'pods', group: '' }, isNamespaced: true, metric: 'requests_per_second', origins: [] },
    { object: { resource: 'pods', group: '' }, isNamespaced: true, metric: 'queue', origins: [] },
    { object: { resource: 'deployments', group: 'apps' }, isNamespaced: true, metric: 'queue', origins: [] },
    { object: { resource: 'namespaces', group: '' }, isNamespaced: false, metric: 'queue', origins: [] },
  ],
  external: [{ metric: 'queue_depth', origins: [] }],
};
const documents = new DiscoveryDocuments(OFFERED);

describe('discovery', () => {
  it('lists the groups, the newest version of custom metrics first', () => {
    expect(JSON.parse(documents.groups().body)).toEqual({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [
        {
          name: 'metrics.k8s.io',
          versions: [{ groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' }],
          preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' },
        },
        {
          name: 'custom.metrics.k8s.io',
          versions: [
            { groupVersion: 'custom.metrics.k8s.io/v1beta2', version: 'v1beta2' },
            { groupVersion: 'custom.metrics.k8s.io/v1beta1', version: 'v1beta1' },
          ],
          preferredVersion: { groupVersion: 'custom.metrics.k8s.io/v1beta2', version: 'v1beta2' },
        },
        {
          name: 'external.metrics.k8s.io',
          versions: [{ groupVersion: 'external.metrics.k8s.io/v1beta1', version: 'v1beta1' }],
          preferredVersion: { groupVersion: 'external.metrics.k8s.io/v1beta1', version: 'v1beta1' },
        },
      ],
    });
    expect(JSON.parse(documents.group('external.metrics.k8s.io').body)).toMatchObject({
      kind: 'APIGroup',
      name: 'external.metrics.k8s.io',
    });
  });

  it('lists what there is in a version', () => {
    expect(JSON.parse(documents.resources('custom.metrics.k8s.io', 'v1beta1').body)).toEqual({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'custom.metrics.k8s.io/v1beta1',
      resources: [
        ['pods/requests_per_second', true],
        ['pods/queue', true],
        ['deployments.apps/queue', true],
        ['namespaces/queue', false],
      ].map(([name, namespaced]) => ({ name, singularName: '', namespaced, kind: 'MetricValueList', verbs: ['get'] })),
    });
    expect(JSON.parse(documents.resources('metrics.k8s.io', 'v1beta1').body).resources).toEqual([
      { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
      { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    ]);
    expect(JSON.parse(documents.resources('external.metrics.k8s.io', 'v1beta1').body).resources).toEqual([
      { name: 'queue_depth', singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] },
    ]);
  });

  it.each(['v2', 'v2beta1'] as const)('says all of it in one document of %s, with a kind for everything', (version) => {
    const document = documents.aggregated(version);
    expect(document.contentType).toBe(`application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
    const body = JSON.parse(document.body);
    expect(body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
    const custom = body.items[1];
    expect(custom.metadata.name).toBe('custom.metrics.k8s.io');
    expect(custom.versions.map((one: { readonly version: string }) => one.version)).toEqual(['v1beta2', 'v1beta1']);
    const kind = { group: 'custom.metrics.k8s.io', version: 'v1beta2', kind: 'MetricValueList' };
    expect(custom.versions[0].resources[0]).toEqual({
      resource: 'pods',
      // By this, client-go takes it for no resource.
      responseKind: { group: '', version: '', kind: '' },
      scope: 'Namespaced',
      singularResource: '',
      verbs: [],
      subresources: ['requests_per_second', 'queue'].map((subresource) => ({
        subresource,
        responseKind: kind,
        verbs: ['get'],
      })),
    });
    const withoutKind = document.body.split('"verbs"').length - document.body.split('"responseKind"').length;
    expect(withoutKind).toBe(0);
  });

  it('has an etag that changes with what is offered, and only then', () => {
    const same = new DiscoveryDocuments(OFFERED);
    const more = new DiscoveryDocuments({
      ...OFFERED,
      external: [...OFFERED.external, { metric: 'lag', origins: [] }],
    });
    expect(same.aggregated('v2').etag).toBe(documents.aggregated('v2').etag);
    expect(more.aggregated('v2').etag).not.toBe(documents.aggregated('v2').etag);
    expect(documents.groups().etag).toMatch(/^"[0-9A-F]{32}"$/);
  });
});
