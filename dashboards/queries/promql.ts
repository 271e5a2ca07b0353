/** The few forms of PromQL that queries of every part have. */
import type { Query } from './query.ts';

/** Lines in a panel of processes: more are not told apart. */
export const TOP = 15;

export function perSecond(counter: string, matchers: string): string {
  return `rate(${counter}{${matchers}}[$__rate_interval])`;
}

/** The sum over everything but these labels. */
export function by(labels: readonly string[], vector: string): Query {
  return { expr: `sum by (${labels.join(', ')}) (${vector})`, legend: labels.map((label) => `{{${label}}}`).join(' ') };
}

/** The highest, a line for each process. */
export function byInstance(vector: string, what = ''): Query {
  return { expr: `topk(${TOP}, ${vector})`, legend: `${what}{{instance}}` };
}
