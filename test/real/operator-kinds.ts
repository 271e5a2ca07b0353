/** The kinds of the Prometheus operator as a cluster has them, with all that the collector looks at: names, versions, and any field. */
import { OPERATOR_GROUP, OPERATOR_KINDS } from '@vigie/collector/operator/object-kinds';

export function operatorCustomResources(): readonly object[] {
  return OPERATOR_KINDS.map(({ kind, version, resource }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource}.${OPERATOR_GROUP}` },
    spec: {
      group: OPERATOR_GROUP,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural: resource, singular: kind.toLowerCase() },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }));
}

/** Of every service of its namespace, by the name of a port. */
export function serviceMonitor(name: string, endpoint: object): object {
  return {
    apiVersion: `${OPERATOR_GROUP}/v1`,
    kind: 'ServiceMonitor',
    metadata: { name },
    spec: { selector: {}, endpoints: [endpoint] },
  };
}
