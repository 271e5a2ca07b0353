/** Whom a cluster asks for metrics: one group and version has one APIService, which leads to one Service. */
import { type KubeObject, recordOf } from '@vigie/kube/certificates/object-steps';
import { API_GROUPS, type ApiGroup, type ApiVersion } from './api-groups.ts';

export const API_SERVICES = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };

export type Ownership =
  | { readonly status: 'ours' }
  /** `kube-system/metrics-server`; `the API server itself` for what it serves without a service. */
  | { readonly status: 'others'; readonly owner: string };

export interface OwnedApiService {
  readonly group: ApiGroup;
  readonly version: ApiVersion;
  readonly ownership: Ownership;
}

export class ApiServiceOwners {
  readonly #owned = new Map<string, OwnedApiService>();

  /** As they were last found. */
  get all(): readonly OwnedApiService[] {
    return [...this.#owned.values()];
  }

  /** Who is asked for metrics of the group, by its preferred version, where that is another. */
  ownerOf(group: ApiGroup): string | undefined {
    const [preferred] = API_GROUPS[group];
    const ownership = this.#owned.get(apiServiceName(group, preferred))?.ownership;
    return ownership?.status === 'others' ? ownership.owner : undefined;
  }

  /** @param ownership undefined: nobody's, or not known
   *  @returns its owner, where that is another and has not been before */
  note(group: ApiGroup, version: ApiVersion, ownership: Ownership | undefined): string | undefined {
    const key = apiServiceName(group, version);
    const before = this.#owned.get(key)?.ownership.status;
    if (ownership === undefined) this.#owned.delete(key);
    else this.#owned.set(key, { group, version, ownership });
    return ownership?.status === 'others' && before !== 'others' ? ownership.owner : undefined;
  }
}

export function apiServiceName(group: ApiGroup, version: ApiVersion): string {
  return `${version}.${group}`;
}

/** @returns undefined for what the API server serves itself */
export function serviceOf(apiService: KubeObject): { readonly namespace: string; readonly name: string } | undefined {
  const { namespace, name } = recordOf(recordOf(apiService.spec).service);
  return typeof namespace === 'string' && typeof name === 'string' ? { namespace, name } : undefined;
}

export function ownerName(service: ReturnType<typeof serviceOf>): string {
  return service === undefined ? 'the API server itself' : `${service.namespace}/${service.name}`;
}
