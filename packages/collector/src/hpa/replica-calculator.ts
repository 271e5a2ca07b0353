/** How many replicas one metric asks for. Source: kubernetes v1.36.3, pkg/controller/podautoscaler/replica_calculator.go and
 *  metrics/utilization.go, whose names and wordings stand here. Pure: whole numbers as the controller's int64, as far as doubles
 *  tell them apart. */
import { type GroupedPod, groupPods } from './group-pods.ts';
import type { HpaPod, PodMetric } from './hpa-pod.ts';
import type { ControllerOptions } from './hpa-spec.ts';
import { podRequests } from './pod-requests.ts';

const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2 ** 63;

/** Shares of the target within which nothing changes. */
export interface Tolerances {
  readonly scaleDown: number;
  readonly scaleUp: number;
}

export interface CalculatorInput {
  /** `spec.replicas` of the target. */
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  readonly pods: readonly HpaPod[];
  readonly options: ControllerOptions;
  readonly nowMs: number;
}

export type Calculation =
  | {
      readonly status: 'ok';
      readonly replicas: number;
      /** Of the target: more than 1 scales up. */
      readonly ratio: number;
      /** Thousandths: the average of pods, or the value of an object. */
      readonly usageMilli: number;
      /** Per cent of requests. */
      readonly utilization: number | undefined;
      /** undefined where pods do not count one by one. */
      readonly pods: readonly GroupedPod[] | undefined;
      /** The sum, for a person. */
      readonly formula: string;
    }
  | { readonly status: 'error'; readonly message: string; readonly pods: readonly GroupedPod[] | undefined };

interface Ratio {
  readonly ratio: number;
  readonly usageMilli: number;
  readonly utilization: number | undefined;
}

/** Of a resource, in per cent of requests. @param container '' for whole pods */
export function resourceReplicas(
  input: CalculatorInput,
  metrics: ReadonlyMap<string, PodMetric>,
  resource: string,
  container: string,
  targetPercent: number,
): Calculation {
  const requests = podRequests(input.pods, resource, container);
  const ratioOf = (used: ReadonlyMap<string, number>): Ratio | string =>
    requests.status === 'error' ? requests.message : utilizationRatio(used, requests.milliOf, targetPercent);
  // A pod without a metric counts as using what it requests, or the target where that is more.
  const whole = Math.max(100, targetPercent);
  const assumed = (pod: string): number =>
    requests.status === 'error' ? 0 : Math.trunc(((requests.milliOf.get(pod) ?? 0) * whole) / 100);
  return calculate(input, metrics, resource, ratioOf, assumed);
}

/** Of values that pods have, against their average. @param resource '' for what is none */
export function averageReplicas(
  input: CalculatorInput,
  metrics: ReadonlyMap<string, PodMetric>,
  resource: string,
  targetMilli: number,
): Calculation {
  return calculate(
    input,
    metrics,
    resource,
    (used) => usageRatio(used, targetMilli),
    () => targetMilli,
  );
}

/** Of one value of an object, or the sum of an external metric. */
export function valueReplicas(input: CalculatorInput, usageMilli: number, targetMilli: number): Calculation {
  const ratio = usageMilli / targetMilli;
  const { currentReplicas, tolerances, pods } = input;
  const result = { status: 'ok', ratio, usageMilli, utilization: undefined, pods: undefined } as const;
  if (currentReplicas === 0) {
    const replicas = toInt32(Math.ceil(ratio));
    return { ...result, replicas, formula: `ceil(${shown(ratio)}) = ${replicas}` };
  }
  if (isWithin(tolerances, ratio)) return { ...result, replicas: currentReplicas, formula: withinTolerance(ratio) };
  if (pods.length === 0)
    return failed('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter(
    ({ phase, ready: condition }) => phase === 'Running' && condition?.status === 'True',
  ).length;
  const replicas = toInt32(Math.ceil(ratio * ready));
  return { ...result, replicas, formula: `ceil(${shown(ratio)} * ${ready} ready pods) = ${replicas}` };
}

/** The same, shared among the pods there are. @param statusReplicas `status.replicas` of the target */
export function valuePerPodReplicas(
  { tolerances }: Pick<CalculatorInput, 'tolerances'>,
  statusReplicas: number,
  usageMilli: number,
  targetMilli: number,
): Calculation {
  // Without pods, the controller divides by 0, and scales: what a person is shown is as of one pod.
  const sharers = Math.max(1, statusReplicas);
  const ratio = usageMilli / (targetMilli * sharers);
  const perPod = usageMilli >= MAX_INT64 ? MAX_INT64 : Math.ceil(usageMilli / sharers);
  const result = { status: 'ok', ratio, usageMilli: perPod, utilization: undefined, pods: undefined } as const;
  if (statusReplicas > 0 && isWithin(tolerances, ratio))
    return { ...result, replicas: statusReplicas, formula: withinTolerance(ratio) };
  const replicas = toInt32(Math.ceil(usageMilli / targetMilli));
  return {
    ...result,
    replicas,
    formula: `ceil(${shown(usageMilli / 1000)} / ${shown(targetMilli / 1000)}) = ${replicas}`,
  };
}

