/** An ExternalMetricValueList as another adapter answers it. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import * as v from 'valibot';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import type { ExternalValue } from '../metrics-api/metric-values.ts';

const listSchema = v.object({
  items: v.array(
    v.object({
      metricLabels: v.nullish(v.record(v.string(), v.string()), {}),
      timestamp: v.string(),
      window: v.nullish(v.number()),
      value: v.union([v.string(), v.number()]),
    }),
  ),
});

/** @throws {ApiRefusal} ServiceUnavailable for what is no such list */
export function decodeExternalValues(body: unknown): readonly ExternalValue[] {
  const list = v.safeParse(listSchema, body);
  if (!list.success) throw unreadable();
  return list.output.items.map(({ metricLabels, timestamp, window, value }) => {
    const parsed = parseQuantity(String(value));
    const timestampMs = Date.parse(timestamp);
    if (parsed === undefined || Number.isNaN(timestampMs)) throw unreadable();
    const windowMs = window === undefined || window === null ? undefined : window * 1000;
    return { labels: metricLabels, timestampMs, windowMs, value: parsed };
  });
}

function unreadable(): ApiRefusal {
  return new ApiRefusal(
    'ServiceUnavailable',
    'the adapter that the metric is delegated to has answered no list of values',
  );
}
