/** Where the pods are in the objects that people write: a Pod itself, or the template of what makes Pods. */

export interface PodTemplate {
  /** JSON Pointer from the object to what has the pod's `metadata` and `spec`. */
  readonly path: string;
  readonly pod: unknown;
}

/** From an object to its pod, by kind. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  ReplicationController: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/** @param object as parsed; a List has the pods of its items
 *  @returns empty for what makes no pods */
export function podTemplatesOf(object: unknown): readonly PodTemplate[] {
  const kind = member(object, 'kind');
  if (typeof kind !== 'string') return [];
  const items = member(object, 'items');
  if (kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item, index) =>
      podTemplatesOf(item).map(({ path, pod }) => ({ path: `/items/${index}${path}`, pod })),
    );
  }
  const steps = Object.hasOwn(STEPS, kind) ? STEPS[kind] : undefined;
  if (steps === undefined) return [];
  let pod = object;
  for (const step of steps) pod = member(pod, step);
  return pod === undefined ? [] : [{ path: steps.map((step) => `/${step}`).join(''), pod }];
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
