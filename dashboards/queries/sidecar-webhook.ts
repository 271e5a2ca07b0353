/** Every query about the webhook that injects sidecars. Metric names come from the telemetry table, so one that is renamed there
 *  fails to compile here. */
import { WEBHOOK_METRICS } from '@vigie/sidecar/webhook/telemetry';
import { processQueries } from './process.ts';
import { by, byInstance, perSecond } from './promql.ts';
import type { Queries, Query } from './query.ts';

/** The board's variables, as label matchers. */
const WEBHOOK = 'job=~"$job",instance=~"$instance"';

export const sidecarWebhookQueries = {
  replicas: { expr: `count(${WEBHOOK_METRICS.buildInfo.name}{${WEBHOOK}})`, legend: 'replicas' },
  injectedInRange: reviewsInRange('injected'),
  refusedInRange: reviewsInRange('refused'),
  errorsInRange: reviewsInRange('error'),
  certificateLeft: {
    expr: `min(${WEBHOOK_METRICS.certificateExpiry.name}{${WEBHOOK}}) - time()`,
    legend: 'left',
  },
  certificateProblems: { expr: `sum(${WEBHOOK_METRICS.certificateProblem.name}{${WEBHOOK}})`, legend: 'replicas' },

  reviews: by(['result'], perSecond(WEBHOOK_METRICS.reviews.name, WEBHOOK)),
  reasons: by(
    ['result', 'reason'],
    perSecond(WEBHOOK_METRICS.reviews.name, `${WEBHOOK},result=~"refused|warned|error"`),
  ),
  rejected: by(['reason'], perSecond(WEBHOOK_METRICS.rejected.name, WEBHOOK)),
  inProgress: byInstance(`${WEBHOOK_METRICS.reviewsInProgress.name}{${WEBHOOK}}`),
  median: reviewQuantile(0.5),
  p95: reviewQuantile(0.95),
  p99: reviewQuantile(0.99),

  certificateExpiry: byInstance(`${WEBHOOK_METRICS.certificateExpiry.name}{${WEBHOOK}} - time()`),
  certificateProblem: byInstance(`${WEBHOOK_METRICS.certificateProblem.name}{${WEBHOOK}}`),
  reloads: by(['result'], `increase(${WEBHOOK_METRICS.reloads.name}{${WEBHOOK}}[$__rate_interval])`),
  badReloads: {
    expr: `sum(${WEBHOOK_METRICS.reloadSuccess.name}{${WEBHOOK}} == bool 0)`,
    legend: 'running an older configuration',
  },

  ...processQueries(WEBHOOK),
} as const satisfies Queries;

function reviewsInRange(result: string): Query {
  const counted = `${WEBHOOK_METRICS.reviews.name}{${WEBHOOK},result=~"${result}"}`;
  return { expr: `sum(increase(${counted}[$__range]))`, legend: result };
}

function reviewQuantile(quantile: number): Query {
  const buckets = perSecond(`${WEBHOOK_METRICS.reviewSeconds.name}_bucket`, WEBHOOK);
  return { expr: `histogram_quantile(${quantile}, sum by (le) (${buckets}))`, legend: `p${quantile * 100}` };
}
