/** The answer to a request that may be made: values in the form that was asked for. */
import type { MetricsAdapter } from '../adapter/metrics-adapter.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { DiscoveryDocument } from './discovery-documents.ts';
import { type LabelSelector, parseLabelSelector } from './label-selector.ts';
import {
  customMetricsBody,
  externalMetricsBody,
  nodeUsageBody,
  nodeUsageListBody,
  podUsageBody,
  podUsageListBody,
} from './metric-bodies.ts';
import { type AnswerForm, negotiateAnswer, negotiateDiscovery } from './negotiate.ts';
import { openApiV2, openApiV3, openApiV3Root } from './openapi-documents.ts';
import {
  customMetricsProto,
  externalMetricsProto,
  nodeUsageListProto,
  nodeUsageProto,
  PROTOBUF_TYPE,
  podUsageListProto,
  podUsageProto,
} from './protobuf-bodies.ts';
import type { ApiRequest } from './request-path.ts';
import { customTable, externalTable, type IncludeObject, nodeTable, podTable, type TableForm } from './tables.ts';

export interface ApiAnswer {
  readonly body: Buffer;
  readonly contentType: string;
  /** Of documents that clients keep. */
  readonly etag: string | undefined;
  /** A list of nothing: to the controller of HPAs the same as a refusal. */
  readonly isEmpty: boolean;
}

export interface AskedFor {
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
}

/** What an answer is made of, in each form that it may have. */
interface Forms {
  readonly isEmpty?: boolean;
  readonly json: () => string;
  readonly protobuf: () => Buffer;
  readonly table: (form: TableForm) => object;
}

/** @throws {ApiRefusal} */
export async function answerRequest(asked: AskedFor, adapter: MetricsAdapter, signal: AbortSignal): Promise<ApiAnswer> {
  const { request, query, accept } = asked;
  switch (request.kind) {
    case 'openapi_v2':
      return documentAnswer(openApiV2());
    case 'openapi_v3':
      return documentAnswer(openApiV3Root());
    case 'openapi_v3_of':
      return documentAnswer(openApiV3(request.group, request.version));
    case 'groups':
    case 'group':
    case 'resources':
      return documentAnswer(await documentOf(request, accept, adapter));
    case 'pods':
    case 'pod':
    case 'nodes':
    case 'node':
    case 'custom':
    case 'external': {
      const form = negotiateAnswer(accept);
      if (form === undefined) throw notAcceptable();
      if (query.get('watch') === 'true' || query.get('watch') === '1') {
        throw new ApiRefusal('MethodNotAllowed', 'metrics cannot be watched: ask again');
      }
      return formed(form, await formsOf(request, query, adapter, signal), query);
    }
  }
}

async function documentOf(
  request: Extract<ApiRequest, { kind: 'groups' | 'group' | 'resources' }>,
  accept: string | undefined,
  adapter: MetricsAdapter,
): Promise<DiscoveryDocument> {
  const form = negotiateDiscovery(accept);
  if (form === undefined) throw notAcceptable();
  const documents = await adapter.documents();
  switch (request.kind) {
    case 'groups':
      return form === 'plain' ? documents.groups() : documents.aggregated(form);
    case 'group':
      return documents.group(request.group);
    case 'resources':
      return documents.resources(request.group, request.version);
  }
}

