/** What a path of the API asks for, and what authorisation is asked about it. Source: custom-metrics-apiserver,
 *  pkg/apiserver/installer; apiserver, pkg/endpoints/request/requestinfo.go. */
import type { AccessQuestion } from '@vigie/kube/subject-access-review';
import {
  type ApiGroup,
  type ApiVersion,
  CUSTOM_METRICS,
  EXTERNAL_METRICS,
  isApiGroup,
  isVersionOf,
  RESOURCE_METRICS,
} from './api-groups.ts';

/** `deployments.apps`: as it is written in the path. */
export interface GroupResource {
  readonly resource: string;
  /** '' for the core group. */
  readonly group: string;
}

export type ApiRequest =
  | { readonly kind: 'openapi_v2' }
  | { readonly kind: 'openapi_v3' }
  | { readonly kind: 'openapi_v3_of'; readonly group: ApiGroup; readonly version: ApiVersion }
  | { readonly kind: 'groups' }
  | { readonly kind: 'group'; readonly group: ApiGroup }
  | { readonly kind: 'resources'; readonly group: ApiGroup; readonly version: ApiVersion }
  | { readonly kind: 'pods'; readonly namespace: string | undefined }
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'nodes' }
  | { readonly kind: 'node'; readonly name: string }
  | {
      readonly kind: 'custom';
      readonly version: ApiVersion;
      /** undefined for what is in no namespace, and for namespaces themselves. */
      readonly namespace: string | undefined;
      readonly object: GroupResource;
      /** '*' for all that the selector picks. */
      readonly name: string;
      readonly metric: string;
    }
  | { readonly kind: 'external'; readonly namespace: string; readonly metric: string };

export interface ParsedPath {
  /** undefined for what is not served. */
  readonly request: ApiRequest | undefined;
  readonly attributes: AccessQuestion;
}

/** @param path as it came, without the query: each segment is decoded by itself, `%2A` is `*`
 *  @returns undefined where a segment is not encoded properly, or is a path in itself once decoded */
export function parsePath(path: string): ParsedPath | undefined {
  const segments = decodedSegments(path);
  if (segments === undefined) return undefined;
  const [root, group = '', version = '', ...rest] = segments;
  const byPath: AccessQuestion = { kind: 'path', path, verb: 'get' };
  if (root === 'openapi') return { request: openApiRequest(segments), attributes: byPath };
  if (root !== 'apis') return { request: undefined, attributes: byPath };
  if (segments.length === 1) return { request: { kind: 'groups' }, attributes: byPath };
  if (!isApiGroup(group)) return { request: undefined, attributes: byPath };
  if (segments.length === 2) return { request: { kind: 'group', group }, attributes: byPath };
  if (!isVersionOf(group, version)) return { request: undefined, attributes: byPath };
  if (rest.length === 0) return { request: { kind: 'resources', group, version }, attributes: byPath };
  return resourceRequest(group, version, rest) ?? { request: undefined, attributes: byPath };
}

function openApiRequest([, dialect, root, group = '', version = '', ...rest]: readonly string[]):
  | ApiRequest
  | undefined {
  if (dialect === 'v2' && root === undefined) return { kind: 'openapi_v2' };
  if (dialect !== 'v3') return undefined;
  if (root === undefined) return { kind: 'openapi_v3' };
  if (root !== 'apis' || rest.length > 0 || !isApiGroup(group) || !isVersionOf(group, version)) return undefined;
  return { kind: 'openapi_v3_of', group, version };
}

function decodedSegments(path: string): readonly string[] | undefined {
  try {
    const segments = withoutOuterSlashes(path).split('/').map(decodeURIComponent);
    return segments.some((segment) => segment === '' || segment.includes('/')) && path !== '/' ? undefined : segments;
  } catch {
    // A % that begins no byte.
    return undefined;
  }
}

