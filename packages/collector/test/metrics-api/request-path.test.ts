import { describe, expect, it } from 'vitest';
import { parsePath } from '../../src/metrics-api/request-path.ts';

const CUSTOM = '/apis/custom.metrics.k8s.io/v1beta2';
const pods = { resource: 'pods', group: '' };

function requestOf(path: string) {
  return parsePath(path)?.request;
}

/** `verb resource/subresource name namespace`, as authorisation is asked. */
function askedAbout(path: string): string {
  const attributes = parsePath(path)?.attributes;
  if (attributes === undefined) return 'invalid';
  if (attributes.kind === 'path') return `${attributes.verb} ${attributes.path}`;
  const { verb, resource, subresource, name, namespace } = attributes;
  return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} [${name}] in [${namespace}]`;
}

describe('what a path asks for', () => {
  it.each([
    ['/apis', { kind: 'groups' }],
    ['/apis/', { kind: 'groups' }],
    ['/apis/metrics.k8s.io', { kind: 'group', group: 'metrics.k8s.io' }],
    [CUSTOM, { kind: 'resources', group: 'custom.metrics.k8s.io', version: 'v1beta2' }],
    ['/apis/metrics.k8s.io/v1beta1/nodes', { kind: 'nodes' }],
    ['/apis/metrics.k8s.io/v1beta1/nodes/n1', { kind: 'node', name: 'n1' }],
    ['/apis/metrics.k8s.io/v1beta1/pods', { kind: 'pods', namespace: undefined }],
    ['/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods', { kind: 'pods', namespace: 'shop' }],
    ['/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/p', { kind: 'pod', namespace: 'shop', name: 'p' }],
    [
      `${CUSTOM}/namespaces/shop/pods/%2A/http%7Crequests`,
      { kind: 'custom', version: 'v1beta2', namespace: 'shop', object: pods, name: '*', metric: 'http|requests' },
    ],
    [
      `${CUSTOM}/namespaces/shop/deployments.apps/web/m`,
      {
        kind: 'custom',
        version: 'v1beta2',
        namespace: 'shop',
        object: { resource: 'deployments', group: 'apps' },
        name: 'web',
        metric: 'm',
      },
    ],
    [
      `${CUSTOM}/namespaces/shop/metrics/m`,
      {
        kind: 'custom',
        version: 'v1beta2',
        namespace: undefined,
        object: { resource: 'namespaces', group: '' },
        name: 'shop',
        metric: 'm',
      },
    ],
    [
      `${CUSTOM}/nodes/%2A/m`,
      {
        kind: 'custom',
        version: 'v1beta2',
        namespace: undefined,
        object: { resource: 'nodes', group: '' },
        name: '*',
        metric: 'm',
      },
    ],
    [
      '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-prometheus',
      { kind: 'external', namespace: 'shop', metric: 's0-prometheus' },
    ],
    ['/apis/external.metrics.k8s.io/v1beta2', undefined],
    ['/apis/apps/v1/deployments', undefined],
    ['/apis/metrics.k8s.io/v1beta1/secrets', undefined],
    [`${CUSTOM}/namespaces/shop/pods/web-0`, undefined],
    ['/openapi/v2', { kind: 'openapi_v2' }],
    ['/openapi/v3', { kind: 'openapi_v3' }],
    ['/openapi/v3/apis/metrics.k8s.io/v1beta1', { kind: 'openapi_v3_of', group: 'metrics.k8s.io', version: 'v1beta1' }],
    ['/openapi/v3/apis/metrics.k8s.io/v1beta2', undefined],
    ['/openapi/v2/x', undefined],
    ['/', undefined],
  ])('%s', (path, expected) => {
    expect(requestOf(path)).toEqual(expected);
  });

  it.each([
    '/apis/%',
    `${CUSTOM}/namespaces/a%2Fb/pods/%2A/m`,
    `${CUSTOM}/namespaces//pods/%2A/m`,
  ])('is nothing in %s', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });
});

it('is told from nothing at once, however many slashes there are: nobody is known yet who asks', () => {
  expect(parsePath(`/apis${'/'.repeat(200_000)}x`)).toBeUndefined();
  expect(requestOf(`${'/'.repeat(200_000)}apis${'/'.repeat(200_000)}`)).toEqual({ kind: 'groups' });
});

describe('what authorisation is asked about', () => {
  it.each([
    ['/apis', 'get /apis'],
    [`${CUSTOM}/namespaces/shop/pods/%2A/m`, 'get pods/m [*] in [shop]'],
    [`${CUSTOM}/namespaces/shop/deployments.apps/web/m`, 'get deployments.apps/m [web] in [shop]'],
    [`${CUSTOM}/namespaces/shop/metrics/m`, 'get metrics [m] in [shop]'],
    [`${CUSTOM}/namespaces/shop/m`, 'list m [] in [shop]'],
    [`${CUSTOM}/nodes/n1/m`, 'get nodes/m [n1] in []'],
    ['/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/m', 'list m [] in [shop]'],
    ['/apis/metrics.k8s.io/v1beta1/pods', 'list pods [] in []'],
    ['/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/p', 'get pods [p] in [shop]'],
    ['/apis/metrics.k8s.io/v1beta1/nodes', 'list nodes [] in []'],
    ['/openapi/v2', 'get /openapi/v2'],
  ])('%s', (path, expected) => {
    expect(askedAbout(path)).toBe(expected);
  });
});
