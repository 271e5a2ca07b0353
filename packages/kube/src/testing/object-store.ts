/** The objects of a test API server, with one resource version for all of them and the changes since the last compaction. */

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

export interface Change {
  readonly version: number;
  readonly resource: string;
  /** What it was; undefined for a new object. */
  readonly before: KubeObject | undefined;
  /** What it is; of a deleted object its last state. */
  readonly object: KubeObject;
  readonly deleted: boolean;
}

export class ObjectStore {
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  #changes: Change[] = [];
  /** etcd's own revision begins above the numbers that tests would write by hand. */
  #version = 1000;
  #compactedTo = 0;
  #uids = 0;

  get version(): number {
    return this.#version;
  }

  find(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#collection(resource).get(`${namespace}/${name}`);
  }

  list(resource: string): readonly KubeObject[] {
    return [...this.#collection(resource).values()];
  }

  /** Creates or replaces; the object gets a uid, where it has none, and the next version. */
  put(resource: string, object: KubeObject): Change {
    const key = keyOf(object);
    const before = this.#collection(resource).get(key);
    const uid = object.metadata.uid ?? before?.metadata.uid ?? `uid-${++this.#uids}`;
    const stored = this.#versioned({ ...object, metadata: { ...object.metadata, uid } });
    this.#collection(resource).set(key, stored);
    return this.#changed({ version: this.#version, resource, before, object: stored, deleted: false });
  }

  /** @returns undefined when there is no such object */
  remove(resource: string, namespace: string, name: string): Change | undefined {
    const before = this.find(resource, namespace, name);
    if (before === undefined) return undefined;
    this.#collection(resource).delete(keyOf(before));
    const object = this.#versioned(before);
    return this.#changed({ version: this.#version, resource, before, object, deleted: true });
  }

  /** @returns undefined when the store no longer knows all of them */
  changesSince(version: number): readonly Change[] | undefined {
    if (version < this.#compactedTo) return undefined;
    return this.#changes.filter((change) => change.version > version);
  }

  /** Forgets the changes up to now. */
  compact(): void {
    this.#version++;
    this.#compactedTo = this.#version;
    this.#changes = [];
  }

  /** Lets the version go on without a change, as changes of other resources do. */
  advance(): void {
    this.#version++;
  }

  #collection(resource: string): Map<string, KubeObject> {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = new Map();
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #versioned(object: KubeObject): KubeObject {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #changed(change: Change): Change {
    this.#changes.push(change);
    return change;
  }
}

/** @param options of a DELETE, its body: `{preconditions: {uid, resourceVersion}}`, or nothing
 *  @returns whether the object is not the one that is meant */
export function failsPreconditions({ metadata }: KubeObject, options: unknown): boolean {
  const { preconditions = {} } = (options ?? {}) as { readonly preconditions?: Partial<KubeObject['metadata']> };
  const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions;
  return uid !== metadata.uid || resourceVersion !== metadata.resourceVersion;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
