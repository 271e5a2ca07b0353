/** Why an HPA does what it does: each of its metrics with what stands behind it, what the controller computes from it, and what it
 *  will do next. */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import { milliOf } from '../metrics-api/quantity.ts';
import type { ExplainedHpa, ExplainedMetric } from './explained-hpa.ts';
import { DEFAULT_WINDOW_MS, type HpaPod } from './hpa-pod.ts';
import {
  type ControllerOptions,
  describeMetric,
  type HpaSpec,
  type MetricSpec,
  type MetricTarget,
} from './hpa-spec.ts';
import type { MetricReading, Proposal } from './metric-proposal.ts';
import type { MetricAnswer, MetricsSource } from './metrics-source.ts';
import { formatMilli } from './quantity-milli.ts';
import { newMemory } from './recommendations.ts';
import { type Round, reconcile } from './reconcile.ts';

/** The target of an HPA, as its scale says. */
export interface ScaleFacts {
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** Of its pods: `app=web`; '' where the scale has none. */
  readonly podSelector: string;
  /** What keeps the controller from all metrics, where it does not know the pods, or not alone. */
  readonly selectorProblem: string | undefined;
}

/** @param pods those of the selector, in the HPA's namespace
 *  @param options the controller's flags, which nobody can ask it for
 *  @throws the signal's reason; what a source throws stands in the explanation */
export async function explainHpa(
  hpa: HpaSpec,
  scale: ScaleFacts,
  source: MetricsSource,
  pods: readonly HpaPod[],
  options: ControllerOptions,
  clock: Pick<Clock, 'nowMs'>,
  signal: AbortSignal,
): Promise<ExplainedHpa> {
  const answers = await Promise.all(hpa.metrics.map((spec) => answerOf(hpa, spec, scale, source, signal)));
  signal.throwIfAborted();
  const round = reconcile(
    hpa,
    {
      currentReplicas: scale.specReplicas,
      statusReplicas: scale.statusReplicas,
      pods,
      readings: answers.map((answer, index) => readingOf(hpa, hpa.metrics[index], answer)),
      options,
      nowMs: clock.nowMs(),
      problem: scale.selectorProblem,
    },
    newMemory(),
  );
  const { kind, name } = hpa.scaleTarget;
  return {
    namespace: hpa.namespace,
    name: hpa.name,
    target: `${kind} ${name}`,
    minReplicas: hpa.minReplicas,
    maxReplicas: hpa.maxReplicas,
    replicas: { wanted: scale.specReplicas, present: scale.statusReplicas },
    problem: scale.selectorProblem,
    metrics: round.proposals.map((proposal, index) =>
      explainMetric(proposal, answers[index], source.servedBy(proposal.spec.type)),
    ),
    next: {
      replicas: round.replicas,
      reason: round.reason,
      note: noteOf(hpa, round, scale.specReplicas, source, options),
    },
  };
}

type Answered = MetricAnswer | { readonly refusal: string };

