/** What the collector counts of its watches of the cluster's objects. */
import type { MetricDefinition, Report } from '@vigie/core/telemetry';
import type { KubeState } from './kube-state.ts';

export const KUBE_STATE_METRICS = {
  kubeStateObjects: {
    name: 'vigie_collector_kube_state_objects',
    type: 'gauge',
    help: 'Objects known, by kind.',
    labels: ['resource'],
  },
  kubeStateBytes: {
    name: 'vigie_collector_kube_state_bytes',
    type: 'gauge',
    help: 'Text kept for the next scrape, by kind.',
    labels: ['resource'],
  },
  kubeStateUp: {
    name: 'vigie_collector_kube_state_up',
    type: 'gauge',
    help: '1 while the API server tells of the kind.',
    labels: ['resource'],
  },
  kubeStateFailures: {
    name: 'vigie_collector_kube_state_failures_total',
    type: 'counter',
    help: 'Lists and watches that failed or were refused, by kind.',
    labels: ['resource'],
  },
  kubeStateDropped: {
    name: 'vigie_collector_kube_state_dropped_total',
    type: 'counter',
    help: 'Objects of which nothing is told, by reason: over the limit of memory, or not to be decoded.',
    labels: ['resource', 'reason'],
  },
  kubeStateReceivedBytes: {
    name: 'vigie_collector_kube_state_received_bytes_total',
    type: 'counter',
    help: 'Bytes of lists and watches received, by kind.',
    labels: ['resource'],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Cost: a handful of numbers a kind. */
export function reportKubeState(state: KubeState, report: Report<typeof KUBE_STATE_METRICS>): void {
  for (const { kind, size, usedBytes, state: reflector, counters, omitted } of state.stores) {
    const labels = { resource: kind.resource };
    report('kubeStateObjects', labels, size);
    report('kubeStateBytes', labels, usedBytes);
    report('kubeStateUp', labels, reflector === 'synced' ? 1 : 0);
    report('kubeStateFailures', labels, counters.failures);
    report('kubeStateDropped', { ...labels, reason: 'memory' }, omitted);
    report('kubeStateDropped', { ...labels, reason: 'undecodable' }, counters.undecodable);
    report('kubeStateReceivedBytes', labels, counters.receivedBytes);
  }
}
