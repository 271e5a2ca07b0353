/** Facts of a container by the paths at which documents have them: one table for templates of names and for conditions. */
import type { RecordFacts } from './document.ts';

type ContainerFact = 'namespace' | 'podName' | 'podUid' | 'containerName' | 'nodeName' | 'containerId';

const FACTS: ReadonlyMap<string, ContainerFact> = new Map([
  ['kubernetes.namespace', 'namespace'],
  ['kubernetes.pod.name', 'podName'],
  ['kubernetes.pod.uid', 'podUid'],
  ['kubernetes.container.name', 'containerName'],
  ['kubernetes.node.name', 'nodeName'],
  ['container.id', 'containerId'],
]);

/** All that `containerFact` takes. */
export const CONTAINER_FACT_PATHS: readonly string[] = [...FACTS.keys()];

export function isContainerFact(path: string): boolean {
  return FACTS.has(path);
}

/** @returns undefined where it is not known, and for any other path
 *  Cost: one look-up. */
export function containerFact(path: string, facts: Pick<RecordFacts, ContainerFact>): string | undefined {
  const fact = FACTS.get(path);
  return fact === undefined ? undefined : facts[fact];
}