/** In one pass: whoever asks is not known yet, and a regular expression would look at thousands of slashes for each of them. */
function withoutOuterSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function resourceRequest(group: ApiGroup, version: ApiVersion, rest: readonly string[]): ParsedPath | undefined {
  switch (group) {
    case RESOURCE_METRICS:
      return usageRequest(version, rest);
    case CUSTOM_METRICS:
      return customRequest(version, rest);
    case EXTERNAL_METRICS:
      return externalRequest(version, rest);
  }
}

function usageRequest(version: ApiVersion, rest: readonly string[]): ParsedPath | undefined {
  const of = (resource: string, namespace: string, name: string): AccessQuestion => ({
    kind: 'resource',
    verb: name === '' ? 'list' : 'get',
    group: RESOURCE_METRICS,
    version,
    resource,
    subresource: '',
    name,
    namespace,
  });
  const [first, second = '', third, fourth = ''] = rest;
  if (first === 'nodes' && rest.length === 1) return { request: { kind: 'nodes' }, attributes: of('nodes', '', '') };
  if (first === 'nodes' && rest.length === 2) {
    return { request: { kind: 'node', name: second }, attributes: of('nodes', '', second) };
  }
  if (first === 'pods' && rest.length === 1) {
    return { request: { kind: 'pods', namespace: undefined }, attributes: of('pods', '', '') };
  }
  if (first !== 'namespaces' || third !== 'pods') return undefined;
  if (rest.length === 3) {
    return { request: { kind: 'pods', namespace: second }, attributes: of('pods', second, '') };
  }
  if (rest.length !== 4) return undefined;
  return { request: { kind: 'pod', namespace: second, name: fourth }, attributes: of('pods', second, fourth) };
}

function customRequest(version: ApiVersion, rest: readonly string[]): ParsedPath | undefined {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = rest;
  const of = (attributes: Partial<Extract<AccessQuestion, { kind: 'resource' }>>): AccessQuestion => ({
    kind: 'resource',
    verb: 'get',
    group: CUSTOM_METRICS,
    version,
    resource: '',
    subresource: '',
    name: '',
    namespace: '',
    ...attributes,
  });
  if (first === 'namespaces' && rest.length === 5) {
    return {
      request: {
        kind: 'custom',
        version,
        namespace: second,
        object: groupResource(third),
        name: fourth,
        metric: fifth,
      },
      attributes: of({ namespace: second, resource: third, name: fourth, subresource: fifth }),
    };
  }
  if (first === 'namespaces' && third === 'metrics' && rest.length === 4) {
    return {
      request: { kind: 'custom', version, namespace: undefined, object: NAMESPACES, name: second, metric: fourth },
      attributes: of({ namespace: second, resource: 'metrics', name: fourth }),
    };
  }
  if (rest.length !== 3) return undefined;
  return {
    request: {
      kind: 'custom',
      version,
      namespace: undefined,
      object: groupResource(first),
      name: second,
      metric: third,
    },
    // To the API server, what stands below a namespace is a resource in it.
    attributes:
      first === 'namespaces'
        ? of({ verb: 'list', namespace: second, resource: third })
        : of({ resource: first, name: second, subresource: third }),
  };
}

function externalRequest(version: ApiVersion, rest: readonly string[]): ParsedPath | undefined {
  const [first, namespace = '', metric = ''] = rest;
  if (first !== 'namespaces' || rest.length !== 3) return undefined;
  return {
    request: { kind: 'external', namespace, metric },
    attributes: {
      kind: 'resource',
      verb: 'list',
      group: EXTERNAL_METRICS,
      version,
      resource: metric,
      subresource: '',
      name: '',
      namespace,
    },
  };
}

export const NAMESPACES: GroupResource = { resource: 'namespaces', group: '' };

/** `deployments.apps`, `ingresses.networking.k8s.io`, `pods`. */
export function groupResource(written: string): GroupResource {
  const dot = written.indexOf('.');
  return dot < 0
    ? { resource: written, group: '' }
    : { resource: written.slice(0, dot), group: written.slice(dot + 1) };
}

export function describeResource({ resource, group }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}
