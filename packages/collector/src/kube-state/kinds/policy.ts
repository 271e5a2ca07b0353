/** Namespaces, and what is laid down for them: ResourceQuotas, LimitRanges, PodDisruptionBudgets. Source: kube-state-metrics,
 *  internal/store/namespace.go, resourcequota.go, limitrange.go and poddisruptionbudget.go. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { entriesAt, listAt, textAt } from '../fields.ts';
import type { Labels, Sample } from '../kind.ts';
import {
  CONDITION_LABELS,
  clusterWide,
  conditions,
  countGauge,
  created,
  gauge,
  namespaced,
  oneOf,
} from '../samples.ts';

export const namespaces = clusterWide(
  {
    resource: 'namespaces',
    goType: '*v1.Namespace',
    group: '',
    path: '/api/v1/namespaces',
    prefix: 'kube_namespace',
    families: [
      created('kube_namespace'),
      gauge(
        'kube_namespace_status_phase',
        'kubernetes namespace status phase.',
        (namespace) => oneOf('phase', ['Active', 'Terminating'], textAt(namespace, 'status', 'phase')),
        ['phase'],
      ),
      gauge('kube_namespace_status_condition', 'The condition of a namespace.', conditions, CONDITION_LABELS),
    ],
  },
  'namespace',
);

/** A sample for each quantity of a map, under the name that the resource has in it. */
function quantities(labelsOf: (resource: string) => Labels, object: unknown, ...path: readonly string[]): Sample[] {
  return entriesAt(object, ...path).flatMap(([resource, text]) => {
    const value = parseQuantity(text);
    return value === undefined ? [] : [{ labels: labelsOf(resource), value }];
  });
}

export const resourcequotas = namespaced(
  {
    resource: 'resourcequotas',
    goType: '*v1.ResourceQuota',
    group: '',
    path: '/api/v1/resourcequotas',
    prefix: 'kube_resourcequota',
    families: [
      created('kube_resourcequota'),
      gauge(
        'kube_resourcequota',
        'Information about resource quota.',
        (quota) =>
          (['hard', 'used'] as const).flatMap((type) =>
            quantities(
              (resource) => [
                ['resource', resource],
                ['type', type],
              ],
              quota,
              'status',
              type,
            ),
          ),
        ['resource', 'type'],
      ),
    ],
  },
  'resourcequota',
);

const CONSTRAINTS = ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

export const limitranges = namespaced(
  {
    resource: 'limitranges',
    goType: '*v1.LimitRange',
    group: '',
    path: '/api/v1/limitranges',
    prefix: 'kube_limitrange',
    families: [
      created('kube_limitrange'),
      gauge(
        'kube_limitrange',
        'Information about limit range.',
        (range) =>
          listAt(range, 'spec', 'limits').flatMap((limit) =>
            CONSTRAINTS.flatMap((constraint) =>
              quantities(
                (resource) => [
                  ['resource', resource],
                  ['type', textAt(limit, 'type')],
                  ['constraint', constraint],
                ],
                limit,
                constraint,
              ),
            ),
          ),
        ['resource', 'type', 'constraint'],
      ),
    ],
  },
  'limitrange',
);

/** Ends of metric names, fields of the status, help texts. */
const BUDGET_COUNTS = [
  ['current_healthy', 'currentHealthy', 'Current number of healthy pods'],
  ['desired_healthy', 'desiredHealthy', 'Minimum desired number of healthy pods'],
  ['pod_disruptions_allowed', 'disruptionsAllowed', 'Number of pod disruptions that are currently allowed'],
  ['expected_pods', 'expectedPods', 'Total number of pods counted by this disruption budget'],
  ['observed_generation', 'observedGeneration', 'Most recent generation observed when updating this PDB status'],
] as const;

export const poddisruptionbudgets = namespaced(
  {
    resource: 'poddisruptionbudgets',
    goType: '*v1.PodDisruptionBudget',
    group: 'policy',
    path: '/apis/policy/v1/poddisruptionbudgets',
    prefix: 'kube_poddisruptionbudget',
    families: [
      created('kube_poddisruptionbudget'),
      ...BUDGET_COUNTS.map(([name, field, help]) =>
        countGauge(`kube_poddisruptionbudget_status_${name}`, help, 'status', field),
      ),
    ],
  },
  'poddisruptionbudget',
);
