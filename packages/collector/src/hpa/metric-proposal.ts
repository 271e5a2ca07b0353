/** What one metric of an HPA proposes, from what an adapter says of it. Source: kubernetes v1.36.3, horizontal.go, computeReplicasForMetric
 *  and the functions below it. Pure. */
import type { PodMetric } from './hpa-pod.ts';
import { describeMetric, type HpaSpec, type MetricSpec } from './hpa-spec.ts';
import {
  averageReplicas,
  type Calculation,
  type CalculatorInput,
  resourceReplicas,
  sumMilli,
  type Tolerances,
  valuePerPodReplicas,
  valueReplicas,
} from './replica-calculator.ts';

/** What the controller got when it asked for a metric. */
export type MetricReading =
  /** Of resource, container_resource and pods metrics; by pod. */
  | { readonly status: 'pods'; readonly metrics: ReadonlyMap<string, PodMetric> }
  /** Of object metrics one, of external ones any number; thousandths. */
  | { readonly status: 'values'; readonly milli: readonly number[] }
  /** The API's words. */
  | { readonly status: 'error'; readonly message: string };

export interface Proposal {
  readonly spec: MetricSpec;
  readonly calculation: Calculation;
}

export type ProposalInput = Omit<CalculatorInput, 'tolerances'> & { readonly statusReplicas: number };

export function proposalOf(
  hpa: Pick<HpaSpec, 'behavior'>,
  spec: MetricSpec,
  reading: MetricReading,
  input: ProposalInput,
): Proposal {
  return {
    spec,
    calculation: calculate(spec, reading, { ...input, tolerances: tolerancesOf(hpa, input.options.tolerance) }),
  };
}

/** All metrics together: the most that one of them asks for; nothing where none can be computed, or one cannot and the others
 *  would scale down. */
export type Decision =
  | { readonly status: 'ok'; readonly replicas: number; readonly by: MetricSpec }
  | { readonly status: 'failed'; readonly message: string };

export function decide(proposals: readonly Proposal[], currentReplicas: number): Decision {
  let best: { readonly replicas: number; readonly by: MetricSpec } | undefined;
  const errors: string[] = [];
  for (const { spec, calculation } of proposals) {
    if (calculation.status === 'error') errors.push(`${prefixOf(spec)}: ${calculation.message}`);
    else if (best === undefined || best.replicas === 0 || calculation.replicas > best.replicas)
      best = { replicas: calculation.replicas, by: spec };
  }
  if (best === undefined || (errors.length > 0 && best.replicas < currentReplicas)) {
    const total = proposals.length;
    return {
      status: 'failed',
      message: `invalid metrics (${errors.length} invalid out of ${total}), first error is: ${errors[0] ?? 'there is no metric'}`,
    };
  }
  return { status: 'ok', ...best };
}

export function tolerancesOf({ behavior }: Pick<HpaSpec, 'behavior'>, tolerance: number): Tolerances {
  return {
    scaleDown: behavior?.scaleDown.tolerance ?? tolerance,
    scaleUp: behavior?.scaleUp.tolerance ?? tolerance,
  };
}

function calculate(
  spec: MetricSpec,
  reading: MetricReading,
  input: CalculatorInput & { readonly statusReplicas: number },
): Calculation {
  if (reading.status === 'error') return { status: 'error', message: reading.message, pods: undefined };
  const { target } = spec;
  switch (spec.type) {
    case 'resource':
    case 'container_resource': {
      const metrics = reading.status === 'pods' ? reading.metrics : new Map<string, PodMetric>();
      const container = spec.type === 'resource' ? '' : spec.container;
      if (target.type === 'average_value') return averageReplicas(input, metrics, spec.resource, target.milli);
      if (target.type === 'utilization')
        return resourceReplicas(input, metrics, spec.resource, container, target.percent);
      return invalid('resource', 'an average utilization target nor an average value (usage) target');
    }
    case 'pods': {
      const metrics = reading.status === 'pods' ? reading.metrics : new Map<string, PodMetric>();
      if (target.type === 'average_value') return averageReplicas(input, metrics, '', target.milli);
      return invalid('pods', 'an average value target');
    }
    case 'object':
    case 'external': {
      const usageMilli = sumMilli(reading.status === 'values' ? reading.milli : []);
      if (target.type === 'value') return valueReplicas(input, usageMilli, target.milli);
      if (target.type === 'average_value')
        return valuePerPodReplicas(input, input.statusReplicas, usageMilli, target.milli);
      return invalid(spec.type, 'a value target nor an average value target');
    }
  }
}

function invalid(kind: string, wanted: string): Calculation {
  const message = `invalid ${kind} metric source: neither ${wanted} was set`;
  return { status: 'error', message, pods: undefined };
}

function prefixOf(spec: MetricSpec): string {
  switch (spec.type) {
    case 'resource':
      return `failed to get ${spec.resource} resource metric value`;
    case 'container_resource':
      return `failed to get ${spec.container} container metric value`;
    case 'pods':
      return 'failed to get pods metric value';
    case 'object':
      return 'failed to get object metric value';
    case 'external':
      return `failed to get ${describeMetric(spec)} value`;
  }
}
