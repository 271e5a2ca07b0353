/** Writes the text format 0.0.4, as /federate answers it. Source: prometheus/common v0.67.5, expfmt/text_create.go. */
import { formatGoFloat } from '@vigie/core/go-float';
import type { SeriesLabels } from './series-labels.ts';

export type WrittenType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

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
  const series = `${isPlain ? name : ''}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`;
  const number = Object.is(value, -0) ? '-0' : formatGoFloat(value, 'g');
  return `${series} ${number}${timestampMs === undefined ? '' : ` ${timestampMs}`}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
