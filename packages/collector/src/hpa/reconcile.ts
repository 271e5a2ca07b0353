/** One round of the controller for one HPA. Source: kubernetes v1.36.3, horizontal.go, reconcileAutoscaler. Pure but for the memory. */
import { describeMetric, type HpaSpec } from './hpa-spec.ts';
import {
  type Decision,
  decide,
  type MetricReading,
  type Proposal,
  type ProposalInput,
  proposalOf,
} from './metric-proposal.ts';
import { type HpaMemory, noteScaling, stabilize, stabilizeDown } from './recommendations.ts';
import { type LimitedReplicas, limitByBehavior, limitPlainly } from './scaling-limits.ts';

export interface RoundInput extends ProposalInput {
  /** Of `hpa.metrics`, in their order. */
  readonly readings: readonly MetricReading[];
  /** Why the controller computes with none of them; undefined where it does. */
  readonly problem?: string | undefined;
}

export interface Round {
  readonly proposals: readonly Proposal[];
  /** What becomes of the target's replicas; the same as before for no change. */
  readonly replicas: number;
  /** For a person. */
  readonly reason: string;
  /** undefined where no metric was asked for: no replicas, or too many or too few of them, or whose they are is not known. */
  readonly decision: Decision | undefined;
  /** After the windows, before the limits; undefined without a decision. */
  readonly stabilized: number | undefined;
  readonly limit: LimitedReplicas['reason'] | undefined;
}

/** @param memory of the rounds before, which this one adds to */
export function reconcile(hpa: HpaSpec, input: RoundInput, memory: HpaMemory): Round {
  const { currentReplicas, nowMs } = input;
  if (memory.recommendations.length === 0)
    memory.recommendations.push({ replicas: currentReplicas, timestampMs: nowMs });
  const proposals = hpa.metrics.map((spec, index) => {
    const missing: MetricReading = { status: 'error', message: 'it was not asked for' };
    return proposalOf(hpa, spec, input.readings[index] ?? missing, input);
  });
  const bounded = boundedWithoutMetrics(hpa, currentReplicas);
  if (bounded !== undefined) {
    if (bounded.replicas !== currentReplicas)
      noteScaling(memory, hpa.behavior, currentReplicas, bounded.replicas, nowMs);
    return { proposals, ...bounded, decision: undefined, stabilized: undefined, limit: undefined };
  }
  if (input.problem !== undefined) {
    const reason = `${input.problem}; the number of replicas stays`;
    return {
      proposals,
      replicas: currentReplicas,
      reason,
      decision: undefined,
      stabilized: undefined,
      limit: undefined,
    };
  }
  const decision = decide(proposals, currentReplicas);
  if (decision.status === 'failed') {
    const reason = `${decision.message}; the number of replicas stays`;
    return { proposals, replicas: currentReplicas, reason, decision, stabilized: undefined, limit: undefined };
  }
  const { stabilized, limited } = normalize(hpa, input, decision.replicas, memory);
  const { replicas, reason: limit } = limited;
  if (replicas !== currentReplicas) noteScaling(memory, hpa.behavior, currentReplicas, replicas, nowMs);
  const reason = reasonOf(decision, stabilized, limited, currentReplicas);
  return { proposals, replicas, reason, decision, stabilized, limit };
}

function boundedWithoutMetrics(
  { minReplicas, maxReplicas }: HpaSpec,
  current: number,
): { readonly replicas: number; readonly reason: string } | undefined {
  if (current === 0 && minReplicas !== 0)
    return { replicas: 0, reason: 'scaling is disabled since the replica count of the target is zero' };
  if (current > maxReplicas)
    return { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' };
  if (current < minReplicas)
    return { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' };
  return undefined;
}

function normalize(
  hpa: HpaSpec,
  { currentReplicas, options, nowMs }: RoundInput,
  wanted: number,
  memory: HpaMemory,
): { readonly stabilized: number; readonly limited: LimitedReplicas } {
  const { behavior } = hpa;
  if (behavior === undefined) {
    const stabilized = stabilizeDown(memory, wanted, options.downscaleStabilizationMs, nowMs);
    return { stabilized, limited: limitPlainly(hpa, currentReplicas, stabilized) };
  }
  const { stabilizationWindowSeconds } = behavior.scaleDown;
  const downWindowMs =
    stabilizationWindowSeconds === undefined ? options.downscaleStabilizationMs : stabilizationWindowSeconds * 1000;
  const stabilized = stabilize(memory, behavior, currentReplicas, wanted, downWindowMs, nowMs);
  return { stabilized, limited: limitByBehavior(hpa, behavior, memory, currentReplicas, stabilized, nowMs) };
}

function reasonOf(
  decision: Extract<Decision, { status: 'ok' }>,
  stabilized: number,
  { replicas, reason }: LimitedReplicas,
  current: number,
): string {
  const metric = describeMetric(decision.by);
  const parts = [
    decision.replicas > current
      ? `${metric} above target`
      : decision.replicas < current
        ? 'All metrics below target'
        : `${metric} asks for as many as there are`,
  ];
  if (stabilized !== decision.replicas)
    parts.push(`${decision.replicas} becomes ${stabilized} by what was recommended within the stabilization window`);
  if (reason !== 'DesiredWithinRange') parts.push(`${stabilized} becomes ${replicas}: ${LIMITS[reason]}`);
  return parts.join('; ');
}

const LIMITS: Readonly<Record<Exclude<LimitedReplicas['reason'], 'DesiredWithinRange'>, string>> = {
  TooFewReplicas: 'minReplicas',
  TooManyReplicas: 'maxReplicas',
  ScaleUpLimit: 'it may not increase faster',
  ScaleDownLimit: 'it may not decrease faster',
};
