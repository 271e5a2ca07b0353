/** Label sets as Prometheus prints them: `{a="b", c="d"}`. */
import type { LabelSet } from '../labels/label-set.ts';
import { quote } from './quote.ts';

export function describeLabels(labels: LabelSet): string {
  const parts = [...labels.entries()].map(
    ([name, value]) => `${isLabelName(name) ? name : quote(name)}=${quote(value)}`,
  );
  return `{${parts.join(', ')}}`;
}

/** Whether a label's name needs no quotes. */
export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}
