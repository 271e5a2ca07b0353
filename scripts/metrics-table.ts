/** Metrics as a table for people. */
import type { MetricTable } from '@vigie/core/telemetry';

/** A row for each metric, in the order of the tables. */
export function metricsTable(...tables: readonly MetricTable[]): string {
  const rows = tables
    .flatMap((table) => Object.values(table))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${escapeCell(help)} |`);
  return ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
