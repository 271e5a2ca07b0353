/** `target_info`: a series with what is known of a resource beside its identity. Source: prometheus v0.315.0,
 *  prometheusremotewrite/helper.go, addResourceTargetInfo. */
import type { MetricPoints, ResourceMetrics } from '@vigie/wire/otlp/metrics';
import type { OtlpTranslation } from '../config/otlp-config.ts';
import type { LabelNames } from './label-name.ts';
import { type ResourceLabels, targetInfoLabels } from './series-labels.ts';
import type { SampleSink } from './translate.ts';
import { unixMs } from './unix-ms.ts';

/** Half of what a query looks back, so that each instant in between has a sample. */
const INTERVAL_MS = 150_000;
/** Of one resource in one request: a point without a time would lead back to 1970. Beyond, only the newest four hours. */
const MAX_SAMPLES = 96;

/** A sample at the earliest and the latest time of the resource's points, and at intervals between them.
 *  @param seen of this request: resources may come twice */
export function targetInfo(
  { resource, scopeMetrics }: ResourceMetrics,
  labels: ResourceLabels,
  translation: OtlpTranslation,
  names: LabelNames,
  seen: Set<string>,
  sink: Pick<SampleSink, 'info' | 'metadata'>,
): void {
  const series = targetInfoLabels(resource, labels, translation, names);
  if (series === undefined) return;
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const { metrics } of scopeMetrics) {
    for (const { data } of metrics) {
      for (const { timeUnixNano } of pointsOf(data)) {
        const timestampMs = unixMs(timeUnixNano);
        earliestMs = Math.min(earliestMs, timestampMs);
        latestMs = Math.max(latestMs, timestampMs);
      }
    }
  }
  if (latestMs === Number.NEGATIVE_INFINITY) return;
  const add = (timestampMs: number): void => {
    const key = `${timestampMs} ${series.key}`;
    if (seen.has(key)) return;
    seen.add(key);
    sink.info(series, timestampMs);
  };
  const steps = Math.ceil((latestMs - earliestMs) / INTERVAL_MS);
  for (let step = Math.max(0, steps - MAX_SAMPLES); step < steps; step++) add(earliestMs + step * INTERVAL_MS);
  add(latestMs);
  sink.metadata({ metric: 'target_info', type: 'gauge', help: 'Target metadata', unit: '' });
}

function pointsOf(data: MetricPoints): readonly { readonly timeUnixNano: bigint }[] {
  return data.kind === 'empty' ? [] : data.points;
}
