/** A table of counters and gauges as Prometheus' text, without a metrics library: a sidecar has few series. */
import type { Exposition, MetricTable, Report } from '@vigie/core/telemetry';
import {
  EXPOSITION_TYPE,
  formatHeader,
  formatLabels,
  formatSample,
} from '@vigie/log-pipeline/sinks/log-to-metric/exposition';

/** @param collect reports the values as of now; those with the same labels are added up */
export function exposeMetrics<T extends MetricTable>(table: T, collect: (report: Report<T>) => void): Exposition {
  const values = new Map<string, Map<string, number>>();
  collect((key, labels, value) => {
    const name = String(key);
    const series = values.get(name) ?? new Map<string, number>();
    values.set(name, series);
    const written = formatLabels(Object.entries<string>(labels));
    series.set(written, (series.get(written) ?? 0) + value);
  });
  let body = '';
  for (const [key, { name, type, help }] of Object.entries(table)) {
    body += formatHeader(name, type, help);
    for (const [labels, value] of values.get(key) ?? []) body += formatSample(name, labels, value);
  }
  return { contentType: EXPOSITION_TYPE, body };
}
