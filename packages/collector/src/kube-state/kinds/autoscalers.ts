/** HorizontalPodAutoscalers. Source: kube-state-metrics, internal/store/horizontalpodautoscaler.go. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { at, listAt, numberAt, textAt } from '../fields.ts';
import type { Sample } from '../kind.ts';
import { CONDITION_LABELS, conditions, countGauge, created, gauge, info, namespaced, one } from '../samples.ts';

const TARGET_LABELS = ['metric_name', 'metric_target_type', 'container'];
/** Types of metrics, and where in an entry of that type they are. */
const SOURCES: Readonly<Record<string, string>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
};
/** Types of targets, in kube-state-metrics' words, by their fields. */
const TARGETS = [
  ['value', 'value'],
  ['utilization', 'averageUtilization'],
  ['average', 'averageValue'],
] as const;

export const horizontalpodautoscalers = namespaced(
  {
    resource: 'horizontalpodautoscalers',
    goType: '*v2.HorizontalPodAutoscaler',
    group: 'autoscaling',
    path: '/apis/autoscaling/v2/horizontalpodautoscalers',
    prefix: 'kube_horizontalpodautoscaler',
    families: [
      gauge(
        'kube_horizontalpodautoscaler_info',
        'Information about this autoscaler.',
        (hpa) =>
          info([
            ['scaletargetref_api_version', textAt(hpa, 'spec', 'scaleTargetRef', 'apiVersion')],
            ['scaletargetref_kind', textAt(hpa, 'spec', 'scaleTargetRef', 'kind')],
            ['scaletargetref_name', textAt(hpa, 'spec', 'scaleTargetRef', 'name')],
          ]),
        ['scaletargetref_api_version', 'scaletargetref_kind', 'scaletargetref_name'],
      ),
      created('kube_horizontalpodautoscaler'),
      countGauge(
        'kube_horizontalpodautoscaler_metadata_generation',
        'The generation observed by the HorizontalPodAutoscaler controller.',
        'metadata',
        'generation',
      ),
      countGauge(
        'kube_horizontalpodautoscaler_spec_max_replicas',
        'Upper limit for the number of pods that can be set by the autoscaler; cannot be smaller than MinReplicas.',
        'spec',
        'maxReplicas',
      ),
      gauge(
        'kube_horizontalpodautoscaler_spec_min_replicas',
        'Lower limit for the number of pods that can be set by the autoscaler, default 1.',
        (hpa) => one(numberAt(hpa, 'spec', 'minReplicas') ?? 1),
      ),
      gauge(
        'kube_horizontalpodautoscaler_spec_target_metric',
        'The metric specifications used by this autoscaler when calculating the desired replica count.',
        (hpa) => listAt(hpa, 'spec', 'metrics').flatMap((metric) => targetSamples(metric, 'target')),
        TARGET_LABELS,
      ),
      gauge(
        'kube_horizontalpodautoscaler_status_target_metric',
        'The current metric status used by this autoscaler when calculating the desired replica count.',
        (hpa) => listAt(hpa, 'status', 'currentMetrics').flatMap((metric) => targetSamples(metric, 'current')),
        TARGET_LABELS,
      ),
      countGauge(
        'kube_horizontalpodautoscaler_status_current_replicas',
        'Current number of replicas of pods managed by this autoscaler.',
        'status',
        'currentReplicas',
      ),
      countGauge(
        'kube_horizontalpodautoscaler_status_desired_replicas',
        'Desired number of replicas of pods managed by this autoscaler.',
        'status',
        'desiredReplicas',
      ),
      gauge(
        'kube_horizontalpodautoscaler_status_condition',
        'The condition of this autoscaler.',
        conditions,
        CONDITION_LABELS,
      ),
    ],
  },
  'horizontalpodautoscaler',
);

/** @param field `target` of the specification, `current` of the status */
function targetSamples(metric: unknown, field: 'target' | 'current'): readonly Sample[] {
  const source = at(metric, SOURCES[textAt(metric, 'type')] ?? '');
  const name = textAt(source, 'metric', 'name') || textAt(source, 'name');
  return TARGETS.flatMap(([type, member]): Sample[] => {
    const written = at(source, field, member);
    const value = typeof written === 'string' ? parseQuantity(written) : written;
    if (typeof value !== 'number') return [];
    const labels = [
      ['metric_name', name],
      ['metric_target_type', type],
      ['container', textAt(source, 'container')],
    ] as const;
    return [{ labels, value }];
  });
}
