/** Labels that name what is known of an object. Source: Prometheus 3, discovery/kubernetes. */
import type { Meta } from './objects.ts';

export type Labels = Record<string, string>;

export const META_PREFIX = '__meta_kubernetes_';
export const NAMESPACE_LABEL = `${META_PREFIX}namespace`;

/** The kinds as they stand in the names of labels. */
export type LabelledKind = 'node' | 'pod' | 'service' | 'endpoints' | 'endpointslice' | 'ingress' | 'namespace';

/** `__meta_kubernetes_pod_ip` */
export function metaName(kind: LabelledKind | 'endpoint', name: string): string {
  return `${META_PREFIX}${kind}_${name}`;
}

export function sanitized(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

/** The name of the object, and its labels and annotations. */
export function addObjectLabels(labels: Labels, object: Meta, kind: LabelledKind): void {
  labels[metaName(kind, 'name')] = object.name;
  addLabelsAndAnnotations(labels, object, kind);
}

/** Of a namespace, whose name there is already. */
export function addLabelsAndAnnotations(labels: Labels, object: Meta, kind: LabelledKind): void {
  for (const [key, value] of Object.entries(object.labels)) addPair(labels, kind, 'label', key, value);
  for (const [key, value] of Object.entries(object.annotations)) addPair(labels, kind, 'annotation', key, value);
}

interface PairNames {
  readonly value: string;
  readonly present: string;
}

/** The same few keys stand on thousands of objects: their names are made once, and shared. */
const pairNames = new Map<string, PairNames>();
const MAX_PAIR_NAMES = 20_000;

function addPair(labels: Labels, kind: LabelledKind, what: 'label' | 'annotation', key: string, value: string): void {
  const id = `${kind} ${what} ${key}`;
  let names = pairNames.get(id);
  if (names === undefined) {
    const name = sanitized(key);
    names = { value: metaName(kind, `${what}_${name}`), present: metaName(kind, `${what}present_${name}`) };
    if (pairNames.size >= MAX_PAIR_NAMES) pairNames.clear();
    pairNames.set(id, names);
  }
  labels[names.value] = value;
  labels[names.present] = 'true';
}
