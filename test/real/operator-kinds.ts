/** The kinds of the Prometheus operator as a cluster has them, with all that the collector looks at: names, versions, and any field. */
import { OPERATOR_GROUP, OPERATOR_KINDS } from '@vigie/collector/operator/object-kinds';
import type { CustomKind } from '@vigie/kube/custom-objects/custom-object';

export function operatorCustomResources(): readonly object[] {
  return customResources(OPERATOR_KINDS);
}

/** @param kinds several of one name are its versions, of which the first is stored */
export function customResources(kinds: readonly CustomKind[]): readonly object[] {
  return [...new Set(kinds.map(({ resource }) => resource))].map((resource) => {
    const versions = kinds.filter((kind) => kind.resource === resource);
    const [{ kind = '', group = '' } = {}] = versions;
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${resource}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, listKind: `${kind}List`, plural: resource, singular: kind.toLowerCase() },
        versions: versions.map(({ version }, index) => ({
          name: version,
          served: true,
          storage: index === 0,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    };
  });
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
