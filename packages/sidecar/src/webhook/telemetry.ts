/** Every metric of the webhook. Labels are bounded: results and reasons are finite, and none is from a pod. */
import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import { type MetricTable, Telemetry } from '@vigie/core/telemetry';

export const WEBHOOK_METRICS = {
  reviews: {
    name: 'vigie_webhook_reviews_total',
    type: 'counter',
    help: 'Admission reviews answered, by what became of the pod and why.',
    labels: ['result', 'reason'],
  },
  reviewSeconds: {
    name: 'vigie_webhook_review_seconds',
    type: 'histogram',
    help: 'Time from the head of a review to the last byte of its answer.',
    labels: [],
    // A review is to take less than 5 ms; the API server waits timeoutSeconds, 5 in the manifests.
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
  },
  reviewsInProgress: {
    name: 'vigie_webhook_reviews_in_progress',
    type: 'gauge',
    help: 'Admission reviews that are being read or answered.',
    labels: [],
  },
  rejected: {
    name: 'vigie_webhook_rejected_requests_total',
    type: 'counter',
    help: 'Requests to the admission listener that were no review to answer, by why. What happens to their pods is the failurePolicy.',
    labels: ['reason'],
  },
  certificateExpiry: {
    name: 'vigie_webhook_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the certificate that is served ends, in Unix time.',
    labels: [],
  },
  certificateProblem: {
    name: 'vigie_webhook_certificate_problem',
    type: 'gauge',
    help: '1 while the certificate cannot be looked at or renewed; the log says why.',
    labels: [],
  },
  reloads: {
    name: 'vigie_webhook_config_reloads_total',
    type: 'counter',
    help: 'Reloads of the configuration.',
    labels: ['result'],
  },
  reloadSuccess: {
    name: 'vigie_webhook_config_last_reload_successful',
    type: 'gauge',
    help: '1 unless the last reload failed and the configuration before it is still in use.',
    labels: [],
  },
  buildInfo: {
    name: 'vigie_webhook_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
  },
} as const satisfies MetricTable;

const METRICS = { ...WEBHOOK_METRICS, ...PROCESS_METRICS };
export type WebhookTelemetry = Telemetry<typeof METRICS>;

export function createWebhookTelemetry(): WebhookTelemetry {
  const telemetry = new Telemetry(METRICS);
  telemetry.collect(collectProcessMetrics);
  return telemetry;
}
