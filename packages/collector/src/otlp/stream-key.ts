/** What tells streams of deltas apart: resource, scope, metric and attributes, as OpenTelemetry's data model says. */

import { sha256 } from '@vigie/core/sha256';
import { compareText } from '@vigie/promql/labels/label-set';
import type { Scope } from '@vigie/wire/otlp/logs';
import type { Metric } from '@vigie/wire/otlp/metrics';
import type { KeyValue } from '@vigie/wire/otlp/values';
import { attributeText } from './attribute-text.ts';

export function scopeKey(resource: readonly KeyValue[], { name, version, attributes }: Scope): string {
  return JSON.stringify([attributesKey(resource), name, version, attributesKey(attributes)]);
}

/** Short, as every stream of the metric has it. */
export function metricKey(scope: string, { name, unit, data }: Metric): string {
  const isMonotonic = data.kind === 'sum' && data.isMonotonic;
  return sha256(Buffer.from(JSON.stringify([scope, name, unit, data.kind, isMonotonic]))).toString('base64');
}

export function pointKey(metric: string, attributes: readonly KeyValue[]): string {
  return metric + attributesKey(attributes);
}

function attributesKey(attributes: readonly KeyValue[]): string {
  const pairs = attributes.map(({ key, value }): [string, string] => [key, attributeText(value)]);
  return JSON.stringify(pairs.sort(([a], [b]) => compareText(a, b)));
}
