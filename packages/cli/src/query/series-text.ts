/** A series as PromQL writes it. */
import { quoteGo } from '@vigie/core/go-quote';
import type { SeriesLabels } from './answer.ts';

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** `up{job="vigie"}`; names that PromQL wants quoted are: `{"http.status", "pod.name"="a"}`. */
export function seriesText({ __name__: name = '', ...labels }: SeriesLabels): string {
  const pairs = Object.entries(labels).map(
    ([label, value]) => `${LABEL_NAME.test(label) ? label : quoteGo(label)}=${quoteGo(value)}`,
  );
  if (METRIC_NAME.test(name)) return pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
  return `{${[...(name === '' ? [] : [quoteGo(name)]), ...pairs].join(', ')}}`;
}
