/** Fields that are the same for every record of a container: what its documents say below `kubernetes`, `container` and
 *  `orchestrator`, and the file's path. */
import { containerFact, isContainerFact } from '../../encode/container-fact.ts';
import { ecsFields } from '../../encode/ecs-fields.ts';
import { labelNamed } from '../../encode/labels.ts';
import type { ContainerFacts } from '../transform.ts';
import type { FieldValue } from './value.ts';

const ROOTS = ['kubernetes', 'container', 'orchestrator', 'log.file'] as const;
/** Below these stands one name, of which the documents have every dot as `_`. */
const MAPS = [
  ['kubernetes.labels.', 'labels'],
  ['kubernetes.namespace_labels.', 'namespaceLabels'],
  ['kubernetes.annotations.', 'annotations'],
] as const;

export function isContainerField(path: string): boolean {
  return ROOTS.some((root) => path.startsWith(`${root}.`));
}

/** @param path one for which `isContainerField`; labels and annotations by their own names or by those of documents
 *  Cost: for what stands in the file's path and for labels a look-up, else a list of all facts: once per batch, not per
 *  record. */
export function containerField(path: string, facts: ContainerFacts): FieldValue {
  if (isContainerFact(path)) return containerFact(path, facts);
  if (path === 'log.file.path') return facts.path;
  const map = MAPS.find(([prefix]) => path.startsWith(prefix));
  if (map !== undefined) return labelNamed(path.slice(map[0].length), facts[map[1]]);
  return ecsFields({ ...facts, idPrefix: '' }, undefined).find(([names]) => names.join('.') === path)?.[1];
}

/** The path by which documents have it: labels and annotations by names without dots. */
export function documentPath(path: string): string {
  const prefix = MAPS.find(([map]) => path.startsWith(map))?.[0];
  return prefix === undefined ? path : prefix + path.slice(prefix.length).replaceAll('.', '_');
}
