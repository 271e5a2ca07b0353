/** Exemplars of a data point. Source: prometheus v0.315.0, prometheusremotewrite/helper.go, getPromExemplars. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar } from '@vigie/promql/storage/querier';
import type { Point, PointExemplar } from '@vigie/wire/otlp/metrics';
import { attributeText } from './attribute-text.ts';
import { unixMs } from './unix-ms.ts';

/** OpenMetrics' bound: attributes that go beyond are left out, the trace is kept. */
const MAX_CHARACTERS = 128;

/** None of a point that ends its series. An exemplar without a time has its point's. */
export function pointExemplars(point: Point & { readonly exemplars: readonly PointExemplar[] }): readonly Exemplar[] {
  if (point.hasNoValue) return [];
  return point.exemplars.map(({ timeUnixNano, value, attributes, traceId, spanId }) => {
    const trace: [string, string][] = [];
    if (traceId !== '') trace.push(['trace_id', traceId]);
    if (spanId !== '') trace.push(['span_id', spanId]);
    const others = attributes.map((attribute): [string, string] => [attribute.key, attributeText(attribute.value)]);
    const all = [...trace, ...others];
    return {
      labels: LabelSet.of(charactersOf(all) <= MAX_CHARACTERS ? all : trace),
      value,
      timestampMs: unixMs(timeUnixNano === 0n ? point.timeUnixNano : timeUnixNano),
    };
  });
}

function charactersOf(labels: readonly (readonly [string, string])[]): number {
  return labels.reduce((sum, [name, value]) => sum + [...name].length + [...value].length, 0);
}
