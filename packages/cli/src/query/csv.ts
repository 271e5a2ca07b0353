/** Answers as comma-separated values (RFC 4180): a column for each label, one for the time, one for the value. */
import type { QueryResult, Sample, Series } from './answer.ts';

/** @returns lines, the first of them with the names of the columns */
export function csvLines(result: QueryResult): readonly string[] {
  const series: readonly Series[] = 'series' in result ? result.series : [{ labels: {}, samples: [result.sample] }];
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const rows = series.flatMap(({ labels, samples }) =>
    samples.map((sample) => [...names.map((name) => labels[name] ?? ''), ...sampleFields(sample)]),
  );
  return [[...names, 'timestamp', 'value'], ...rows].map((fields) => fields.map(quoted).join(','));
}

/** Seconds, as in the API; a histogram as JSON. */
function sampleFields({ timestampMs, value }: Sample): readonly string[] {
  return [String(timestampMs / 1000), typeof value === 'string' ? value : JSON.stringify(value)];
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
