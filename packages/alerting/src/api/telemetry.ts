/** Metrics of Alertmanager's API. */
import type { MetricTable, Report } from '@vigie/core/telemetry';

export const ALERTS_API_METRICS = {
  received: {
    name: 'vigie_alerts_api_received_total',
    type: 'counter',
    help: 'Alerts that clients have posted, by state: firing, or resolved where they had ended.',
    labels: ['state'],
  },
  invalid: {
    name: 'vigie_alerts_api_invalid_total',
    type: 'counter',
    help: 'Posted alerts that were not taken, because something is wrong with them; the answer says what.',
    labels: [],
  },
  requests: {
    name: 'vigie_alerts_api_requests_total',
    type: 'counter',
    help: 'Requests by route and status, none for paths that there are not.',
    labels: ['route', 'code'],
  },
  seconds: {
    name: 'vigie_alerts_api_request_seconds',
    type: 'histogram',
    help: 'Time of a request until its answer begins, by route.',
    labels: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
} as const satisfies MetricTable;

/** Totals since the start. */
export class AlertsApiCounts {
  readonly #observe: (route: string, seconds: number) => void;
  readonly #requests = new Map<string, { readonly route: string; readonly code: string; count: number }>();
  firing = 0;
  resolved = 0;
  invalid = 0;

  /** @param observe `(route, seconds) => telemetry.observe('seconds', { route }, seconds)` */
  constructor(observe: (route: string, seconds: number) => void) {
    this.#observe = observe;
  }

  /** @param route of which there are a few */
  answered(route: string, status: number, seconds: number): void {
    const key = `${route} ${status}`;
    const row = this.#requests.get(key) ?? { route, code: String(status), count: 0 };
    row.count++;
    this.#requests.set(key, row);
    this.#observe(route, seconds);
  }

  /** For Telemetry.collect. */
  report(report: Report<typeof ALERTS_API_METRICS>): void {
    report('received', { state: 'firing' }, this.firing);
    report('received', { state: 'resolved' }, this.resolved);
    report('invalid', {}, this.invalid);
    for (const { route, code, count } of this.#requests.values()) report('requests', { route, code }, count);
  }
}
