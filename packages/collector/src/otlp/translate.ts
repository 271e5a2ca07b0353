/** From a request of OTLP to samples of series, as Prometheus translates it. A data point that cannot be translated is refused
 *  by itself. Source: prometheus v0.315.0, storage/remote/otlptranslator/prometheusremotewrite. */
import { assertNever } from '@vigie/core/errors';
import { formatGoFloat } from '@vigie/core/go-float';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import type {
  ExponentialPoint,
  HistogramPoint,
  Metric,
  MetricPoints,
  MetricsRequest,
  NumberPoint,
  Point,
  ResourceMetrics,
  ScopeMetrics,
  SummaryPoint,
  Temporality,
} from '@vigie/wire/otlp/metrics';
import type { OtlpTranslation } from '../config/otlp-config.ts';
import type { DeltaRefusal, DeltaStreams } from './delta-streams.ts';
import { LabelNames } from './label-name.ts';
import { metricName, unitName } from './metric-name.ts';
import { customBucketsHistogram, exponentialHistogram } from './native-buckets.ts';
import { pointExemplars } from './point-exemplars.ts';
import {
  type Labels,
  pointLabels,
  type ResourceLabels,
  resourceLabels,
  scopeLabels,
  seriesLabels,
} from './series-labels.ts';
import { metricKey, pointKey, scopeKey } from './stream-key.ts';
import { targetInfo } from './target-info.ts';
import { startMs, unixMs } from './unix-ms.ts';

export type TranslationRefusal = DeltaRefusal | 'temporality' | 'metric_name' | 'label_name' | 'scale';

export interface SeriesSample {
  readonly labels: LabelSet;
  readonly timestampMs: number;
  /** 0 where it is not known. */
  readonly startTimestampMs: number;
  readonly exemplars: readonly Exemplar[];
}

/** What takes the samples, in the order in which they come. */
export interface SampleSink {
  /** What comes up to the next one is of this data point. */
  point(): void;
  /** Of the data point. @param metric what it is of, for whoever reads the answer */
  refuse(reason: TranslationRefusal, metric: string): void;
  float(sample: SeriesSample, value: number | 'stale'): void;
  histogram(sample: SeriesSample, histogram: NativeHistogram): void;
  /** Of no data point. */
  info(labels: LabelSet, timestampMs: number): void;
  metadata(metadata: MetricMetadata): void;
}

interface Context {
  readonly resource: ResourceLabels;
  readonly scope: Labels;
  /** Of the scope in its resource. */
  readonly scopeKey: () => string;
}

interface Family {
  readonly name: string;
  readonly metric: Metric;
  readonly context: Context;
  readonly isDelta: boolean;
  /** Of its streams. */
  readonly key: string;
}

const NO_EXEMPLARS: readonly Exemplar[] = [];

export class Translator {
  readonly #translation: OtlpTranslation;
  readonly #names: LabelNames;
  readonly #deltas: DeltaStreams;

  constructor(translation: OtlpTranslation, deltas: DeltaStreams) {
    this.#translation = translation;
    this.#names = new LabelNames(translation);
    this.#deltas = deltas;
  }

