/** Which samples an OpenMetrics line `x_created` is about. Source: OpenMetrics 1.0, "Created". */
import type { MetricType } from './entry.ts';
import { labelOf, type SeriesLabels } from './series-labels.ts';

const SUFFIXES: Readonly<Partial<Record<MetricType, RegExp>>> = {
  counter: /_(?:total|created)$/,
  histogram: /_(?:bucket|count|sum|created)$/,
  summary: /_(?:count|sum|created)$/,
};

export function isCreatedLine(labels: SeriesLabels, type: MetricType): boolean {
  return SUFFIXES[type] !== undefined && labelOf(labels, '__name__')?.endsWith('_created') === true;
}

/** @returns the same number for the samples of one metric and its start time, and another for others; 0 for types that have none */
export function groupOf(labels: SeriesLabels, type: MetricType): number {
  const suffix = SUFFIXES[type];
  if (suffix === undefined) return 0;
  const own = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined;
  let hash = 0x811c9dc5;
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at]!;
    if (name === own) continue;
    const value = name === '__name__' ? labels[at + 1]!.replace(suffix, '') : labels[at + 1]!;
    hash = mix(mix(hash, name), value);
  }
  return hash | 1;
}

/** FNV-1a over UTF-16 units, with a separator. */
function mix(hash: number, text: string): number {
  let mixed = hash;
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return Math.imul(mixed ^ 0xffff, 0x01000193);
}
