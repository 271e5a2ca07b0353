import { expect, it } from 'vitest';
import type { ExplainedMetric } from '../../src/hpa/explained-hpa.ts';
import { gapOf } from '../../src/hpa/metric-gap.ts';

function metric(changes: Partial<ExplainedMetric>): ExplainedMetric {
  const none = { series: [], values: [], missing: [], pods: [] };
  return { metric: 'external metric queue', target: 'average 5', rule: 'rules[0]', ...none, ...changes };
}
const missing = (reason: string) => [{ name: 'web-0', reason, message: 'why' }];

it.each([
  [metric({}), undefined],
  [{ ...metric({ problem: 'no value' }), rule: undefined }, ['MetricUnknown', 'vigie hpa explain --metrics']],
  [
    { ...metric({ problem: 'the query took too long', isRefused: true }), rule: undefined },
    ['MetricRefused', 'cannot be served: the query took too long.'],
  ],
  [metric({ problem: 'no value' }), ['MetricWithoutValue', 'no value. The selector of the metric may match nothing.']],
  [
    metric({ problem: 'no value', missing: missing('SeriesEnded') }),
    ['MetricSeriesEnded', 'web-0: why. Is its target up?'],
  ],
  [metric({ problem: 'no value', missing: missing('Unheard') }), ['MetricUnheard', 'cannot be served: web-0: why.']],
])('why %# cannot be served', (explained, expected) => {
  const gap = gapOf(explained);
  expect(gap?.reason).toBe(expected?.[0]);
  if (expected !== undefined) expect(gap?.message).toContain(expected[1]);
});
