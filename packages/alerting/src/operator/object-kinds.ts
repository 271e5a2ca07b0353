/** The kinds of the Prometheus operator that alerting reads. Source: prometheus-operator, pkg/apis/monitoring. */
import type { CustomKind } from '@vigie/kube/custom-objects/custom-object';

const group = 'monitoring.coreos.com';

/** Of AlertmanagerConfig, v1alpha1 is what clusters keep; the other one is read where that is no longer served. */
export const ALERTING_KINDS = [
  { kind: 'PrometheusRule', group, version: 'v1', resource: 'prometheusrules' },
  { kind: 'AlertmanagerConfig', group, version: 'v1alpha1', resource: 'alertmanagerconfigs' },
  { kind: 'AlertmanagerConfig', group, version: 'v1beta1', resource: 'alertmanagerconfigs' },
] as const satisfies readonly CustomKind[];
