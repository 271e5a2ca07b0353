/** The OpenAPI documents of the metrics APIs, which API servers merge into theirs and `kubectl explain` reads. They name no metric, so
 *  that they never change. Source: kube-aggregator v0.36.3, pkg/controllers/openapi and openapiv3; kube-openapi, pkg/handler3. */
import {
  API_GROUP_NAMES,
  API_GROUPS,
  type ApiGroup,
  type ApiVersion,
  CUSTOM_METRICS,
  EXTERNAL_METRICS,
  RESOURCE_METRICS,
} from './api-groups.ts';
import { type DiscoveryDocument, jsonDocument } from './discovery-documents.ts';
import { schemaName, schemasOf } from './openapi-schemas.ts';

interface Operation {
  /** Below the version. */
  readonly path: string;
  readonly id: string;
  readonly action: 'get' | 'list';
  readonly kind: string;
}

const OPERATIONS: Readonly<Record<ApiGroup, readonly Operation[]>> = {
  [RESOURCE_METRICS]: [
    { path: '/nodes', id: 'listNodeMetrics', action: 'list', kind: 'NodeMetricsList' },
    { path: '/nodes/{name}', id: 'readNodeMetrics', action: 'get', kind: 'NodeMetrics' },
    { path: '/pods', id: 'listPodMetricsForAllNamespaces', action: 'list', kind: 'PodMetricsList' },
    { path: '/namespaces/{namespace}/pods', id: 'listNamespacedPodMetrics', action: 'list', kind: 'PodMetricsList' },
    { path: '/namespaces/{namespace}/pods/{name}', id: 'readNamespacedPodMetrics', action: 'get', kind: 'PodMetrics' },
  ],
  [CUSTOM_METRICS]: [
    { path: '/{resource}/{name}/{subresource}', id: 'listMetricValue', action: 'list', kind: 'MetricValueList' },
    {
      path: '/namespaces/{namespace}/{resource}/{name}/{subresource}',
      id: 'listNamespacedMetricValue',
      action: 'list',
      kind: 'MetricValueList',
    },
  ],
  [EXTERNAL_METRICS]: [
    {
      path: '/namespaces/{namespace}/{resource}',
      id: 'listNamespacedExternalMetricValue',
      action: 'list',
      kind: 'ExternalMetricValueList',
    },
  ],
};

const INFO = { title: 'Vigie metrics API', version: 'v1' };
const GROUP_VERSIONS = API_GROUP_NAMES.flatMap((group) => API_GROUPS[group].map((version) => ({ group, version })));

let cachedV2: DiscoveryDocument | undefined;
let cachedRoot: DiscoveryDocument | undefined;
const cachedV3 = new Map<string, DiscoveryDocument>();

/** `/openapi/v2`: all groups in one document. */
export function openApiV2(): DiscoveryDocument {
  cachedV2 ??= jsonDocument({
    swagger: '2.0',
    info: INFO,
    paths: Object.assign({}, ...GROUP_VERSIONS.map(({ group, version }) => pathsOf(group, version, V2))),
    definitions: Object.assign(
      {},
      ...GROUP_VERSIONS.map(({ group, version }) => schemasOf(group, version, V2.reference)),
    ),
  });
  return cachedV2;
}

/** `/openapi/v3`: where the document of each group version is. */
export function openApiV3Root(): DiscoveryDocument {
  cachedRoot ??= jsonDocument({
    paths: Object.fromEntries(
      GROUP_VERSIONS.map(({ group, version }) => {
        const path = `apis/${group}/${version}`;
        const hash = openApiV3(group, version).etag.replaceAll('"', '');
        return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
      }),
    ),
  });
  return cachedRoot;
}

/** `/openapi/v3/apis/GROUP/VERSION`. */
export function openApiV3(group: ApiGroup, version: ApiVersion): DiscoveryDocument {
  const key = `${group}/${version}`;
  let document = cachedV3.get(key);
  if (document === undefined) {
    document = jsonDocument({
      openapi: '3.0.0',
      info: INFO,
      paths: pathsOf(group, version, V3),
      components: { schemas: schemasOf(group, version, V3.reference) },
    });
    cachedV3.set(key, document);
  }
  return document;
}

interface Dialect {
  readonly reference: string;
  readonly parameter: (name: string) => object;
  readonly response: (schema: object) => object;
}

const JSON_TYPE = 'application/json';
const V2: Dialect = {
  reference: '#/definitions/',
  parameter: (name) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true }),
  response: (schema) => ({ produces: [JSON_TYPE], responses: { '200': { description: 'OK', schema } } }),
};
const V3: Dialect = {
  reference: '#/components/schemas/',
  parameter: (name) => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }),
  response: (schema) => ({ responses: { '200': { description: 'OK', content: { [JSON_TYPE]: { schema } } } } }),
};

function pathsOf(group: ApiGroup, version: ApiVersion, { reference, parameter, response }: Dialect): object {
  const tag = `${group.replaceAll('.', '_')}_${version}`;
  return Object.fromEntries(
    OPERATIONS[group].map(({ path, id, action, kind }) => [
      `/apis/${group}/${version}${path}`,
      {
        get: {
          tags: [tag],
          operationId: `${id}_${tag}`,
          ...response({ $ref: reference + schemaName(group, version, kind) }),
          'x-kubernetes-action': action,
          'x-kubernetes-group-version-kind': { group, version, kind: kind.replace(/List$/, '') },
        },
        parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name)),
      },
    ]),
  );
}
