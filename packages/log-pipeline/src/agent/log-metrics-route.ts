/** `GET /metrics/logs`: what all `log_to_metric` sinks have counted, on one page. */
import type { Route } from '@vigie/core/http-server/routes';
import { EXPOSITION_TYPE } from '../sinks/log-to-metric/exposition.ts';
import { LogToMetricSink } from '../sinks/log-to-metric/sink.ts';
import type { Sink } from '../sinks/sink.ts';

export interface MetricAgent {
  readonly sinks: Iterable<{ readonly sink: Sink }>;
}

export function logMetricsRoute(agent: MetricAgent): Route {
  return {
    methods: ['GET'],
    path: '/metrics/logs',
    access: 'reader',
    handler: () => {
      const pages = Array.from(agent.sinks, ({ sink }) => (sink instanceof LogToMetricSink ? sink.expose() : ''));
      return { headers: { 'content-type': EXPOSITION_TYPE }, body: pages.join('') };
    },
  };
}
