/** The kinds of the Prometheus operator that are read. Source: prometheus-operator, pkg/apis/monitoring. */
import { VigieError } from '@vigie/core/errors';
import type { ObjectForm } from '@vigie/kube/objects';
import * as v from 'valibot';

export const OPERATOR_GROUP = 'monitoring.coreos.com';

export const OPERATOR_KINDS = [
  { kind: 'ServiceMonitor', version: 'v1', resource: 'servicemonitors' },
  { kind: 'PodMonitor', version: 'v1', resource: 'podmonitors' },
  { kind: 'Probe', version: 'v1', resource: 'probes' },
  { kind: 'PrometheusRule', version: 'v1', resource: 'prometheusrules' },
  { kind: 'ScrapeConfig', version: 'v1alpha1', resource: 'scrapeconfigs' },
] as const;

export type OperatorKind = (typeof OPERATOR_KINDS)[number];

export interface OperatorObject {
  readonly kind: OperatorKind['kind'];
  readonly namespace: string;
  readonly name: string;
  /** As it came: each kind has its own decoder. */
  readonly spec: unknown;
}

/** `ServiceMonitor shop/web` */
export function describeObject({ kind, namespace, name }: OperatorObject): string {
  return `${kind} ${namespace}/${name}`;
}

const objectSchema = v.object({
  metadata: v.object({ namespace: v.string(), name: v.string() }),
  spec: v.optional(v.unknown()),
});

export function operatorObjectForm(kind: OperatorKind['kind']): ObjectForm<OperatorObject> {
  return {
    decode: (object) => {
      const decoded = v.safeParse(objectSchema, object);
      if (!decoded.success) throw new VigieError('KUBE_OBJECT_INVALID', `a ${kind} without namespace and name`);
      const { metadata, spec } = decoded.output;
      return { kind, ...metadata, spec };
    },
  };
}
