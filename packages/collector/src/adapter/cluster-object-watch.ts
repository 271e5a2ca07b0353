/** Keeps an index of pods or nodes current by a watch of its own, where nothing else of the program has one. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { Reflector } from '@vigie/kube/reflector';
import { type ClusterObject, type ClusterObjects, clusterObjectForm, ObjectIndex } from './cluster-objects.ts';

export class ClusterObjectWatch {
  readonly #index = new ObjectIndex();
  readonly #reflector: Reflector<ClusterObject>;

  /** @param namespace of the pods; undefined for all of them */
  constructor(
    resource: 'pods' | 'nodes',
    namespace: string | undefined,
    client: KubeClient,
    deps: { readonly clock: Clock; readonly random: Random; readonly log: Log },
  ) {
    const collection = {
      path: resourcePath({ group: '', version: 'v1', resource }, namespace),
      form: clusterObjectForm,
      key: ({ namespace: within, name }: ClusterObject) => `${within}/${name}`,
    };
    this.#reflector = new Reflector(client, collection, this.#index, deps);
  }

  /** As of now. */
  get objects(): ClusterObjects {
    return this.#index;
  }

  /** Resolves once they have been listed. */
  get synced(): Promise<void> {
    return this.#reflector.synced;
  }

  start(signal: AbortSignal): void {
    this.#reflector.start(signal);
  }

  close(): Promise<void> {
    return this.#reflector.close();
  }
}