/** @returns thousandths, at most what an int64 holds */
export function sumMilli(values: readonly number[]): number {
  return Math.min(
    MAX_INT64,
    values.reduce((sum, value) => sum + value, 0),
  );
}

function calculate(
  { currentReplicas, tolerances, pods, options, nowMs }: CalculatorInput,
  metrics: ReadonlyMap<string, PodMetric>,
  resource: string,
  ratioOf: (used: ReadonlyMap<string, number>) => Ratio | string,
  assumedDown: (pod: string) => number,
): Calculation {
  if (pods.length === 0) return failed('no pods returned by selector while calculating replica count');
  const grouped = groupPods(pods, metrics, resource, options, nowMs);
  const of = (group: GroupedPod['group']): readonly string[] =>
    grouped.filter((pod) => pod.group === group).map(({ pod }) => pod);
  const [ready, unready, missing, ignored] = [of('ready'), of('unready'), of('missing'), of('ignored')];
  const used = new Map([...metrics].map(([pod, { milli }]) => [pod, milli]));
  for (const pod of [...unready, ...ignored]) used.delete(pod);
  if (used.size === 0) return failed('did not receive metrics for targeted pods (pods might be unready)', grouped);
  const before = ratioOf(used);
  if (typeof before === 'string') return failed(before, grouped);
  const { ratio, usageMilli, utilization } = before;
  const result = { status: 'ok', ratio, usageMilli, utilization, pods: grouped } as const;
  const isUpWithUnready = unready.length > 0 && ratio > 1;
  if (!isUpWithUnready && missing.length === 0) {
    if (isWithin(tolerances, ratio)) return { ...result, replicas: currentReplicas, formula: withinTolerance(ratio) };
    const replicas = toInt32(Math.ceil(ratio * ready.length));
    return { ...result, replicas, formula: `ceil(${shown(ratio)} * ${ready.length} ready pods) = ${replicas}` };
  }
  if (ratio < 1) for (const pod of missing) used.set(pod, assumedDown(pod));
  else if (ratio > 1) for (const pod of missing) used.set(pod, 0);
  if (isUpWithUnready) for (const pod of unready) used.set(pod, 0);
  const after = ratioOf(used);
  if (typeof after === 'string') return failed(after, grouped);
  const counted = `${shown(ratio)}, and ${shown(after.ratio)} with ${countedAs(missing.length, isUpWithUnready ? unready.length : 0, ratio)}`;
  if (isWithin(tolerances, after.ratio) || (ratio < 1 && after.ratio > 1) || (ratio > 1 && after.ratio < 1))
    return { ...result, replicas: currentReplicas, formula: `${counted}: no change` };
  const replicas = toInt32(Math.ceil(after.ratio * used.size));
  const turnsBack = (after.ratio < 1 && replicas > currentReplicas) || (after.ratio > 1 && replicas < currentReplicas);
  if (turnsBack) return { ...result, replicas: currentReplicas, formula: `${counted}: no change` };
  const formula = `ceil(${shown(after.ratio)} * ${used.size} pods) = ${replicas}; the ratio was ${counted}`;
  return { ...result, replicas, formula };
}

function utilizationRatio(
  used: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  targetPercent: number,
): Ratio | string {
  let [usedTotal, requestedTotal, entries] = [0, 0, 0];
  for (const [pod, milli] of used) {
    const request = requests.get(pod);
    if (request === undefined) continue;
    usedTotal += milli;
    requestedTotal += request;
    entries++;
  }
  if (requestedTotal === 0) return 'no metrics returned matched known pods';
  const utilization = Math.trunc((usedTotal * 100) / requestedTotal);
  return { ratio: utilization / targetPercent, usageMilli: Math.trunc(usedTotal / entries), utilization };
}

function usageRatio(used: ReadonlyMap<string, number>, targetMilli: number): Ratio {
  const usageMilli = Math.trunc(sumMilli([...used.values()]) / used.size);
  return { ratio: usageMilli / targetMilli, usageMilli, utilization: undefined };
}

function isWithin({ scaleDown, scaleUp }: Tolerances, ratio: number): boolean {
  return 1 - scaleDown <= ratio && ratio <= 1 + scaleUp;
}

function failed(message: string, pods?: readonly GroupedPod[]): Calculation {
  return { status: 'error', message, pods };
}

function toInt32(value: number): number {
  return Math.min(MAX_INT32, value);
}

function withinTolerance(ratio: number): string {
  return `${shown(ratio)} is within the tolerance: no change`;
}

function countedAs(missing: number, unready: number, ratio: number): string {
  const parts: string[] = [];
  if (missing > 0) parts.push(`${missing} missing counted ${ratio < 1 ? 'as using all' : ratio > 1 ? 'as 0' : 'out'}`);
  if (unready > 0) parts.push(`${unready} unready counted as 0`);
  return parts.join(' and ');
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