  translate({ resourceMetrics }: MetricsRequest, sink: SampleSink): void {
    const seenInfo = new Set<string>();
    for (const one of resourceMetrics) {
      const resource = resourceLabels(one.resource, this.#translation, this.#names);
      if (resource === undefined) {
        for (const { metrics } of one.scopeMetrics) refuseAll(metrics, 'label_name', sink);
        continue;
      }
      for (const scopeMetrics of one.scopeMetrics) this.#scope(one, resource, scopeMetrics, sink);
      targetInfo(one, resource, this.#translation, this.#names, seenInfo, sink);
    }
  }

  #scope(
    { resource: attributes }: ResourceMetrics,
    resource: ResourceLabels,
    one: ScopeMetrics,
    sink: SampleSink,
  ): void {
    const scope = scopeLabels(one, this.#translation, this.#names);
    if (scope === undefined) {
      refuseAll(one.metrics, 'label_name', sink);
      return;
    }
    let key: string | undefined;
    const context = {
      resource,
      scope,
      scopeKey: () => {
        key ??= scopeKey(attributes, one.scope);
        return key;
      },
    };
    for (const metric of one.metrics) this.#metric(metric, context, sink);
  }

  #metric(metric: Metric, context: Context, sink: SampleSink): void {
    const { data } = metric;
    const temporality = temporalityOf(data);
    const name = metricName(metric, this.#translation);
    if (data.kind === 'empty') return;
    if (temporality === 'unspecified') refuseAll([metric], 'temporality', sink);
    else if (name === undefined) refuseAll([metric], 'metric_name', sink);
    else {
      const isDelta = temporality === 'delta';
      const key = isDelta ? metricKey(context.scopeKey(), metric) : '';
      this.#points({ name, metric, context, isDelta, key }, data, sink);
      sink.metadata({ metric: name, type: typeOf(data), help: metric.description, unit: unitName(metric.unit) });
    }
  }

  #points(family: Family, data: Exclude<MetricPoints, { kind: 'empty' }>, sink: SampleSink): void {
    switch (data.kind) {
      case 'gauge':
        for (const point of data.points)
          this.#point(family, point, sink, (labels) => numberSample(family, point, labels, sink));
        return;
      case 'sum':
        for (const point of data.points)
          this.#cumulative(
            family,
            point,
            sink,
            (key) => this.#deltas.number(key, point),
            (total, labels) => numberSample(family, total, labels, sink),
          );
        return;
      case 'histogram':
        for (const point of data.points)
          this.#cumulative(
            family,
            point,
            sink,
            (key) => this.#deltas.histogram(key, point),
            (total, labels) => {
              if (this.#translation.convertsHistograms) customSample(family, total, labels, sink);
              else bucketSamples(family, total, labels, sink);
            },
          );
        return;
      case 'exponential':
        for (const point of data.points)
          this.#cumulative(
            family,
            point,
            sink,
            (key) => this.#deltas.exponential(key, point),
            (total, labels) => exponentialSample(family, total, labels, sink),
          );
        return;
      case 'summary':
        for (const point of data.points)
          this.#point(family, point, sink, (labels) => quantileSamples(family, point, labels, sink));
        return;
      default:
        assertNever(data);
    }
  }

  /** A point that says that its series has ended is no delta. */
  #cumulative<P extends Point>(
    family: Family,
    point: P,
    sink: SampleSink,
    sum: (key: string) => P | DeltaRefusal,
    emit: (total: P, labels: Labels) => void,
  ): void {
    this.#point(family, point, sink, (labels) => {
      const total = family.isDelta && !point.hasNoValue ? sum(pointKey(family.key, point.attributes)) : point;
      if (typeof total === 'string') sink.refuse(total, family.metric.name);
      else emit(total, labels);
    });
  }

  #point({ metric, context }: Family, point: Point, sink: SampleSink, emit: (labels: Labels) => void): void {
    sink.point();
    const { resource, scope } = context;
    const labels = pointLabels(point.attributes, resource, scope, this.#translation, this.#names);
    if (labels === undefined) sink.refuse('label_name', metric.name);
    else emit(labels);
  }
}

function numberSample({ name, metric }: Family, point: NumberPoint, labels: Labels, sink: SampleSink): void {
  const timestampMs = unixMs(point.timeUnixNano);
  const isCounter = metric.data.kind === 'sum';
  const sample = {
    labels: seriesLabels(labels, name),
    timestampMs,
    startTimestampMs: isCounter ? startMs(point) : 0,
    exemplars: isCounter ? pointExemplars(point) : NO_EXEMPLARS,
  };
  sink.float(sample, point.hasNoValue ? 'stale' : point.value);
}