async function formsOf(
  request: Extract<ApiRequest, { kind: 'pods' | 'pod' | 'nodes' | 'node' | 'custom' | 'external' }>,
  query: URLSearchParams,
  adapter: MetricsAdapter,
  signal: AbortSignal,
): Promise<Forms> {
  switch (request.kind) {
    case 'pods': {
      const fields = fieldsOf(query);
      const within = fields.find(({ field, isWanted }) => field === 'namespace' && isWanted)?.value;
      const selected = await adapter.resources.pods(
        request.namespace ?? within,
        selectorIn(query, 'labelSelector'),
        signal,
      );
      const pods = selected.filter((pod) => hasFields(pod, fields));
      return {
        isEmpty: pods.length === 0,
        json: () => podUsageListBody(pods),
        protobuf: () => podUsageListProto(pods),
        table: (form) => podTable(pods, form),
      };
    }
    case 'pod': {
      const pod = await adapter.resources.pod(request.namespace, request.name, signal);
      return {
        json: () => podUsageBody(pod),
        protobuf: () => podUsageProto(pod),
        table: (form) => podTable([pod], form),
      };
    }
    case 'nodes': {
      const fields = fieldsOf(query);
      const selected = await adapter.resources.nodes(selectorIn(query, 'labelSelector'), signal);
      const nodes = selected.filter(({ name }) => hasFields({ name, namespace: '' }, fields));
      return {
        json: () => nodeUsageListBody(nodes),
        protobuf: () => nodeUsageListProto(nodes),
        table: (form) => nodeTable(nodes, form),
      };
    }
    case 'node': {
      const node = await adapter.resources.node(request.name, signal);
      return {
        json: () => nodeUsageBody(node),
        protobuf: () => nodeUsageProto(node),
        table: (form) => nodeTable([node], form),
      };
    }
    case 'custom': {
      const { version, metric } = request;
      const metricSelector = selectorIn(query, 'metricLabelSelector');
      const objectSelector = selectorIn(query, 'labelSelector');
      const values = await adapter.custom.values({ ...request, objectSelector, metricSelector }, signal);
      return {
        json: () => customMetricsBody(version, metric, metricSelector, values),
        protobuf: () => customMetricsProto(version, metric, metricSelector, values),
        table: (form) => customTable(metric, values, form),
      };
    }
    case 'external': {
      const { namespace, metric } = request;
      const selector = selectorIn(query, 'labelSelector');
      const values = await adapter.external.values({ namespace, metric, selector }, signal);
      return {
        json: () => externalMetricsBody(metric, values),
        protobuf: () => externalMetricsProto(metric, values),
        table: (form) => externalTable(metric, values, form),
      };
    }
  }
}

function formed(
  form: AnswerForm,
  { isEmpty = false, json, protobuf, table }: Forms,
  query: URLSearchParams,
): ApiAnswer {
  const plain = { contentType: 'application/json', etag: undefined, isEmpty };
  switch (form.form) {
    case 'json':
      return { body: Buffer.from(json()), ...plain };
    case 'protobuf':
      return { ...plain, body: protobuf(), contentType: PROTOBUF_TYPE };
    case 'table': {
      const body = JSON.stringify(table({ version: form.version, includeObject: includedObject(query) }));
      return { body: Buffer.from(body), ...plain };
    }
  }
}

function documentAnswer({ body, contentType, etag }: DiscoveryDocument): ApiAnswer {
  return { body: Buffer.from(body), contentType, etag, isEmpty: false };
}

/** The metadata unless something else is asked for, as in the API server. */
function includedObject(query: URLSearchParams): IncludeObject {
  const asked = query.get('includeObject');
  return asked === 'None' || asked === 'Object' ? asked : 'Metadata';
}

function selectorIn(query: URLSearchParams, parameter: 'labelSelector' | 'metricLabelSelector'): LabelSelector {
  const text = query.get(parameter) ?? '';
  const selector = parseLabelSelector(text);
  if (selector !== undefined) return selector;
  throw new ApiRefusal('BadRequest', `unable to parse the ${parameter} ${JSON.stringify(text)}`);
}

interface FieldTerm {
  readonly field: 'name' | 'namespace';
  readonly isWanted: boolean;
  readonly value: string;
}

/** `metadata.name=web-0,metadata.namespace!=kube-system`: all that usage can be picked by.
 *  @throws {ApiRefusal} BadRequest */
function fieldsOf(query: URLSearchParams): readonly FieldTerm[] {
  const terms = (query.get('fieldSelector') ?? '').split(',').filter((part) => part !== '');
  return terms.map((term) => {
    const [, field, operator, value = ''] = /^metadata\.(name|namespace)(!=|={1,2})([^=!]*)$/.exec(term.trim()) ?? [];
    if (field === 'name' || field === 'namespace') return { field, isWanted: operator !== '!=', value };
    const message = `the fieldSelector ${JSON.stringify(term)} is not supported: use metadata.name or metadata.namespace, with = or !=`;
    throw new ApiRefusal('BadRequest', message);
  });
}

function hasFields(object: Readonly<Record<FieldTerm['field'], string>>, fields: readonly FieldTerm[]): boolean {
  return fields.every(({ field, isWanted, value }) => (object[field] === value) === isWanted);
}

function notAcceptable(): ApiRefusal {
  const types = `application/json, ${PROTOBUF_TYPE}`;
  return new ApiRefusal('NotAcceptable', `only the following media types are accepted: ${types}`);
}
