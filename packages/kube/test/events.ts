import type { NewEvent } from '../src/create-event.ts';

/** Of an HPA, at noon. */
export const EVENT: NewEvent = {
  name: 'web.1',
  regarding: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    namespace: 'shop',
    name: 'web',
    uid: 'u',
  },
  type: 'Warning',
  reason: 'MetricNoSeries',
  action: 'ServeMetric',
  note: 'no series',
  reportingController: 'vigie.io/collector',
  reportingInstance: 'collector-0',
  timeMs: Date.UTC(2026, 10, 29, 12),
};
