/** The objects of one kind, while the cluster has the kind. */
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { Reflector, type ReflectorDeps } from '@vigie/kube/reflector';
import { OPERATOR_GROUP, type OperatorKind, type OperatorObject, operatorObjectForm } from './object-kinds.ts';

export interface WatchedObjects {
  /** All namespaces where there is none. */
  readonly namespaces: readonly string[];
  /** Of their labels; '' for all. */
  readonly selector: string;
}

interface Running {
  readonly ending: AbortController;
  readonly reflectors: readonly Reflector<OperatorObject>[];
}

export class KindWatch {
  readonly kind: OperatorKind;
  readonly #watched: WatchedObjects;
  readonly #client: KubeClient;
  readonly #deps: ReflectorDeps;
  readonly #changed: () => void;
  #running: Running | undefined;
  #endedFailures = 0;

  /** @param changed told whenever there may be other objects */
  constructor(
    kind: OperatorKind,
    watched: WatchedObjects,
    client: KubeClient,
    deps: ReflectorDeps,
    changed: () => void,
  ) {
    this.kind = kind;
    this.#watched = watched;
    this.#client = client;
    this.#deps = deps;
    this.#changed = changed;
  }

  /** Whether the cluster has the kind. */
  get isThere(): boolean {
    return this.#running !== undefined;
  }

  /** While the API server tells of it. */
  get isCurrent(): boolean {
    const reflectors = this.#running?.reflectors ?? [];
    return reflectors.length > 0 && reflectors.every(({ state }) => state === 'synced');
  }

  /** Whether all of them have been listed once; also where there is nothing to list. */
  get isKnown(): boolean {
    return (this.#running?.reflectors ?? []).every(
      ({ state, counters }) => state !== 'connecting' || counters.failures > 0,
    );
  }

  /** Lists and watches that failed, since the start. */
  get failures(): number {
    const reflectors = this.#running?.reflectors ?? [];
    return reflectors.reduce((sum, { counters }) => sum + counters.failures, this.#endedFailures);
  }

  get objects(): readonly OperatorObject[] {
    return (this.#running?.reflectors ?? []).flatMap(({ items }) => [...items.values()]);
  }

  /** The kind is there, or is not any more: then there are no objects of it. */
  async follow(isThere: boolean): Promise<void> {
    if (isThere === this.isThere) return;
    if (isThere) this.#start();
    else {
      await this.close();
      this.#changed();
    }
  }

  async close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#endedFailures = this.failures;
    this.#running = undefined;
    running.ending.abort(new DOMException('the kind is not watched any more', 'AbortError'));
    await Promise.all(running.reflectors.map((reflector) => reflector.close()));
  }

  #start(): void {
    const { namespaces, selector } = this.#watched;
    const { kind, version, resource } = this.kind;
    const ending = new AbortController();
    const scopes = namespaces.length === 0 ? [undefined] : namespaces;
    const reflectors = scopes.map((namespace) => {
      const collection = {
        path: resourcePath({ group: OPERATOR_GROUP, version, resource }, namespace),
        selectors: { labelSelector: selector || undefined },
        form: operatorObjectForm(kind),
        key: (object: OperatorObject) => `${object.namespace}/${object.name}`,
      };
      const handlers = { replaced: this.#changed, applied: this.#changed, removed: this.#changed };
      return new Reflector(this.#client, collection, handlers, this.#deps);
    });
    this.#running = { ending, reflectors };
    // Each its own: more than ten listeners on one signal are taken for a leak.
    for (const reflector of reflectors) reflector.start(AbortSignal.any([ending.signal]));
  }
}
