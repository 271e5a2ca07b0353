/** From the result of an alerting rule's expression to alerts: labels and annotations, their templates expanded. Source: Prometheus,
 *  rules/alerting.go, Eval. */
import { alertData, type Expansion } from '@vigie/core/template/prometheus-template';
import type { InstantSample } from '@vigie/promql/evaluate/result';
import { describeHistogram } from '@vigie/promql/histogram/describe';
import { compareText, LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { FoundSample, QueryVector } from '../query.ts';
import type { AlertingRule, AlertText } from '../rule.ts';
import { RuleError } from '../rule-error.ts';
import type { FoundAlert } from './alert.ts';
import { ALERT_NAME } from './alert-series.ts';

export interface AlertContext {
  readonly query: QueryVector;
  readonly externalLabels: ReadonlyMap<string, string>;
  /** Under which users reach the server. */
  readonly externalUrl: string;
}

/** @param timestampMs of the evaluation; templates ask at that time
 *  @returns by the key of their labels
 *  @throws {RuleError} where two have the same labels; the signal's reason */
export async function findAlerts(
  rule: AlertingRule,
  samples: readonly FoundSample[],
  timestampMs: number,
  context: AlertContext,
  signal: AbortSignal,
): Promise<Map<string, FoundAlert>> {
  const expansion: Expansion = {
    query: async (expression) => (await context.query(expression, timestampMs, signal)).map(templateSample),
    timestampMs,
    externalUrl: context.externalUrl,
  };
  const found = new Map<string, FoundAlert>();
  for (const sample of samples) {
    const { labels, value } = templateSample(sample);
    const data = alertData(labels, context.externalLabels, context.externalUrl, value, sample.line);
    const expand = async ({ name, text }: AlertText): Promise<readonly [string, string]> => {
      if (typeof text === 'string') return [name, text];
      return [name, await expandOrTell(() => text.expand(data, expansion, signal), signal)];
    };
    const ownLabels = await Promise.all(rule.labelTexts.map(expand));
    const annotations = await Promise.all(rule.annotationTexts.map(expand));
    const source = sample.labels.without(METRIC_NAME);
    const alert = {
      labels: LabelSet.of([...source.entries(), ...ownLabels, [ALERT_NAME, rule.name]]),
      source,
      annotations: sortedEntries(annotations),
      value: sample.histogram === undefined ? sample.value : 0,
    };
    addAlert(found, alert);
  }
  return found;
}

/** @throws {RuleError} where another one has its labels */
export function addAlert(found: Map<string, FoundAlert>, alert: FoundAlert): void {
  if (found.has(alert.labels.key))
    throw new RuleError('vector contains metrics with the same labelset after applying alert labels');
  found.set(alert.labels.key, alert);
}

/** A template that fails does not keep its alert from anybody. */
async function expandOrTell(expand: () => Promise<string>, signal: AbortSignal): Promise<string> {
  try {
    return await expand();
  } catch (error) {
    signal.throwIfAborted();
    return `<error expanding template: ${error instanceof Error ? error.message : String(error)}>`;
  }
}

function templateSample({ labels, value, histogram }: InstantSample): {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number | string;
} {
  return { labels: new Map(labels.entries()), value: histogram === undefined ? value : describeHistogram(histogram) };
}

function sortedEntries(entries: readonly (readonly [string, string])[]): LabelSet {
  const sorted = entries.toSorted(([a], [b]) => compareText(a, b));
  return LabelSet.ofSorted(
    sorted.map(([name]) => name),
    sorted.map(([, value]) => value),
  );
}
