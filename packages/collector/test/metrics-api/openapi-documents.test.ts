import { describe, expect, it } from 'vitest';
import { openApiV2, openApiV3, openApiV3Root } from '../../src/metrics-api/openapi-documents.ts';

/** Every `$ref` in it. */
function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => (key === '$ref' ? [String(member)] : referencesIn(member)));
}

describe('OpenAPI documents', () => {
  it('of version 2 have all groups, and every definition that they refer to', () => {
    const document = JSON.parse(openApiV2().body);
    const groups = Object.keys(document.paths).map((path) => path.split('/').slice(2, 4).join('/'));
    expect([...new Set(groups)]).toEqual([
      'metrics.k8s.io/v1beta1',
      'custom.metrics.k8s.io/v1beta2',
      'custom.metrics.k8s.io/v1beta1',
      'external.metrics.k8s.io/v1beta1',
    ]);
    const names = referencesIn(document).map((reference) => reference.replace('#/definitions/', ''));
    expect(names.filter((name) => !Object.hasOwn(document.definitions, name))).toEqual([]);
    const kinds = Object.values(document.definitions).flatMap((schema) =>
      Object(Reflect.get(Object(schema), 'x-kubernetes-group-version-kind') ?? []),
    );
    expect(kinds).toContainEqual({ group: 'metrics.k8s.io', kind: 'PodMetrics', version: 'v1beta1' });
  });

  it('have an operation of one name each', () => {
    const paths = Object.values(JSON.parse(openApiV2().body).paths);
    const ids = paths.map((path) => Reflect.get(Object(Reflect.get(Object(path), 'get')), 'operationId'));
    expect(new Set(ids).size).toBe(paths.length);
  });

  it('of version 3 are one for each group version, where the root says', () => {
    const { paths } = JSON.parse(openApiV3Root().body);
    expect(paths['apis/custom.metrics.k8s.io/v1beta1'].serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/custom\.metrics\.k8s\.io\/v1beta1\?hash=[0-9A-F]{32}$/,
    );
    const document = JSON.parse(openApiV3('custom.metrics.k8s.io', 'v1beta1').body);
    const names = referencesIn(document).map((reference) => reference.replace('#/components/schemas/', ''));
    expect(names.filter((name) => !Object.hasOwn(document.components.schemas, name))).toEqual([]);
    const value = document.components.schemas['io.k8s.metrics.pkg.apis.custom_metrics.v1beta1.MetricValue'];
    expect(value.required).toContain('metricName');
  });

  it('say of the parts of their paths that they are parameters', () => {
    const path = '/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}';
    expect(JSON.parse(openApiV3('metrics.k8s.io', 'v1beta1').body).paths[path].parameters).toEqual(
      ['namespace', 'name'].map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string', uniqueItems: true },
      })),
    );
  });
});
