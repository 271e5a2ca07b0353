/** What an adapter says of a metric: its values, and why others are missing. */
import type { MetricSpec } from './hpa-spec.ts';

export interface ExplainedSeries {
  /** As PromQL writes it. */
  readonly series: string;
  readonly value: number | undefined;
  /** Unix ms. */
  readonly timestampMs: number | undefined;
  /** Why it has no value. */
  readonly problem: string | undefined;
}

export interface ExplainedValue {
  /** The pod or object, or the labels of an external metric. */
  readonly name: string;
  /** Cores, bytes, or what the metric is in. */
  readonly value: number;
  readonly timestampMs: number;
  readonly windowMs: number | undefined;
}

export interface MissingValue {
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}

export interface MetricAnswer {
  /** `rules[0]` of the adapter's configuration, `default`, `kubelet`, `delegate`; undefined where nothing is about the metric. */
  readonly rule: string | undefined;
  readonly query: string | undefined;
  readonly series: readonly ExplainedSeries[];
  readonly values: readonly ExplainedValue[];
  readonly missing: readonly MissingValue[];
}

/** Selectors are text, as in a query: `app=web`; '' for everything. */
export interface MetricsSource {
  /** Of pods; of one container of each where that is named.
   *  @throws where that cannot be told: the error's message says why, as for the methods below */
  resource(
    asked: {
      readonly namespace: string;
      readonly podSelector: string;
      readonly resource: string;
      readonly container: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<MetricAnswer>;
  pods(
    asked: {
      readonly namespace: string;
      readonly podSelector: string;
      readonly metric: string;
      readonly metricSelector: string;
    },
    signal: AbortSignal,
  ): Promise<MetricAnswer>;
  object(
    asked: {
      readonly namespace: string;
      readonly object: { readonly apiVersion: string; readonly kind: string; readonly name: string };
      readonly metric: string;
      readonly metricSelector: string;
    },
    signal: AbortSignal,
  ): Promise<MetricAnswer>;
  external(
    asked: { readonly namespace: string; readonly metric: string; readonly metricSelector: string },
    signal: AbortSignal,
  ): Promise<MetricAnswer>;
  /** Whom the controller asks for such metrics, where that is another server: what is known here is not what it gets. */
  servedBy(type: MetricSpec['type']): string | undefined;
}
