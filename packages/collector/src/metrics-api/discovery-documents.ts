/** What API servers and kubectl ask to learn what is served. Source: apimachinery, pkg/apis/meta/v1 (APIGroupList, APIGroup,
 *  APIResourceList); k8s.io/api, apidiscovery/v2. */
import { createHash } from 'node:crypto';
import {
  API_GROUP_NAMES,
  API_GROUPS,
  type ApiGroup,
  type ApiVersion,
  CUSTOM_METRICS,
  EXTERNAL_METRICS,
  RESOURCE_METRICS,
} from './api-groups.ts';
import type { OfferedExternal, OfferedMetric } from './metric-values.ts';
import { describeResource } from './request-path.ts';

/** What the lists of resources are made of, for people alone: an HPA never reads them. */
export interface Offered {
  readonly custom: readonly OfferedMetric[];
  readonly external: readonly OfferedExternal[];
}

export interface DiscoveryDocument {
  readonly body: string;
  readonly contentType: string;
  /** Changes with the body; in quotes. */
  readonly etag: string;
}

const JSON_TYPE = 'application/json';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** All documents of one state of what is offered: each is made when it is first asked for. */
export class DiscoveryDocuments {
  readonly #offered: Offered;
  readonly #documents = new Map<string, DiscoveryDocument>();

  constructor(offered: Offered) {
    this.#offered = offered;
  }

  groups(): DiscoveryDocument {
    return this.#document('groups', JSON_TYPE, () => ({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: API_GROUP_NAMES.map(groupObject),
    }));
  }

  group(group: ApiGroup): DiscoveryDocument {
    return this.#document(group, JSON_TYPE, () => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupObject(group) }));
  }

  resources(group: ApiGroup, version: ApiVersion): DiscoveryDocument {
    return this.#document(`${group}/${version}`, JSON_TYPE, () => ({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: `${group}/${version}`,
      resources: this.#resources(group),
    }));
  }

  /** All of it in one document: every resource and subresource has a kind, if an empty one, without which old clients fail. */
  aggregated(version: AggregatedVersion): DiscoveryDocument {
    const type = `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return this.#document(`aggregated ${version}`, type, () => ({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: API_GROUP_NAMES.map((group) => ({
        metadata: { name: group, creationTimestamp: null },
        versions: API_GROUPS[group].map((served) => ({
          version: served,
          resources: this.#aggregatedResources(group, served),
          freshness: 'Current',
        })),
      })),
    }));
  }

  #document(key: string, contentType: string, make: () => object): DiscoveryDocument {
    let document = this.#documents.get(key);
    if (document === undefined) {
      document = jsonDocument(make(), contentType);
      this.#documents.set(key, document);
    }
    return document;
  }

  #resources(group: ApiGroup): readonly object[] {
    switch (group) {
      case RESOURCE_METRICS:
        return USAGE_RESOURCES.map((resource) => ({ ...resource, singularName: '' }));
      case CUSTOM_METRICS:
        return this.#offered.custom.map(({ object, isNamespaced, metric }) => ({
          name: `${describeResource(object)}/${metric}`,
          singularName: '',
          namespaced: isNamespaced,
          kind: 'MetricValueList',
          verbs: ['get'],
        }));
      case EXTERNAL_METRICS:
        return this.#offered.external.map(({ metric }) => ({
          name: metric,
          singularName: '',
          namespaced: true,
          kind: 'ExternalMetricValueList',
          verbs: ['get'],
        }));
    }
  }

  #aggregatedResources(group: ApiGroup, version: ApiVersion): readonly object[] {
    const kindOf = (kind: string) => ({ group, version, kind });
    switch (group) {
      case RESOURCE_METRICS:
        return USAGE_RESOURCES.map(({ name, kind, namespaced, verbs }) => ({
          resource: name,
          responseKind: kindOf(kind),
          scope: scopeOf(namespaced),
          // As kubectl calls it then: `kubectl get podmetrics`.
          singularResource: '',
          verbs,
        }));
      case CUSTOM_METRICS: {
        // A metric is a subresource of what it describes.
        const byResource = new Map<string, OfferedMetric[]>();
        for (const offered of this.#offered.custom) {
          const name = describeResource(offered.object);
          const metrics = byResource.get(name);
          if (metrics === undefined) byResource.set(name, [offered]);
          else metrics.push(offered);
        }
        return [...byResource].map(([name, metrics]) => ({
          resource: name,
          // As API servers have it of a parent that is none of theirs: clients take it for no resource, and `pods` is that of the core alone.
          responseKind: { group: '', version: '', kind: '' },
          scope: scopeOf(metrics[0]?.isNamespaced === true),
          singularResource: '',
          verbs: [],
          subresources: metrics.map(({ metric }) => ({
            subresource: metric,
            responseKind: kindOf('MetricValueList'),
            verbs: ['get'],
          })),
        }));
      }
      case EXTERNAL_METRICS:
        return this.#offered.external.map(({ metric }) => ({
          resource: metric,
          responseKind: kindOf('ExternalMetricValueList'),
          scope: scopeOf(true),
          singularResource: '',
          verbs: ['get'],
        }));
    }
  }
}

export function jsonDocument(content: object, contentType = JSON_TYPE): DiscoveryDocument {
  const body = JSON.stringify(content);
  // Weak clients compare it byte by byte; 128 bits are enough to tell documents apart.
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32).toUpperCase()}"`;
  return { body, contentType, etag };
}

const USAGE_RESOURCES = [
  { name: 'nodes', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  { name: 'pods', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
];

function groupObject(group: ApiGroup): object {
  const versions = API_GROUPS[group].map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function scopeOf(isNamespaced: boolean): string {
  return isNamespaced ? 'Namespaced' : 'Cluster';
}
