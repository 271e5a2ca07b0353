/** How far a step may go. Source: kubernetes v1.36.3, horizontal.go, convertDesiredReplicasWithRules,
 *  convertDesiredReplicasWithBehaviorRate, calculateScale{Up,Down}Limit…. Pure. */
import type { Behavior, HpaSpec, ScalingRules } from './hpa-spec.ts';
import { changeWithin, type HpaMemory } from './recommendations.ts';

export interface LimitedReplicas {
  readonly replicas: number;
  /** The reason of the condition ScalingLimited. */
  readonly reason: 'DesiredWithinRange' | 'TooFewReplicas' | 'TooManyReplicas' | 'ScaleUpLimit' | 'ScaleDownLimit';
}

type Bounds = Pick<HpaSpec, 'minReplicas' | 'maxReplicas'>;

/** Without behavior: at most twice as many, or four. */
export function limitPlainly({ minReplicas, maxReplicas }: Bounds, current: number, desired: number): LimitedReplicas {
  const upLimit = Math.max(2 * current, 4);
  const most = Math.min(maxReplicas, upLimit);
  if (desired < minReplicas) return { replicas: minReplicas, reason: 'TooFewReplicas' };
  if (desired > most) return { replicas: most, reason: maxReplicas > upLimit ? 'ScaleUpLimit' : 'TooManyReplicas' };
  return { replicas: desired, reason: 'DesiredWithinRange' };
}

export function limitByBehavior(
  { minReplicas, maxReplicas }: Bounds,
  { scaleUp, scaleDown }: Behavior,
  memory: HpaMemory,
  current: number,
  desired: number,
  nowMs: number,
): LimitedReplicas {
  if (desired > current) {
    const upLimit = Math.max(current, scaleUpLimit(scaleUp, memory, current, nowMs));
    const most = Math.min(maxReplicas, upLimit);
    if (desired > most) return { replicas: most, reason: maxReplicas > upLimit ? 'ScaleUpLimit' : 'TooManyReplicas' };
  } else if (desired < current) {
    const downLimit = Math.min(current, scaleDownLimit(scaleDown, memory, current, nowMs));
    const least = Math.max(minReplicas, downLimit);
    if (desired < least)
      return { replicas: least, reason: minReplicas < downLimit ? 'ScaleDownLimit' : 'TooFewReplicas' };
  }
  return { replicas: desired, reason: 'DesiredWithinRange' };
}

/** The most replicas that the policies allow now; below `current` where more have come lately than they allow. */
export function scaleUpLimit(rules: ScalingRules, memory: HpaMemory, current: number, nowMs: number): number {
  if (rules.selectPolicy === 'disabled') return current;
  const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
    const atStart = replicasAtStart(memory, current, periodSeconds, nowMs);
    // Up, or a small share of few would never let them become more.
    return type === 'pods' ? atStart + value : Math.ceil(atStart * (1 + value / 100));
  });
  return rules.selectPolicy === 'min' ? Math.min(...proposals) : Math.max(...proposals);
}

/** The least replicas. `min` is the policy that changes least: here, the one that leaves most. */
export function scaleDownLimit(rules: ScalingRules, memory: HpaMemory, current: number, nowMs: number): number {
  if (rules.selectPolicy === 'disabled') return current;
  const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
    const atStart = replicasAtStart(memory, current, periodSeconds, nowMs);
    return type === 'pods' ? atStart - value : Math.trunc(atStart * (1 - value / 100));
  });
  return rules.selectPolicy === 'min' ? Math.max(...proposals) : Math.min(...proposals);
}

function replicasAtStart(memory: HpaMemory, current: number, periodSeconds: number, nowMs: number): number {
  const added = changeWithin(memory.scaleUps, periodSeconds, nowMs);
  return current - added + changeWithin(memory.scaleDowns, periodSeconds, nowMs);
}
