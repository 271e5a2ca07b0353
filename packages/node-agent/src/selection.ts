import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import picomatch from 'picomatch';
import type { LabelSelector, Labels } from './metadata/label-selector.ts';

/** Names or glob patterns; an empty list says nothing. */
export interface Selection {
  readonly namespaces: readonly string[];
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  /** undefined says nothing. */
  readonly labels?: LabelSelector | undefined;
}

export interface SelfPod {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Which container logs a source reads. A log outside the kubelet's folders has no namespace, pod or
 *  container: only an `include` that asks for one leaves it out. The agent's own log is never read: each
 *  line it wrote about a line would make the next. Labels decide once the pod is known; until then the log is selected.
 *  @param labelsOf undefined for a pod that is not known */
export function createSelector(
  include: Selection,
  exclude: Selection,
  self: SelfPod,
  labelsOf: (log: ContainerLog) => Labels | undefined = () => undefined,
): (log: ContainerLog) => boolean {
  const included = matchers(include);
  const excluded = matchers(exclude);
  return (log) => {
    const pod = log.pod ?? log.container;
    const names: Names = [pod?.namespace, pod?.podName, pod?.containerName];
    if (self.name !== undefined && pod?.podName === self.name) {
      if (self.namespace === undefined || self.namespace === pod.namespace) return false;
    }
    if (include.labels !== undefined || exclude.labels !== undefined) {
      const labels = labelsOf(log);
      if (labels !== undefined && (include.labels?.(labels) === false || exclude.labels?.(labels) === true))
        return false;
    }
    return (
      included.every((matches, index) => matches === undefined || matchesName(matches, names[index])) &&
      !excluded.some((matches, index) => matches !== undefined && matchesName(matches, names[index]))
    );
  };
}

type Names = readonly (string | undefined)[];
type Matcher = (name: string) => boolean;

function matchers(selection: Selection): readonly (Matcher | undefined)[] {
  return [selection.namespaces, selection.pods, selection.containers].map((patterns) =>
    patterns.length === 0 ? undefined : picomatch([...patterns]),
  );
}

function matchesName(matches: Matcher, name: string | undefined): boolean {
  return name !== undefined && matches(name);
}
