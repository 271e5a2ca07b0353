/** `vigie hpa explain --metrics`: which metrics there are to scale on, and what stands behind each. */
import { type ListedMetrics, listedMetricsSchema } from '@vigie/collector/adapter/listed-metrics';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { ApiServer } from '../api-client/open-answer.ts';
import type { Terminal } from '../query/run-query.ts';
import { type Paint, paintFor, plain } from '../terminal/style.ts';
import { padText, printable, textWidth } from '../terminal/text-width.ts';
import { askExplain } from './ask-explain.ts';

/** @throws {VigieError} API_UNREACHABLE, EXPLAIN_REFUSED */
export async function runMetricList(
  server: ApiServer,
  output: 'text' | 'json',
  terminal: Terminal,
  version: string,
): Promise<ExitCode> {
  const asked = { path: '/explain/metrics', parameters: new URLSearchParams() };
  const { text, value } = await askExplain(server, asked, listedMetricsSchema, version);
  const { stdout, env } = terminal;
  const paint = stdout.isTTY === true ? paintFor(env) : plain;
  const lines = output === 'json' ? [text.trimEnd()] : metricLines(value, paint);
  for (const line of lines) stdout.write(`${line}\n`);
  return 0;
}

interface Row {
  readonly of: string;
  readonly metric: string;
  readonly rule: string;
  readonly series: string;
}

function metricLines({ resource, custom, external }: ListedMetrics, paint: Paint): readonly string[] {
  const rows: readonly Row[] = [
    ...resource.map(({ metric, rule, query = '' }) => ({ of: 'resource', metric, rule, series: query })),
    ...custom.map(({ resource: of, metric, origins }) => ({ of, metric, ...behind(origins) })),
    ...external.map(({ metric, origins }) => ({ of: 'external', metric, ...behind(origins) })),
  ];
  const head: Row = { of: 'OF', metric: 'METRIC', rule: 'RULE', series: 'SERIES' };
  const widest = (key: keyof Row): number =>
    [head, ...rows].reduce((most, row) => Math.max(most, textWidth(printable(row[key]))), 0);
  const widths = { of: widest('of'), metric: widest('metric'), rule: widest('rule'), series: widest('series') };
  const keys = ['of', 'metric', 'rule', 'series'] as const;
  const line = (row: Row): string =>
    keys
      .map((key) => padText(printable(row[key]), widths[key]))
      .join('  ')
      .trimEnd();
  return [paint(line(head), 'bold'), ...rows.map(line)];
}

function behind(origins: ListedMetrics['external'][number]['origins']): Pick<Row, 'rule' | 'series'> {
  return {
    rule: [...new Set(origins.map(({ rule }) => rule))].join(', '),
    series: [...new Set(origins.map(({ series }) => series))].filter((name) => name !== '').join(', '),
  };
}