/** `_sum`, `_count` and a series for each bucket; exemplars are with the bucket that they fell into. */
function bucketSamples({ name }: Family, point: HistogramPoint, labels: Labels, sink: SampleSink): void {
  const { count, sum, bucketCounts, explicitBounds, hasNoValue } = point;
  const times = { timestampMs: unixMs(point.timeUnixNano), startTimestampMs: startMs(point) };
  const exemplars = pointExemplars(point);
  const add = (series: LabelSet, value: number, own = NO_EXEMPLARS): void =>
    sink.float({ ...times, labels: series, exemplars: own }, hasNoValue ? 'stale' : value);
  if (sum !== undefined) add(seriesLabels(labels, `${name}_sum`), sum);
  add(seriesLabels(labels, `${name}_count`), count);
  let cumulative = 0;
  let next = 0;
  const buckets = Math.min(explicitBounds.length, bucketCounts.length);
  for (let at = 0; at < buckets; at++) {
    const bound = explicitBounds[at]!;
    cumulative += bucketCounts[at]!;
    const first = next;
    while (next < exemplars.length && exemplars[next]!.value <= bound) next++;
    const series = seriesLabels(labels, `${name}_bucket`, ['le', formatGoFloat(bound, 'f')]);
    add(series, cumulative, exemplars.slice(first, next));
  }
  add(seriesLabels(labels, `${name}_bucket`, ['le', '+Inf']), count, exemplars.slice(next));
}

function customSample(family: Family, point: HistogramPoint, labels: Labels, sink: SampleSink): void {
  nativeSample(family, point, labels, () => customBucketsHistogram(point), sink);
}

function exponentialSample(family: Family, point: ExponentialPoint, labels: Labels, sink: SampleSink): void {
  nativeSample(family, point, labels, () => exponentialHistogram(point), sink);
}

function nativeSample(
  { name, metric }: Family,
  point: HistogramPoint | ExponentialPoint,
  labels: Labels,
  translate: () => NativeHistogram | undefined,
  sink: SampleSink,
): void {
  const timestampMs = unixMs(point.timeUnixNano);
  const sample = {
    labels: seriesLabels(labels, name),
    timestampMs,
    startTimestampMs: startMs(point),
    exemplars: pointExemplars(point),
  };
  if (point.hasNoValue) {
    sink.float(sample, 'stale');
    return;
  }
  const histogram = translate();
  if (histogram === undefined) sink.refuse('scale', metric.name);
  else sink.histogram(sample, histogram);
}

function quantileSamples({ name }: Family, point: SummaryPoint, labels: Labels, sink: SampleSink): void {
  const times = { timestampMs: unixMs(point.timeUnixNano), startTimestampMs: startMs(point) };
  const add = (series: LabelSet, value: number): void =>
    sink.float({ ...times, labels: series, exemplars: NO_EXEMPLARS }, point.hasNoValue ? 'stale' : value);
  add(seriesLabels(labels, `${name}_sum`), point.sum);
  add(seriesLabels(labels, `${name}_count`), point.count);
  for (const { quantile, value } of point.quantiles)
    add(seriesLabels(labels, name, ['quantile', formatGoFloat(quantile, 'f')]), value);
}

function refuseAll(metrics: readonly Metric[], reason: TranslationRefusal, sink: SampleSink): void {
  for (const { name, data } of metrics) {
    if (data.kind === 'empty') continue;
    for (let count = data.points.length; count > 0; count--) {
      sink.point();
      sink.refuse(reason, name);
    }
  }
}

/** Points that have none are as good as cumulative. */
function temporalityOf(data: MetricPoints): Temporality {
  return 'temporality' in data ? data.temporality : 'cumulative';
}

/** Of what is stored: deltas have become cumulative. */
function typeOf(data: Exclude<MetricPoints, { kind: 'empty' }>): string {
  switch (data.kind) {
    case 'gauge':
    case 'summary':
    case 'histogram':
      return data.kind;
    case 'sum':
      return data.isMonotonic ? 'counter' : 'gauge';
    case 'exponential':
      return 'histogram';
    default:
      return assertNever(data);
  }
}