async function answerOf(
  { namespace }: HpaSpec,
  spec: MetricSpec,
  { podSelector }: ScaleFacts,
  source: MetricsSource,
  signal: AbortSignal,
): Promise<Answered> {
  // Without a selector, it would be asked of all pods of the namespace.
  if (podSelector === '') return { refusal: 'the pods are not known' };
  try {
    switch (spec.type) {
      case 'resource':
      case 'container_resource': {
        const container = spec.type === 'resource' ? undefined : spec.container;
        return await source.resource({ namespace, podSelector, resource: spec.resource, container }, signal);
      }
      case 'pods': {
        const { metric, selector: metricSelector } = spec;
        return await source.pods({ namespace, podSelector, metric, metricSelector }, signal);
      }
      case 'object': {
        const { object, metric, selector: metricSelector } = spec;
        return await source.object({ namespace, object, metric, metricSelector }, signal);
      }
      case 'external':
        return await source.external({ namespace, metric: spec.metric, metricSelector: spec.selector }, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    return { refusal: describeRefusal(error) };
  }
}

/** With the causes, which are not in the message. */
function describeRefusal(error: unknown): string {
  const causes = error instanceof ApiRefusal ? (error.details?.causes ?? []) : [];
  return [describeError(error), ...causes.map(({ message }) => message)].join(': ');
}

function readingOf({ namespace }: HpaSpec, spec: MetricSpec | undefined, answer: Answered): MetricReading {
  if ('refusal' in answer) return { status: 'error', message: answer.refusal };
  const { values, missing } = answer;
  if (values.length === 0) return { status: 'error', message: 'the API has no value of it' };
  // One pod without the container, and the controller takes the value of none.
  const without = missing.find(({ reason }) => reason === 'NoContainer');
  if (spec?.type === 'container_resource' && without !== undefined) {
    const message = `failed to get container metrics: container ${spec.container} not present in metrics for pod ${namespace}/${without.name}`;
    return { status: 'error', message };
  }
  if (spec?.type === 'object' || spec?.type === 'external')
    return { status: 'values', milli: values.map(({ value }) => milliOf(value)) };
  const metrics = values.map(({ name, value, timestampMs, windowMs = DEFAULT_WINDOW_MS }) => {
    return [name, { milli: milliOf(value), timestampMs, windowMs }] as const;
  });
  return { status: 'pods', metrics: new Map(metrics) };
}

function explainMetric(
  { spec, calculation }: Proposal,
  answer: Answered | undefined,
  servedBy: string | undefined,
): ExplainedMetric {
  const isRefused = answer === undefined || 'refusal' in answer;
  const said = isRefused ? NOTHING_SAID : answer;
  const pods = (calculation.pods ?? []).flatMap(({ pod, group, why }) =>
    group === 'ready' ? [] : [{ pod, group, why }],
  );
  const common = {
    metric: describeMetric(spec),
    target: describeTarget(spec.target),
    servedBy,
    ...said,
    series: [...said.series],
    values: [...said.values],
    missing: [...said.missing],
    pods,
    ...(isRefused ? { isRefused } : {}),
  };
  if (calculation.status === 'error') return { ...common, problem: calculation.message };
  const { usageMilli, utilization, ratio, replicas, formula } = calculation;
  return { ...common, computed: { usage: usageMilli / 1000, utilization, ratio, replicas, formula } };
}

const NOTHING_SAID: MetricAnswer = { rule: undefined, query: undefined, series: [], values: [], missing: [] };

/** What nobody here knows, and what comes next depends on; undefined where that is nothing. */
function noteOf(
  hpa: HpaSpec,
  round: Round,
  current: number,
  source: Pick<MetricsSource, 'servedBy'>,
  options: ControllerOptions,
): string | undefined {
  const others = new Set(hpa.metrics.map(({ type }) => source.servedBy(type)).filter((owner) => owner !== undefined));
  const notes = [
    windowNote(hpa, round, current, options),
    others.size === 0
      ? undefined
      : `the controller asks ${[...others].join(' and ')} for metrics of it: that may know other values`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes.join('; ');
}

function windowNote(
  { behavior }: HpaSpec,
  { replicas }: Round,
  current: number,
  options: ControllerOptions,
): string | undefined {
  if (replicas === current) return undefined;
  const isUp = replicas > current;
  const rules = isUp ? behavior?.scaleUp : behavior?.scaleDown;
  const own = isUp ? 0 : options.downscaleStabilizationMs / 1000;
  const windowSeconds = rules?.stabilizationWindowSeconds ?? own;
  if (windowSeconds === 0) return undefined;
  const other = isUp ? 'lower' : 'higher';
  return `the controller remembers what it recommended in the last ${windowSeconds} s, and holds to the ${isUp ? 'lowest' : 'highest'} of it: this comes when nothing ${other} is among that`;
}

function describeTarget(target: MetricTarget): string {
  switch (target.type) {
    case 'utilization':
      return `${target.percent}% of requests`;
    case 'average_value':
      return `average ${formatMilli(target.milli)}`;
    case 'value':
      return `value ${formatMilli(target.milli)}`;
  }
}
