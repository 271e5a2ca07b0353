/** A HorizontalPodAutoscaler as the API has it, autoscaling/v2 or v1, with the API server's defaults. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import * as v from 'valibot';
import {
  type Behavior,
  DEFAULT_METRIC,
  DEFAULT_SCALE_DOWN,
  DEFAULT_SCALE_UP,
  type HpaSpec,
  type MetricSpec,
  type MetricTarget,
  type ScalingRules,
} from './hpa-spec.ts';
import { quantityMilli } from './quantity-milli.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const milli = quantity(quantityMilli, '500m, 20 or 1.5k');
const reference = v.object({ apiVersion: v.optional(v.string(), ''), kind: v.string(), name: v.string() });
const selector = v.object({
  matchLabels: v.nullish(v.record(v.string(), v.string()), {}),
  matchExpressions: v.nullish(
    v.array(v.object({ key: v.string(), operator: v.string(), values: v.nullish(v.array(v.string()), []) })),
    [],
  ),
});
const metric = v.object({ name: v.string(), selector: v.nullish(selector, {}) });
const perCent = v.pipe(v.number(), v.integer(), v.minValue(1));

const utilizationOrAverage = v.pipe(
  v.object({ averageUtilization: v.nullish(perCent), averageValue: v.nullish(milli) }),
  v.transform(({ averageUtilization, averageValue }): MetricTarget | undefined => {
    // In the controller's order.
    if (typeof averageValue === 'number') return { type: 'average_value', milli: averageValue };
    return typeof averageUtilization === 'number' ? { type: 'utilization', percent: averageUtilization } : undefined;
  }),
  v.custom<MetricTarget>((target) => target !== undefined, 'expected averageUtilization or averageValue'),
);
const average = v.pipe(
  v.object({ averageValue: milli }),
  v.transform(({ averageValue }): MetricTarget => ({ type: 'average_value', milli: averageValue })),
);
const averageOrValue = v.pipe(
  v.object({ averageValue: v.nullish(milli), value: v.nullish(milli) }),
  v.transform(({ averageValue, value }): MetricTarget | undefined => {
    if (typeof averageValue === 'number') return { type: 'average_value', milli: averageValue };
    return typeof value === 'number' ? { type: 'value', milli: value } : undefined;
  }),
  v.custom<MetricTarget>((target) => target !== undefined, 'expected value or averageValue'),
);

const metricSchema = v.pipe(
  v.variant('type', [
    v.object({
      type: v.literal('Resource'),
      resource: v.object({ name: v.string(), target: utilizationOrAverage }),
    }),
    v.object({
      type: v.literal('ContainerResource'),
      containerResource: v.object({ name: v.string(), container: v.string(), target: utilizationOrAverage }),
    }),
    v.object({ type: v.literal('Pods'), pods: v.object({ metric, target: average }) }),
    v.object({
      type: v.literal('Object'),
      object: v.object({ metric, describedObject: reference, target: averageOrValue }),
    }),
    v.object({ type: v.literal('External'), external: v.object({ metric, target: averageOrValue }) }),
  ]),
  v.transform((written): MetricSpec => {
    switch (written.type) {
      case 'Resource':
        return { type: 'resource', resource: written.resource.name, target: written.resource.target };
      case 'ContainerResource': {
        const { name, container, target } = written.containerResource;
        return { type: 'container_resource', resource: name, container, target };
      }
      case 'Pods':
        return { type: 'pods', ...identified(written.pods.metric), target: written.pods.target };
      case 'Object': {
        const { metric: name, describedObject, target } = written.object;
        return { type: 'object', ...identified(name), object: describedObject, target };
      }
      case 'External':
        return { type: 'external', ...identified(written.external.metric), target: written.external.target };
    }
  }),
);

const rules = v.object({
  stabilizationWindowSeconds: v.nullish(count),
  selectPolicy: v.nullish(v.picklist(['Max', 'Min', 'Disabled'])),
  policies: v.nullish(
    v.array(
      v.object({ type: v.picklist(['Pods', 'Percent']), value: count, periodSeconds: v.pipe(count, v.minValue(1)) }),
    ),
  ),
  tolerance: v.nullish(quantity(parseQuantity, '50m or 0.05')),
});
type WrittenRules = v.InferOutput<typeof rules>;

/** What the controller does not compute with is left out. */
export const hpaSchema = v.pipe(
  v.object({
    kind: v.literal('HorizontalPodAutoscaler'),
    metadata: v.object({ namespace: v.nullish(v.string(), 'default'), name: v.string() }),
    spec: v.object({
      scaleTargetRef: reference,
      minReplicas: v.nullish(count, 1),
      maxReplicas: v.pipe(count, v.minValue(1)),
      metrics: v.nullish(v.array(metricSchema)),
      /** Of autoscaling/v1. */
      targetCPUUtilizationPercentage: v.nullish(perCent),
      behavior: v.nullish(v.object({ scaleUp: v.nullish(rules), scaleDown: v.nullish(rules) })),
    }),
  }),
  v.transform(({ metadata, spec }): HpaSpec => {
    const { metrics, targetCPUUtilizationPercentage: cpu, behavior } = spec;
    const plain: readonly MetricSpec[] =
      typeof cpu === 'number'
        ? [{ ...DEFAULT_METRIC, target: { type: 'utilization', percent: cpu } }]
        : [DEFAULT_METRIC];
    return {
      namespace: metadata.namespace,
      name: metadata.name,
      scaleTarget: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      metrics: metrics == null || metrics.length === 0 ? plain : metrics,
      behavior: behavior == null ? undefined : behaviorOf(behavior.scaleUp, behavior.scaleDown),
    };
  }),
);

function behaviorOf(scaleUp: WrittenRules | null | undefined, scaleDown: WrittenRules | null | undefined): Behavior {
  return { scaleUp: rulesOf(scaleUp, DEFAULT_SCALE_UP), scaleDown: rulesOf(scaleDown, DEFAULT_SCALE_DOWN) };
}

/** @param such examples, for whoever wrote what is none */
function quantity(parse: (text: string) => number | undefined, such: string) {
  return v.pipe(
    v.union([v.string(), v.number()]),
    v.transform((value) => parse(String(value))),
    v.number(`expected a quantity such as ${such}`),
  );
}

function rulesOf(written: WrittenRules | null | undefined, defaults: ScalingRules): ScalingRules {
  if (written == null) return defaults;
  const policies = written.policies?.map(({ type, value, periodSeconds }) => ({
    type: type === 'Pods' ? ('pods' as const) : ('percent' as const),
    value,
    periodSeconds,
  }));
  return {
    stabilizationWindowSeconds: written.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: written.selectPolicy == null ? defaults.selectPolicy : SELECT_POLICIES[written.selectPolicy],
    policies: policies ?? defaults.policies,
    tolerance: written.tolerance ?? undefined,
  };
}

const SELECT_POLICIES = { Max: 'max', Min: 'min', Disabled: 'disabled' } as const;

function identified({ name, selector: written }: v.InferOutput<typeof metric>): {
  readonly metric: string;
  readonly selector: string;
} {
  return { metric: name, selector: 'matchLabels' in written ? selectorText(written) : '' };
}

function selectorText({ matchLabels, matchExpressions }: v.InferOutput<typeof selector>): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
  });
  return [...equal, ...others].join(',');
}
