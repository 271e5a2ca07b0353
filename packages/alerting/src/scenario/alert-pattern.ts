/** An alert as a scenario names it: `Slow{job="web"}`, some of whose labels may be left out. */
import { type LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import { parseLabelsText } from '@vigie/promql/script/series-line';
import { describeLabels } from '@vigie/promql/text/labels';

const ALERT_NAME = 'alertname';

export interface AlertPattern {
  /** As it was written. */
  readonly text: string;
  /** The name of the alert among them. */
  readonly labels: LabelSet;
}

/** @throws {ScriptError} */
export function parseAlertPattern(text: string): AlertPattern {
  const written = parseLabelsText(text.trim(), 0);
  const named = written.get(METRIC_NAME);
  const labels = named === '' ? written : written.without(METRIC_NAME).with(ALERT_NAME, named);
  return { text, labels };
}

export function isLike(pattern: AlertPattern, labels: LabelSet): boolean {
  for (const [name, value] of pattern.labels.entries()) if (labels.get(name) !== value) return false;
  return true;
}

/** Whether each of the alerts is one of the patterns', and each pattern has one. */
export function areLike(patterns: readonly AlertPattern[], alerts: readonly LabelSet[]): boolean {
  if (patterns.length !== alerts.length) return false;
  const left = [...alerts];
  // Those that say most choose first.
  for (const pattern of patterns.toSorted((a, b) => b.labels.size - a.labels.size)) {
    const at = left.findIndex((labels) => isLike(pattern, labels));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return true;
}

/** `Slow{job="web", severity="page"}` */
export function describeAlert(labels: LabelSet): string {
  return `${labels.get(ALERT_NAME)}${describeLabels(labels.without(ALERT_NAME))}`;
}
