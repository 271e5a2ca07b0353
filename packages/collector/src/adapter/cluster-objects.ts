/** Pods and nodes by namespace, name and labels, from copies that watches keep current: a request of an HPA never waits for the API
 *  server. */
import { VigieError } from '@vigie/core/errors';
import { sameFields } from '../cluster/same-fields.ts';
import type { ObjectView, WatchListener } from '../cluster/shared-watch.ts';
import { textAt, textsAt } from '../discovery/kubernetes/decode.ts';
import { sharedText } from '../discovery/kubernetes/shared-text.ts';
import { type LabelSelector, matchesSelector } from '../metrics-api/label-selector.ts';

/** What the metrics APIs need to know of a pod or a node. */
export interface ClusterObject {
  /** '' for what is in no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339; '' where it is not known. */
  readonly creationTimestamp: string;
  /** Unix ms; NaN where it is not known. Of a pod, when the kubelet took it up. */
  readonly startedAtMs: number;
}

/** Whoever watches them implements it; this file's index is one way. */
export interface ClusterObjects {
  /** @param namespace undefined for all of them
   *  @returns in any order */
  list(namespace: string | undefined, selector: LabelSelector): readonly ClusterObject[];
  get(namespace: string, name: string): ClusterObject | undefined;
}

/** The index of a collection, to be fed by its watch. */
export class ObjectIndex implements ClusterObjects, WatchListener<ClusterObject> {
  readonly #objects = new Map<string, ClusterObject>();
  readonly #byNamespace = new Map<string, Set<ClusterObject>>();
  /** By namespace, label and value: what a selector asks for first. */
  readonly #byLabel = new Map<string, Set<ClusterObject>>();

  get size(): number {
    return this.#objects.size;
  }

  list(namespace: string | undefined, selector: LabelSelector): readonly ClusterObject[] {
    const candidates = this.#candidates(namespace, selector);
    const found: ClusterObject[] = [];
    for (const object of candidates) if (matchesSelector(selector, object.labels)) found.push(object);
    return found;
  }

  get(namespace: string, name: string): ClusterObject | undefined {
    return this.#objects.get(objectKey(namespace, name));
  }

  applied(_key: string, object: ClusterObject): void {
    this.#remove(objectKey(object.namespace, object.name));
    this.#add(object);
  }

  removed(_key: string, object: ClusterObject): void {
    this.#remove(objectKey(object.namespace, object.name));
  }

  /** The fewest that can be picked by one condition. */
  #candidates(namespace: string | undefined, { requirements }: LabelSelector): Iterable<ClusterObject> {
    if (namespace === undefined) return this.#objects.values();
    let fewest: ReadonlySet<ClusterObject> = this.#byNamespace.get(namespace) ?? NONE;
    for (const { key, operator, values } of requirements) {
      if (operator !== '=') continue;
      const labelled = this.#byLabel.get(labelKey(namespace, key, values[0])) ?? NONE;
      if (labelled.size < fewest.size) fewest = labelled;
    }
    return fewest;
  }

  #add(object: ClusterObject): void {
    this.#objects.set(objectKey(object.namespace, object.name), object);
    addTo(this.#byNamespace, object.namespace, object);
    for (const [name, value] of Object.entries(object.labels)) {
      addTo(this.#byLabel, labelKey(object.namespace, name, value), object);
    }
  }

  #remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    removeFrom(this.#byNamespace, object.namespace, object);
    for (const [name, value] of Object.entries(object.labels)) {
      removeFrom(this.#byLabel, labelKey(object.namespace, name, value), object);
    }
  }
}

const NONE: ReadonlySet<ClusterObject> = new Set();

function addTo(sets: Map<string, Set<ClusterObject>>, key: string, object: ClusterObject): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([object]));
  else set.add(object);
}

function removeFrom(sets: Map<string, Set<ClusterObject>>, key: string, object: ClusterObject): void {
  const set = sets.get(key);
  set?.delete(object);
  if (set?.size === 0) sets.delete(key);
}

function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function labelKey(namespace: string, name: string, value: string): string {
  return `${namespace}\n${name}\n${value}`;
}

/** Of pods and nodes as they come in lists and watches. */
export const clusterObjectView: ObjectView<ClusterObject> = {
  decode(object) {
    const name = textAt(object, 'metadata', 'name');
    if (name === '') throw new VigieError('KUBE_OBJECT_INVALID', 'an object without metadata.name');
    const creationTimestamp = textAt(object, 'metadata', 'creationTimestamp');
    return {
      namespace: sharedText(textAt(object, 'metadata', 'namespace')),
      name,
      labels: textsAt(object, 'metadata', 'labels'),
      creationTimestamp,
      startedAtMs: Date.parse(textAt(object, 'status', 'startTime') || creationTimestamp),
    };
  },
  isSame: sameFields,
};
