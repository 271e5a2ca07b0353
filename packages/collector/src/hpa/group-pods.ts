/** Which pods count, by what the controller knows of them. Source: kubernetes v1.36.3, replica_calculator.go, groupPods. Pure. */
import type { HpaPod, PodMetric } from './hpa-pod.ts';
import type { ControllerOptions } from './hpa-spec.ts';

/** `ready` counts; `unready` counts as 0 when scaling up; `missing` has no metric, and counts against the direction;
 *  `ignored` is on its way out. */
export type PodGroup = 'ready' | 'unready' | 'missing' | 'ignored';

export interface GroupedPod {
  readonly pod: string;
  readonly group: PodGroup;
  /** For a person, of all but ready ones. */
  readonly why: string;
}

/** @param resource only for cpu are pods left out that have just started */
export function groupPods(
  pods: readonly HpaPod[],
  metrics: ReadonlyMap<string, PodMetric>,
  resource: string,
  options: Pick<ControllerOptions, 'cpuInitializationPeriodMs' | 'initialReadinessDelayMs'>,
  nowMs: number,
): readonly GroupedPod[] {
  return pods.map((pod) => ({ pod: pod.name, ...groupOf(pod, metrics.get(pod.name), resource, options, nowMs) }));
}

function groupOf(
  { isDeleted, phase, ready, startedAtMs }: HpaPod,
  metric: PodMetric | undefined,
  resource: string,
  { cpuInitializationPeriodMs, initialReadinessDelayMs }: Parameters<typeof groupPods>[3],
  nowMs: number,
): Omit<GroupedPod, 'pod'> {
  if (isDeleted) return { group: 'ignored', why: 'it is being deleted' };
  if (phase === 'Failed') return { group: 'ignored', why: 'it has failed' };
  if (phase === 'Pending') return { group: 'unready', why: 'it is pending' };
  if (metric === undefined) return { group: 'missing', why: 'there is no value of the metric for it' };
  if (resource !== 'cpu') return { group: 'ready', why: '' };
  if (ready === undefined || startedAtMs === undefined)
    return { group: 'unready', why: 'it has not started, or does not say whether it is ready' };
  if (startedAtMs + cpuInitializationPeriodMs > nowMs) {
    if (ready.status === 'False') return { group: 'unready', why: 'it has started a while ago and is not ready yet' };
    if (metric.timestampMs < ready.changedAtMs + metric.windowMs)
      return { group: 'unready', why: 'its value reaches back to before it became ready' };
    return { group: 'ready', why: '' };
  }
  if (ready.status === 'False' && startedAtMs + initialReadinessDelayMs > ready.changedAtMs)
    return { group: 'unready', why: 'it is not ready and has never been' };
  return { group: 'ready', why: '' };
}
