/** Why a metric has the values that it has, and why others are missing: what `explain` shows, and the causes of a refusal are made of. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { StatusCause } from '../metrics-api/api-refusal.ts';
import { describeSeries, type SeriesTrace } from './default-metrics.ts';
import type { Gap } from './series-reading.ts';

export interface MissingObject {
  /** Of the pod or other object. */
  readonly name: string;
  /** `NoSeries`, `SeriesEnded`, `OnlyOneSample`, `NotANumber`, `NothingObserved`; of a rule, `NoLabel`. */
  readonly reason: string;
  readonly message: string;
}

export interface ExplainedSeries {
  /** As PromQL writes it. */
  readonly series: string;
  /** Per second for counters. undefined where the rule's query does not tell, or there is none. */
  readonly value: number | undefined;
  /** Unix ms. */
  readonly timestampMs: number | undefined;
  /** Why it has no value. */
  readonly problem: string | undefined;
}

export interface ExplainedValue {
  /** The object, or the labels of an external metric. */
  readonly name: string;
  readonly value: number;
  readonly timestampMs: number;
  readonly windowMs: number | undefined;
}

export interface MetricExplanation {
  readonly metric: string;
  /** `rules[0]` of the adapter's configuration; `default`, `kubelet`; `delegate` for another adapter; undefined where nothing is about it. */
  readonly rule: string | undefined;
  /** What was asked, or what it comes nearest to. */
  readonly query: string | undefined;
  readonly series: readonly ExplainedSeries[];
  /** Of how many objects values were wanted; undefined for external metrics. */
  readonly wanted: number | undefined;
  readonly values: readonly ExplainedValue[];
  readonly missing: readonly MissingObject[];
}

/** Each pod of an HPA has a handful. */
export const MAX_EXPLAINED_SERIES = 1000;

export function describeGap(gap: Gap | undefined): Pick<MissingObject, 'reason' | 'message'> {
  switch (gap?.status) {
    case undefined:
    case 'silent':
      return { reason: 'NoSeries', message: 'it has no series of this metric with a recent sample' };
    case 'ended':
      return {
        reason: 'SeriesEnded',
        message: `its series ended at ${time(gap.atMs)}: the target is gone or its scrape fails`,
      };
    case 'single':
      return { reason: 'OnlyOneSample', message: `there is one sample, of ${time(gap.atMs)}; a rate needs two` };
    case 'not_a_number':
      return { reason: 'NotANumber', message: `its value at ${time(gap.atMs)} is NaN or infinite` };
    case 'idle':
      return { reason: 'NothingObserved', message: 'nothing was observed in the window, so that there is no mean' };
  }
}

/** Of what the query of a rule has a result for, and no value. */
export const RULE_GAPS = {
  notANumber: { reason: 'NotANumber', message: 'the query gives NaN or infinity for it' },
  tooOld: { reason: 'SeriesEnded', message: 'its newest sample is too old' },
} as const satisfies Readonly<Record<string, Omit<MissingObject, 'name'>>>;

/** Of a rule that is about the metric, and does not say where the names of its objects or of their namespace stand.
 *  @param object `pods`; '' for an external metric */
export function withoutLabel(rule: string, object: string, namespace: string | undefined): MissingObject {
  const kinds = [object, namespace === undefined ? '' : 'namespaces'].filter((kind) => kind !== '');
  const message = `its resources do not say which labels are the names of ${kinds.join(' and ')}`;
  return { name: rule, reason: 'NoLabel', message };
}

export function explainedSeries(traces: readonly SeriesTrace[]): readonly ExplainedSeries[] {
  return traces.slice(0, MAX_EXPLAINED_SERIES).map(({ labels, outcome }) => ({
    series: describeSeries(labels),
    value: outcome.status === 'value' ? outcome.value : undefined,
    timestampMs: outcome.status === 'value' ? outcome.timestampMs : 'atMs' in outcome ? outcome.atMs : undefined,
    problem: outcome.status === 'value' ? undefined : describeGap(outcome).message,
  }));
}

/** Of series that another has read. */
export function namedSeries(labels: readonly LabelSet[]): readonly ExplainedSeries[] {
  return labels.slice(0, MAX_EXPLAINED_SERIES).map((one) => ({
    series: describeSeries(one),
    value: undefined,
    timestampMs: undefined,
    problem: undefined,
  }));
}

export function causesOf({ rule, query, missing }: MetricExplanation): readonly StatusCause[] {
  if (rule === undefined) return [{ reason: 'NoSeries', message: 'no series and no rule stand behind this metric' }];
  const asked = query === undefined ? [] : [{ reason: 'Query', message: `${rule}: ${query}` }];
  return [...asked, ...missing.map(({ name, reason, message }) => ({ reason, message: `${name}: ${message}` }))];
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
