/** The kinds of the Prometheus operator that are read. Source: prometheus-operator, pkg/apis/monitoring. */
import type { CustomKind } from '@vigie/kube/custom-objects/custom-object';

export const OPERATOR_GROUP = 'monitoring.coreos.com';
const group = OPERATOR_GROUP;

export const OPERATOR_KINDS = [
  { kind: 'ServiceMonitor', group, version: 'v1', resource: 'servicemonitors' },
  { kind: 'PodMonitor', group, version: 'v1', resource: 'podmonitors' },
  { kind: 'Probe', group, version: 'v1', resource: 'probes' },
  { kind: 'PrometheusRule', group, version: 'v1', resource: 'prometheusrules' },
  { kind: 'ScrapeConfig', group, version: 'v1alpha1', resource: 'scrapeconfigs' },
] as const satisfies readonly CustomKind[];
