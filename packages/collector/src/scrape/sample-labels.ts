/** From the labels that a target writes to those of the series. Source: Prometheus, scrape/scrape.go, mutateSampleLabels and
 *  verifyLabelLimits. */
import { quoteGo } from '@vigie/core/go-quote';
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { SeriesLabels } from '@vigie/wire/exposition/series-labels';
import type { ScrapeConfig, TargetLimits } from '../config/collector-config.ts';
import { relabel } from '../relabel/relabel.ts';
import { ScrapeError } from './scrape-error.ts';

export type LabelRules = Pick<ScrapeConfig, 'honorLabels' | 'metricRelabel' | 'limits'>;

/** Of names and values in an error. Prometheus' own. */
const SHOWN_CHARACTERS = 50;

/** @param target the public labels of the target
 *  @returns undefined where relabeling drops the series
 *  @throws {ScrapeError} label_limit, malformed: the scrape fails
 *  Cost: some µs; once for each series that the last scrape did not have. */
export function sampleLabels(written: SeriesLabels, target: LabelSet, rules: LabelRules): LabelSet | undefined {
  const merged = LabelSet.of(rules.honorLabels ? honored(written, target) : exported(written, target));
  const labels = rules.metricRelabel.length === 0 ? merged : relabel(merged, rules.metricRelabel);
  if (labels === undefined || labels.size === 0) return undefined;
  if (!labels.has(METRIC_NAME)) {
    throw new ScrapeError('malformed', `missing metric name (${METRIC_NAME} label)`);
  }
  checkLimits(labels, rules.limits);
  return labels;
}

/** Of the samples that the collector itself makes. */
export function reportLabels(name: string, target: LabelSet): LabelSet {
  return LabelSet.of([...target.entries(), [METRIC_NAME, name]]);
}

/** What the target writes counts; an empty value keeps the target's own label away. */
function honored(written: SeriesLabels, target: LabelSet): Map<string, string> {
  const labels = new Map<string, string>(target.entries());
  for (let at = 0; at < written.length; at += 2) labels.set(written[at]!, written[at + 1]!);
  return labels;
}

/** What the target writes steps back, and is called `exported_…`. */
function exported(written: SeriesLabels, target: LabelSet): Map<string, string> {
  const labels = new Map<string, string>();
  for (let at = 0; at < written.length; at += 2) labels.set(written[at]!, written[at + 1]!);
  const conflicts: (readonly [string, string])[] = [];
  for (const [name, value] of target.entries()) {
    const existing = labels.get(name) ?? '';
    if (existing !== '') conflicts.push([name, existing]);
    labels.set(name, value);
  }
  conflicts.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of conflicts) {
    let newName = `exported_${name}`;
    while ((labels.get(newName) ?? '') !== '') newName = `exported_${newName}`;
    labels.set(newName, value);
  }
  return labels;
}

/** @throws {ScrapeError} label_limit */
function checkLimits(labels: LabelSet, limits: TargetLimits): void {
  const { labels: count, labelNameLength, labelValueLength } = limits;
  const metric = shown(labels.get(METRIC_NAME));
  if (count !== undefined && labels.size > count) {
    throw new ScrapeError(
      'label_limit',
      `label_limit exceeded (metric: ${metric}, number of labels: ${labels.size}, limit: ${count})`,
    );
  }
  if (labelNameLength === undefined && labelValueLength === undefined) return;
  for (const [name, value] of labels.entries()) {
    const nameLength = Buffer.byteLength(name);
    if (labelNameLength !== undefined && nameLength > labelNameLength) {
      throw new ScrapeError(
        'label_limit',
        `label_name_length_limit exceeded (metric: ${metric}, label name: ${shown(name)}, length: ${nameLength}, limit: ${labelNameLength})`,
      );
    }
    const valueLength = Buffer.byteLength(value);
    if (labelValueLength !== undefined && valueLength > labelValueLength) {
      throw new ScrapeError(
        'label_limit',
        `label_value_length_limit exceeded (metric: ${metric}, label name: ${shown(name)}, value: ${quoteGo(shown(value))}, length: ${valueLength}, limit: ${labelValueLength})`,
      );
    }
  }
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : [...text].slice(0, SHOWN_CHARACTERS).join('');
}
