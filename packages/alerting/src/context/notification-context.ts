/** What a page says beside its alerts. It stands apart from them: what they are known by, grouped by and compared by never has it. */
import type { Chart } from './chart/chart.ts';

export interface NotificationContext {
  /** By the fingerprints of alerts: what stands among their annotations in templates and web hooks, by name. */
  readonly annotations: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By their URLs. */
  readonly charts: ReadonlyMap<string, Chart>;
}

export const LOG_LINES = 'vigie_log_lines';
export const CHART_URL = 'vigie_chart_url';

/** `vigie_runbook_url` */
export function linkAnnotation(name: string): string {
  return `vigie_${name}_url`;
}

/** Of several pages that are told as one; undefined where none has any. */
export function mergedContext(contexts: readonly (NotificationContext | undefined)[]): NotificationContext | undefined {
  const [first, ...others] = contexts.filter((context) => context !== undefined);
  if (first === undefined || others.length === 0) return first;
  return {
    annotations: new Map([first, ...others].flatMap(({ annotations }) => [...annotations])),
    charts: new Map([first, ...others].flatMap(({ charts }) => [...charts])),
  };
}

/** The URL of the first chart: what is shown where one can be. */
export function chartUrlOf(context: NotificationContext | undefined): string | undefined {
  return context?.charts.keys().next().value;
}
