/** Why a metric of an HPA cannot be served, in a sentence, and what to do. */
import type { ExplainedMetric } from './explained-hpa.ts';

export interface MetricGap {
  /** In camel case. */
  readonly reason: string;
  readonly message: string;
}

const ADVICE: Readonly<Record<string, string>> = {
  NoSeries: 'Is its target scraped, and does it have the metric? See /api/v1/targets of the collector.',
  SeriesEnded: 'Is its target up? See lastError at /api/v1/targets of the collector.',
  OnlyOneSample: 'It is there with the next scrape.',
  NotANumber: 'Look at what the application exposes.',
  NothingObserved: 'It is there as soon as something is observed; a rate or a gauge has no such gap.',
  NoLabel: 'Say so in the template or the overrides of the rule.',
  NoUsage: 'Are the kubelets scraped? See the jobs of the kubelets at /api/v1/targets of the collector.',
  NoContainer: 'Name a container that every pod of the target has.',
};

/** @returns undefined where a value can be computed */
export function gapOf({ metric, rule, problem, missing }: ExplainedMetric): MetricGap | undefined {
  if (problem === undefined) return undefined;
  if (rule === undefined) {
    const advice = 'Nothing that is scraped is called so, and no rule makes it: see vigie hpa explain --metrics.';
    return { reason: 'MetricUnknown', message: `${metric} cannot be served: ${problem}. ${advice}` };
  }
  // Of these, one that lacks the container keeps the controller from the others.
  const first = missing.find(({ reason }) => reason === 'NoContainer') ?? missing[0];
  if (first === undefined) {
    const advice = 'The selector of the metric may match nothing.';
    return { reason: 'MetricWithoutValue', message: `${metric} cannot be served: ${problem}. ${advice}` };
  }
  const more = missing.length > 1 ? `, and ${missing.length - 1} more like it` : '';
  const advice = ADVICE[first.reason] ?? '';
  const why = `${first.name}: ${first.message}${more}.`;
  return { reason: `Metric${first.reason}`, message: `${metric} cannot be served: ${why} ${advice}`.trim() };
}
