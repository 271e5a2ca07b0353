/** What an HPA would have made of recorded load: the controller's algorithm, round by round, over pods that are imagined. The load is what it
 *  was, whoever bears it: what all pods had together is shared among the pods that are ready. Pure. */
import { DEFAULT_WINDOW_MS, type HpaPod, type PodMetric } from './hpa-pod.ts';
import type { ControllerOptions, HpaSpec, MetricSpec } from './hpa-spec.ts';
import type { MetricReading } from './metric-proposal.ts';
import { newMemory } from './recommendations.ts';
import { type Round, reconcile } from './reconcile.ts';

/** Of one metric: the sum over pods, or the value of the object or external metric. */
export interface RecordedLoad {
  /** Unix ms, ascending. */
  readonly points: readonly { readonly timestampMs: number; readonly value: number }[];
}

export interface Simulation {
  readonly hpa: HpaSpec;
  /** Of `hpa.metrics`, in their order. */
  readonly loads: readonly RecordedLoad[];
  readonly fromMs: number;
  readonly toMs: number;
  /** At the beginning. */
  readonly replicas: number;
  /** From when a pod is made until it is ready. */
  readonly podStartMs: number;
  /** Of each pod, thousandths by resource: for targets in per cent of it. */
  readonly requests: Readonly<Record<string, number>>;
  readonly options: ControllerOptions;
}

export interface SimulatedRound {
  readonly timestampMs: number;
  /** After the round. */
  readonly replicas: number;
  readonly ready: number;
  readonly round: Round;
}

export interface SimulationSummary {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly scaleUps: number;
  readonly scaleDowns: number;
  readonly podHours: number;
  /** How long a metric was above its target and tolerance. */
  readonly overloadedMs: number;
  /** How long no number could be computed. */
  readonly blindMs: number;
}

/** Older values are none: as long as PromQL looks back. */
const LOOKBACK_MS = 300_000;
const LONG_AGO_MS = 86_400_000;

interface ImaginedPod {
  readonly name: string;
  readonly madeAtMs: number;
}

export function simulate(simulation: Simulation): readonly SimulatedRound[] {
  const { hpa, fromMs, toMs, podStartMs, options } = simulation;
  const memory = newMemory();
  const cursors = simulation.loads.map((load) => new LoadCursor(load));
  let made = 0;
  const pods: ImaginedPod[] = [];
  const scaleTo = (replicas: number, madeAtMs: number): void => {
    while (pods.length < replicas) pods.push({ name: `pod-${made++}`, madeAtMs });
    // The youngest go first.
    pods.length = replicas;
  };
  scaleTo(simulation.replicas, fromMs - LONG_AGO_MS);
  const rounds: SimulatedRound[] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += options.syncPeriodMs) {
    const ready = pods.filter(({ madeAtMs }) => madeAtMs + podStartMs <= nowMs);
    const readings = hpa.metrics.map((spec, index) => readingOf(spec, cursors[index]?.at(nowMs), ready, nowMs));
    const round = reconcile(
      hpa,
      {
        currentReplicas: pods.length,
        statusReplicas: pods.length,
        pods: pods.map((pod) => podOf(pod, simulation, nowMs)),
        readings,
        options,
        nowMs,
      },
      memory,
    );
    scaleTo(round.replicas, nowMs);
    rounds.push({ timestampMs: nowMs, replicas: pods.length, ready: ready.length, round });
  }
  return rounds;
}

export function summarize(
  rounds: readonly SimulatedRound[],
  { hpa, replicas, options }: Simulation,
): SimulationSummary {
  const counts = rounds.map((one) => one.replicas);
  const changes = counts.map((count, at) => count - (counts[at - 1] ?? replicas));
  const share = options.syncPeriodMs;
  const upTo = 1 + (hpa.behavior?.scaleUp.tolerance ?? options.tolerance);
  const isOverloaded = ({ round }: SimulatedRound): boolean =>
    round.proposals.some(({ calculation }) => calculation.status === 'ok' && calculation.ratio > upTo);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    // A month has more rounds than a call may have arguments.
    least: counts.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY),
    most: counts.reduce((most, count) => Math.max(most, count), Number.NEGATIVE_INFINITY),
    mean: total / Math.max(1, counts.length),
    scaleUps: changes.filter((change) => change > 0).length,
    scaleDowns: changes.filter((change) => change < 0).length,
    podHours: (total * share) / 3_600_000,
    overloadedMs: share * rounds.filter(isOverloaded).length,
    blindMs: share * rounds.filter(({ round }) => round.decision?.status === 'failed').length,
  };
}

function podOf({ name, madeAtMs }: ImaginedPod, simulation: Simulation, nowMs: number): HpaPod {
  const {
    podStartMs,
    requests,
    hpa: { metrics },
  } = simulation;
  const readyAtMs = madeAtMs + podStartMs;
  const isReady = readyAtMs <= nowMs;
  return {
    name,
    phase: isReady ? 'Running' : 'Pending',
    isDeleted: false,
    startedAtMs: isReady ? readyAtMs : undefined,
    ready: { status: isReady ? 'True' : 'False', changedAtMs: isReady ? readyAtMs : madeAtMs },
    containers: containersOf(metrics, requests),
    podRequests: requests,
  };
}

/** Each that a metric names, with the same requests. */
function containersOf(metrics: readonly MetricSpec[], requests: Simulation['requests']): HpaPod['containers'] {
  return metrics.flatMap((spec) => (spec.type === 'container_resource' ? [{ name: spec.container, requests }] : []));
}

function readingOf(
  spec: MetricSpec,
  value: number | undefined,
  ready: readonly ImaginedPod[],
  nowMs: number,
): MetricReading {
  if (value === undefined) return { status: 'error', message: 'there is no recorded value' };
  const milli = Math.ceil(value * 1000);
  if (spec.type === 'object' || spec.type === 'external') return { status: 'values', milli: [milli] };
  const each: PodMetric = {
    milli: Math.ceil(milli / Math.max(1, ready.length)),
    timestampMs: nowMs,
    windowMs: DEFAULT_WINDOW_MS,
  };
  return { status: 'pods', metrics: new Map(ready.map(({ name }) => [name, each])) };
}

/** Goes through a load with time. */
class LoadCursor {
  readonly #points: RecordedLoad['points'];
  #next = 0;

  constructor({ points }: RecordedLoad) {
    this.#points = points;
  }

  /** The newest value, unless it is too old or no number. @param nowMs not before that of the last call */
  at(nowMs: number): number | undefined {
    while (this.#next < this.#points.length && this.#points[this.#next]!.timestampMs <= nowMs) this.#next++;
    const newest = this.#points[this.#next - 1];
    if (newest === undefined || nowMs - newest.timestampMs > LOOKBACK_MS || !Number.isFinite(newest.value))
      return undefined;
    return newest.value;
  }
}
