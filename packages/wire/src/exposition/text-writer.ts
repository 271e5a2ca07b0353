/** Writes the text format 0.0.4 and OpenMetrics, as /federate answers them. Source: prometheus/common v0.67.5,
 *  expfmt/text_create.go and openmetrics_create.go. */
import { formatGoFloat } from '@vigie/core/go-float';
import { formatOpenMetricsFloat } from './open-metrics-float.ts';
import type { SeriesLabels } from './series-labels.ts';

export type WrittenType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped' | 'unknown';

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The lines before a family's samples; without help there is none.
 *  @param family by its full name, quoted where the format needs it */
export function formatFamily(family: string, type: WrittenType, help = ''): string {
  const name = METRIC_NAME.test(family) ? family : `"${escapeLabel(family)}"`;
  const helpLine = help === '' ? '' : `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
  return `${helpLine}# TYPE ${name} ${type}\n`;
}

/** One line.
 *  @param labels with `__name__`
 *  @param timestampMs an integer; without it the line has no time */
export function formatSample(labels: SeriesLabels, value: number, timestampMs?: number): string {
  const number = Object.is(value, -0) ? '-0' : formatGoFloat(value, 'g');
  return `${formatSeries(labels)} ${number}${timestampMs === undefined ? '' : ` ${timestampMs}`}\n`;
}

/** The same of OpenMetrics, whose bodies end with OPEN_METRICS_END. */
export function formatOpenMetricsSample(labels: SeriesLabels, value: number, timestampMs: number): string {
  return `${formatSeries(labels)} ${formatOpenMetricsFloat(value)} ${formatOpenMetricsFloat(timestampMs / 1000)}\n`;
}

export const OPEN_METRICS_END = '# EOF\n';

/** For readers that know no other names than those of old: what these lack becomes an underscore. */
export function underscored(name: string): string {
  if (METRIC_NAME.test(name)) return name;
  return [...name].map((character, index) => (isOldCharacter(character, index) ? character : '_')).join('');
}

function isOldCharacter(character: string, index: number): boolean {
  return /^[a-zA-Z_:]$/.test(character) || (index > 0 && /^[0-9]$/.test(character));
}

function formatSeries(labels: SeriesLabels): string {
  let name = '';
  const pairs: string[] = [];
  for (let at = 0; at < labels.length; at += 2) {
    const label = labels[at]!;
    const text = labels[at + 1]!;
    if (label === '__name__') name = text;
    else pairs.push(`${LABEL_NAME.test(label) ? label : `"${escapeLabel(label)}"`}="${escapeLabel(text)}"`);
  }
  const isPlain = METRIC_NAME.test(name);
  if (!isPlain) pairs.unshift(`"${escapeLabel(name)}"`);
  return `${isPlain ? name : ''}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
