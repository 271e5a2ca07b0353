/** From the result of a recording rule's expression to the series that it records. Source: Prometheus, rules/recording.go. */
import type { InstantSample } from '@vigie/promql/evaluate/result';
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { RecordingRule } from './rule.ts';
import { RuleError } from './rule-error.ts';
import type { RuleSample } from './sample.ts';

/** @throws {RuleError} where two series would be one, or there are more than the group's limit */
export function recordSamples(
  rule: RecordingRule,
  samples: readonly InstantSample[],
  timestampMs: number,
  limit: number,
): readonly RuleSample[] {
  const own: readonly (readonly [string, string])[] = [[METRIC_NAME, rule.name], ...rule.labels.entries()];
  const keys = new Set<string>();
  const recorded = samples.map(({ labels, value, histogram }) => {
    const series = LabelSet.of([...labels.entries(), ...own]);
    keys.add(series.key);
    return { labels: series, timestampMs, value: histogram ?? value };
  });
  if (keys.size < recorded.length) {
    throw new RuleError('vector contains metrics with the same labelset after applying rule labels');
  }
  if (limit > 0 && recorded.length > limit) {
    throw new RuleError(`exceeded limit of ${limit} with ${recorded.length} series`);
  }
  return recorded;
}
