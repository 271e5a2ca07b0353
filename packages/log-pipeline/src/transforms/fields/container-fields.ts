/** Fields that are the same for every record of a container: what its documents say below `kubernetes`, `container` and
 *  `orchestrator`, and the file's path. */
import { ecsFields } from '../../encode/ecs-fields.ts';
import type { ContainerFacts } from '../transform.ts';
import type { FieldValue } from './value.ts';

const ROOTS = ['kubernetes', 'container', 'orchestrator', 'log.file'] as const;
/** Below these stands one name, of which the documents have every dot as `_`. */
const MAPS = ['kubernetes.labels.', 'kubernetes.namespace_labels.', 'kubernetes.annotations.'] as const;

export function isContainerField(path: string): boolean {
  return ROOTS.some((root) => path.startsWith(`${root}.`));
}

/** @param path one for which `isContainerField`; labels and annotations by their own names or by those of documents
 *  Cost: for what stands in the file's path a property, else a list of all facts: once per batch, not per record. */
export function containerField(path: string, facts: ContainerFacts): FieldValue {
  switch (path) {
    case 'kubernetes.namespace':
      return facts.namespace;
    case 'kubernetes.pod.name':
      return facts.podName;
    case 'kubernetes.pod.uid':
      return facts.podUid;
    case 'kubernetes.container.name':
      return facts.containerName;
    case 'kubernetes.node.name':
      return facts.nodeName;
    case 'container.id':
      return facts.containerId;
    case 'log.file.path':
      return facts.path;
    default: {
      const written = documentPath(path);
      return ecsFields({ ...facts, idPrefix: '' }, undefined).find(([names]) => names.join('.') === written)?.[1];
    }
  }
}

/** The path by which documents have it: labels and annotations by names without dots. */
export function documentPath(path: string): string {
  const map = MAPS.find((prefix) => path.startsWith(prefix));
  return map === undefined ? path : map + path.slice(map.length).replaceAll('.', '_');
}
