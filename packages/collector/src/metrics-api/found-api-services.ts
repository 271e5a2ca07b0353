/** Whom a cluster asks for metrics, where somebody else looks after the APIServices: they are read, and not written. */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { describeObstacle } from '@vigie/kube/answer';
import { kubeObject, recordOf } from '@vigie/kube/certificates/object-steps';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { API_GROUP_NAMES, API_GROUPS, type ApiGroup, type ApiVersion } from './api-groups.ts';
import {
  API_SERVICES,
  type ApiServiceOwners,
  apiServiceName,
  type Ownership,
  ownerName,
  serviceOf,
} from './api-service-owners.ts';

export interface FoundApiServicesDeps {
  readonly client: Pick<KubeClient, 'request' | 'namespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** PEM of what we serve with, at present. */
  readonly certificate: () => string | Buffer;
  /** Told of each that can be looked at. */
  readonly owners: ApiServiceOwners;
}

/** Somebody who installs metrics-server or KEDA sees soon whose metrics an HPA gets: four small requests. */
const LOOK_INTERVAL_MS = 60_000;

export class FoundApiServices {
  readonly #deps: FoundApiServicesDeps;
  #isRefused = false;

  constructor(deps: FoundApiServicesDeps) {
    this.#deps = deps;
  }

  /** Until the signal aborts; then it resolves. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#look(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('APIServices cannot be looked at', { error });
      }
      await clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    for (const group of API_GROUP_NAMES)
      for (const version of API_GROUPS[group]) await this.#lookAt(group, version, signal);
  }

  /** What cannot be read is as it was. */
  async #lookAt(group: ApiGroup, version: ApiVersion, signal: AbortSignal): Promise<void> {
    const { client, log, owners } = this.#deps;
    const apiService = apiServiceName(group, version);
    const path = resourcePath(API_SERVICES, undefined, apiService);
    const answer = await client.request({ method: 'GET', path }, signal);
    if (answer.status === 'ok') {
      const owner = owners.note(group, version, this.#ownershipOf(answer.body));
      if (owner !== undefined) log.info('another service has the APIService', { apiService, owner });
    } else if (answer.status === 'refused' && answer.httpStatus === 404) owners.note(group, version, undefined);
    else if (answer.status === 'refused' && answer.httpStatus === 403 && !this.#isRefused) {
      this.#isRefused = true;
      log.info(
        'APIServices may not be read: metrics of HPAs that another serves are explained as if they were asked of this collector',
        {
          detail: describeObstacle(answer),
        },
      );
    }
  }

  /** An API server asks nobody whose certificate does not name the service, unless the APIService says not to look at it: so metrics-server
   *  has it, and so may we.
   *  @returns undefined where it cannot be told */
  #ownershipOf(body: unknown): Ownership | undefined {
    const { client, certificate } = this.#deps;
    const found = kubeObject(body);
    const service = serviceOf(found);
    const others = { status: 'others', owner: ownerName(service) } as const;
    if (service === undefined) return others;
    const host = `${service.name}.${service.namespace}.svc`;
    if (new X509Certificate(certificate()).checkHost(host) !== undefined) return { status: 'ours' };
    const isUnseen = recordOf(found.spec).insecureSkipTLSVerify === true;
    return isUnseen && service.namespace === client.namespace ? undefined : others;
  }
}
