/** The objects of one kind, while the cluster has the kind. */
import { type KubeClient, resourcePath } from '../client.ts';
import { Reflector, type ReflectorDeps } from '../reflector.ts';
import { type CustomKind, type CustomObject, customObjectForm } from './custom-object.ts';

export interface WatchedObjects {
  /** All namespaces where there is none. */
  readonly namespaces: readonly string[];
  /** Of their labels; '' for all. */
  readonly selector: string;
}

interface Running {
  readonly ending: AbortController;
  readonly reflectors: readonly Reflector<CustomObject>[];
}

export class KindWatch {
  readonly kind: CustomKind;
  readonly #watched: WatchedObjects;
  readonly #client: KubeClient;
  readonly #deps: ReflectorDeps;
  readonly #changed: () => void;
  #running: Running | undefined;
  #endedFailures = 0;

  /** @param changed told whenever there may be other objects */
  constructor(kind: CustomKind, watched: WatchedObjects, client: KubeClient, deps: ReflectorDeps, changed: () => void) {
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

  get objects(): readonly CustomObject[] {
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
    const { kind, group, version, resource } = this.kind;
    const ending = new AbortController();
    const scopes = namespaces.length === 0 ? [undefined] : namespaces;
    const reflectors = scopes.map((namespace) => {
      const collection = {
        path: resourcePath({ group, version, resource }, namespace),
        selectors: { labelSelector: selector || undefined },
        form: customObjectForm(kind),
        key: (object: CustomObject) => `${object.namespace}/${object.name}`,
      };
      const handlers = { replaced: this.#changed, applied: this.#changed, removed: this.#changed };
      return new Reflector(this.#client, collection, handlers, this.#deps);
    });
    this.#running = { ending, reflectors };
    for (const reflector of reflectors) reflector.start(ending.signal);
  }
}
