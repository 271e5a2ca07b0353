/** The objects that a selector picks: pods and nodes from copies at hand, others from the API server, whose answer holds for some
 *  seconds. */
import type { Clock } from '@vigie/core/clock';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { listAll } from '@vigie/kube/list';
import { metadataForm } from '@vigie/kube/objects';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import { DecisionCache } from '../metrics-api/decision-cache.ts';
import type { LabelSelector } from '../metrics-api/label-selector.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import type { MappedResource } from './rest-mapper.ts';

export interface DescribedObjectsDeps {
  readonly pods: ClusterObjects;
  readonly nodes: ClusterObjects;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Ends what is being asked. */
  readonly signal: AbortSignal;
}

/** By name: when a pod or a node started, Unix ms; NaN where that is not known. */
export type StartTimes = ReadonlyMap<string, number>;

const LIST_TTL_MS = 10_000;
/** An HPA has one. */
const MAX_LISTS = 2000;
const PAGE_SIZE = 500;

export class DescribedObjects {
  readonly #deps: DescribedObjectsDeps;
  readonly #lists: DecisionCache<StartTimes>;

  constructor(deps: DescribedObjectsDeps) {
    this.#deps = deps;
    this.#lists = new DecisionCache(deps.clock, () => LIST_TTL_MS, MAX_LISTS);
  }

  /** @param name '*' for all that the selector picks
   *  @param namespace undefined for what is in none
   *  @throws {ApiRefusal} where the API server does not tell */
  async select(
    object: MappedResource,
    namespace: string | undefined,
    name: string,
    selector: LabelSelector,
  ): Promise<StartTimes> {
    const held = this.#held(object);
    if (name !== '*') return new Map([[name, held?.get(namespace ?? '', name)?.startedAtMs ?? Number.NaN]]);
    if (held !== undefined) {
      return new Map(held.list(namespace, selector).map((one) => [one.name, one.startedAtMs]));
    }
    const path = resourcePath(object, namespace);
    return this.#lists.get(`${path}?${selector.text}`, () => this.#list(path, selector));
  }

  #held({ resource, group }: MappedResource): ClusterObjects | undefined {
    if (group !== '') return undefined;
    if (resource === 'pods') return this.#deps.pods;
    return resource === 'nodes' ? this.#deps.nodes : undefined;
  }

  async #list(path: string, selector: LabelSelector): Promise<StartTimes> {
    const { client, signal } = this.#deps;
    const listed = await listAll(
      client,
      {
        path,
        selectors: { labelSelector: selector.text === '' ? undefined : selector.text },
        form: metadataForm(() => false),
        key: ({ namespace, name }) => `${namespace}/${name}`,
        metadataOnly: true,
      },
      { resourceVersion: '0', limit: PAGE_SIZE },
      signal,
    );
    if (listed.status !== 'ok') {
      const detail = describeObstacle(listed);
      throw new ApiRefusal('ServiceUnavailable', `the objects that the selector picks cannot be listed: ${detail}`);
    }
    return new Map([...listed.items.values()].map(({ name }) => [name, Number.NaN]));
  }
}
