/** Metrics of the metrics APIs. Labels are bounded: groups, statuses and methods are finite, and none is from a request. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import { API_GROUP_NAMES, type ApiGroup } from './api-groups.ts';
import type { OwnedApiService } from './api-service-owners.ts';
import type { AuthenticationMethod } from './authenticate.ts';

export const METRICS_API_METRICS = {
  metricsApiRequests: {
    name: 'vigie_metrics_api_requests_total',
    type: 'counter',
    help: 'Requests of the aggregated APIs, by group (discovery for documents) and HTTP status.',
    labels: ['group', 'status'],
  },
  metricsApiSeconds: {
    name: 'vigie_metrics_api_request_seconds',
    type: 'histogram',
    help: 'Time from the head of a request to the last byte of its answer.',
    labels: ['group'],
    // The HPA controller asks one after another: a hundredth of a second each is a thousand HPAs in ten seconds.
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  metricsApiInFlight: {
    name: 'vigie_metrics_api_requests_in_flight',
    type: 'gauge',
    help: 'Requests of the aggregated APIs that are being answered.',
    labels: [],
  },
  metricsApiAuthentications: {
    name: 'vigie_metrics_api_authentications_total',
    type: 'counter',
    help: 'Who requests came from: the way that they were known by, or refused, or unavailable where it could not be told.',
    labels: ['method'],
  },
  metricsApiCertificateExpiry: {
    name: 'vigie_metrics_api_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the certificate that is served ends, in Unix time.',
    labels: [],
  },
  metricsApiCertificateProblem: {
    name: 'vigie_metrics_api_certificate_problem',
    type: 'gauge',
    help: '1 while the certificate cannot be looked at or renewed, or API servers cannot be told of it; the log says why.',
    labels: [],
  },
  metricsApiServices: {
    name: 'vigie_metrics_api_services',
    type: 'gauge',
    help: 'APIServices of these groups, by who has them: ours, or others.',
    labels: ['group', 'owner'],
  },
} as const satisfies MetricTable;

export type RequestGroup = ApiGroup | 'discovery' | 'none';

type Known = AuthenticationMethod | 'refused' | 'unavailable';

/** Plain counters: a request does no more than `n++`. */
export class MetricsApiCounts {
  readonly #requests = new Map<string, number>();
  readonly #authentications = new Map<Known, number>();
  inFlight = 0;

  answered(group: RequestGroup, status: number): void {
    const key = `${group} ${status}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  authenticated(method: Known): void {
    this.#authentications.set(method, (this.#authentications.get(method) ?? 0) + 1);
  }

  report(report: Report<typeof METRICS_API_METRICS>): void {
    for (const [key, count] of this.#requests) {
      const [group = '', status = ''] = key.split(' ');
      report('metricsApiRequests', { group, status }, count);
    }
    for (const [method, count] of this.#authentications) report('metricsApiAuthentications', { method }, count);
    report('metricsApiInFlight', {}, this.inFlight);
  }
}

export function reportApiServices(owned: readonly OwnedApiService[], report: Report<typeof METRICS_API_METRICS>): void {
  for (const group of API_GROUP_NAMES) {
    for (const owner of ['ours', 'others'] as const) {
      const count = owned.filter((one) => one.group === group && one.ownership.status === owner).length;
      report('metricsApiServices', { group, owner }, count);
    }
  }
}
