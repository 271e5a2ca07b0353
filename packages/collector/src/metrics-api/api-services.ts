/** The APIServices that send requests for these groups here, and their caBundle. One group and version has one APIService in a
 *  cluster: what another service owns is left to it, unless it was said to take it over. */
import type { Log } from '@vigie/core/log';
import { describeObstacle } from '@vigie/kube/answer';
import {
  bundleTrusts,
  caBundle,
  type KubeObject,
  kubeObject,
  putObject,
  recordOf,
  type Step,
} from '@vigie/kube/certificates/object-steps';
import type { Trust } from '@vigie/kube/certificates/self-made';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { API_GROUPS, type ApiGroup, type ApiVersion } from './api-groups.ts';
import {
  API_SERVICES,
  type ApiServiceOwners,
  apiServiceName,
  type Ownership,
  ownerName,
  serviceOf,
} from './api-service-owners.ts';

export interface ApiServicesOptions {
  /** Those that are to be served through the API server. */
  readonly groups: readonly ApiGroup[];
  /** Of these, those that are taken from whoever has them. */
  readonly takeOver: readonly ApiGroup[];
  /** Where API servers reach this program. */
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
}

export interface ApiServicesDeps {
  readonly client: KubeClient;
  readonly log: Log;
  /** Told of each that is looked at. */
  readonly owners: ApiServiceOwners;
}

/** Of those that the API server prefers within a group, the highest; both are metrics-server's and the adapter's. */
const GROUP_PRIORITY_MINIMUM = 100;
const VERSION_PRIORITY: Readonly<Record<ApiVersion, number>> = { v1beta1: 100, v1beta2: 200 };

export class ApiServices implements Trust {
  readonly #options: ApiServicesOptions;
  readonly #client: KubeClient;
  readonly #log: Log;
  readonly #owners: ApiServiceOwners;

  constructor(options: ApiServicesOptions, { client, log, owners }: ApiServicesDeps) {
    this.#options = options;
    this.#client = client;
    this.#log = log;
    this.#owners = owners;
  }

  /** Each is made where there is none, and trusts the authorities where it is ours. */
  async ensure(authorities: readonly string[], signal: AbortSignal): Promise<Step<undefined>> {
    for (const group of this.#options.groups) {
      for (const version of API_GROUPS[group]) {
        const step = await this.#ensureOne(group, version, authorities, signal);
        if (step.status !== 'ok') return step;
      }
    }
    return { status: 'ok', value: undefined };
  }

  async #ensureOne(
    group: ApiGroup,
    version: ApiVersion,
    authorities: readonly string[],
    signal: AbortSignal,
  ): Promise<Step<undefined>> {
    const name = apiServiceName(group, version);
    const path = resourcePath(API_SERVICES, undefined, name);
    const answer = await this.#client.request({ method: 'GET', path }, signal);
    if (answer.status === 'refused' && answer.httpStatus === 404) {
      return this.#create(group, version, authorities, signal);
    }
    if (answer.status !== 'ok') return { status: 'obstacle', detail: `GET ${path}: ${describeObstacle(answer)}` };
    const found = kubeObject(answer.body);
    const owner = ownerName(serviceOf(found));
    const { service } = this.#options;
    const isOurs = owner === `${service.namespace}/${service.name}`;
    if (!isOurs && !this.#options.takeOver.includes(group)) {
      this.#note(group, version, { status: 'others', owner });
      return { status: 'ok', value: undefined };
    }
    const spec = recordOf(found.spec);
    if (isOurs && spec.insecureSkipTLSVerify !== true && bundleTrusts(spec.caBundle, authorities)) {
      this.#note(group, version, { status: 'ours' });
      return { status: 'ok', value: undefined };
    }
    const written = await putObject(
      this.#client,
      path,
      pointing(found, this.#specOf(group, version, authorities)),
      signal,
    );
    if (written.status === 'ok') {
      this.#note(group, version, { status: 'ours' });
      if (!isOurs) this.#log.warn('took over an APIService', { apiService: name, owner });
    }
    return written;
  }

  async #create(
    group: ApiGroup,
    version: ApiVersion,
    authorities: readonly string[],
    signal: AbortSignal,
  ): Promise<Step<undefined>> {
    const body = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: apiServiceName(group, version), labels: { 'app.kubernetes.io/managed-by': 'vigie' } },
      spec: this.#specOf(group, version, authorities),
    };
    const path = resourcePath(API_SERVICES);
    const answer = await this.#client.request({ method: 'POST', path, body }, signal);
    if (answer.status === 'refused' && answer.httpStatus === 409) return { status: 'conflict' };
    if (answer.status !== 'ok') return { status: 'obstacle', detail: `POST ${path}: ${describeObstacle(answer)}` };
    this.#log.info('made an APIService', { apiService: body.metadata.name });
    this.#note(group, version, { status: 'ours' });
    return { status: 'ok', value: undefined };
  }

  #specOf(group: ApiGroup, version: ApiVersion, authorities: readonly string[]): object {
    return {
      group,
      version,
      groupPriorityMinimum: GROUP_PRIORITY_MINIMUM,
      versionPriority: VERSION_PRIORITY[version],
      service: this.#options.service,
      caBundle: caBundle(authorities),
    };
  }

  #note(group: ApiGroup, version: ApiVersion, ownership: Ownership): void {
    const owner = this.#owners.note(group, version, ownership);
    if (owner === undefined) return;
    this.#log.warn('another service has the APIService, it is left alone; take_over would take it', {
      apiService: apiServiceName(group, version),
      owner,
    });
  }
}

/** What the spec says beyond, such as priorities that somebody chose, stays. */
function pointing(apiService: KubeObject, spec: object): KubeObject {
  const { insecureSkipTLSVerify: _, ...kept } = recordOf(apiService.spec);
  const { groupPriorityMinimum, versionPriority } = kept;
  return {
    ...apiService,
    spec: {
      ...kept,
      ...spec,
      ...(typeof groupPriorityMinimum === 'number' ? { groupPriorityMinimum } : {}),
      ...(typeof versionPriority === 'number' ? { versionPriority } : {}),
    },
  };
}
