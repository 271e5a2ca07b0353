/** The controller's own tables: kubernetes v1.36.3, pkg/controller/podautoscaler, replica_calculator_test.go and horizontal_test.go
 *  (Apache License 2.0), as JSON. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { HpaPod, PodMetric } from '../../src/hpa/hpa-pod.ts';
import { type Behavior, CONTROLLER_DEFAULTS, DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP } from '../../src/hpa/hpa-spec.ts';
import {
  changeWithin,
  type HpaMemory,
  newMemory,
  noteScaling,
  stabilize,
  stabilizeDown,
} from '../../src/hpa/recommendations.ts';
import {
  averageReplicas,
  type Calculation,
  type CalculatorInput,
  resourceReplicas,
  sumMilli,
  valuePerPodReplicas,
  valueReplicas,
} from '../../src/hpa/replica-calculator.ts';
import { limitByBehavior, limitPlainly, scaleDownLimit, scaleUpLimit } from '../../src/hpa/scaling-limits.ts';

const NOW = Date.UTC(2026, 0, 1);
const OPTIONS = { ...CONTROLLER_DEFAULTS, cpuInitializationPeriodMs: 120_000, initialReadinessDelayMs: 10_000 };
const numbers = v.array(v.number());
const replicaCase = v.strictObject({
  name: v.string(),
  currentReplicas: v.number(),
  expectedReplicas: v.number(),
  expectedError: v.optional(v.string()),
  tolerances: v.optional(v.strictObject({ scaleDown: v.number(), scaleUp: v.number() })),
  container: v.optional(v.string()),
  podReadiness: v.optional(v.array(v.picklist(['True', 'False', 'Unknown']))),
  podStart: v.optional(v.array(v.picklist(['hot', 'cool']))),
  podPhase: v.optional(v.array(v.picklist(['Running', 'Pending', 'Failed', 'Succeeded']))),
  podDeleted: v.optional(v.array(v.boolean())),
  resource: v.optional(
    v.strictObject({
      name: v.string(),
      requests: numbers,
      levels: v.array(numbers),
      podNames: v.optional(v.array(v.string())),
      targetUtilization: v.number(),
      expectedUtilization: v.number(),
      expectedValue: v.number(),
    }),
  ),
  metric: v.optional(
    v.strictObject({
      levels: numbers,
      type: v.picklist(['objectMetric', 'objectPerPodMetric', 'externalMetric', 'externalPerPodMetric', 'podMetric']),
      targetUsage: v.number(),
      perPodTargetUsage: v.number(),
      expectedUsage: v.number(),
    }),
  ),
});
type ReplicaCase = v.InferOutput<typeof replicaCase>;
const rules = v.strictObject({
  stabilizationWindowSeconds: v.number(),
  selectPolicy: v.literal('max'),
  policies: v.array(
    v.strictObject({ type: v.picklist(['pods', 'percent']), value: v.number(), periodSeconds: v.number() }),
  ),
});
const events = v.array(v.strictObject({ change: v.number(), secondsAgo: v.number() }));
const horizontal = v.strictObject({
  scalingWithRules: v.array(
    v.strictObject({
      name: v.string(),
      specMinReplicas: v.number(),
      specMaxReplicas: v.number(),
      currentReplicas: v.number(),
      prenormalizedDesiredReplicas: v.number(),
      expectedReplicas: v.number(),
      expectedCondition: v.string(),
      scaleUps: events,
      scaleDowns: events,
      scaleUp: v.optional(rules),
      scaleDown: v.optional(rules),
    }),
  ),
  normalizeWithBehavior: v.array(
    v.strictObject({
      name: v.string(),
      recommendations: v.array(v.strictObject({ replicas: v.number(), secondsAgo: v.number() })),
      expectedRecommendations: numbers,
      currentReplicas: v.number(),
      prenormalizedDesiredReplicas: v.number(),
      expectedStabilizedReplicas: v.number(),
      scaleUpStabilizationWindowSeconds: v.number(),
      scaleDownStabilizationWindowSeconds: v.number(),
    }),
  ),
  storeScaleEvents: v.array(
    v.strictObject({
      name: v.string(),
      before: events,
      after: numbers,
      replicaChange: v.number(),
      expectedReplicasChange: v.number(),
      rules: v.optional(rules),
    }),
  ),
});

function read<const S extends v.GenericSchema>(file: string, schema: S): v.InferOutput<S> {
  return v.parse(schema, JSON.parse(readFileSync(new URL(`./upstream/${file}`, import.meta.url), 'utf8')));
}

function podsOf({
  currentReplicas,
  podPhase,
  podReadiness,
  podStart,
  podDeleted,
  resource,
}: ReplicaCase): readonly HpaPod[] {
  return Array.from({ length: Math.max(currentReplicas, podPhase?.length ?? 0) }, (_, at) => {
    const request = resource?.requests[at];
    const requests: Record<string, number> = request === undefined ? {} : { [resource?.name ?? '']: request };
    return {
      name: `test-pod-${at}`,
      phase: podPhase?.[at] ?? 'Running',
      isDeleted: podDeleted?.[at] ?? false,
      // Three minutes ago, or just now.
      startedAtMs: podStart === undefined ? 0 : podStart[at] === 'hot' ? NOW : NOW - 180_000,
      ready: { status: podReadiness?.[at] ?? 'True', changedAtMs: 0 },
      containers: ['container1', 'container2'].map((name) => ({ name, requests })),
      podRequests: undefined,
    };
  });
}

function podMetrics(values: readonly (readonly [string, number])[]): ReadonlyMap<string, PodMetric> {
  return new Map(values.map(([pod, milli]) => [pod, { milli, timestampMs: 0, windowMs: 60_000 }]));
}

function calculate(one: ReplicaCase): Calculation {
  const input: CalculatorInput = {
    currentReplicas: one.currentReplicas,
    tolerances: one.tolerances ?? { scaleDown: 0.1, scaleUp: 0.1 },
    pods: podsOf(one),
    options: OPTIONS,
    nowMs: NOW,
  };
  const { resource, metric, container = '' } = one;
  if (resource !== undefined) {
    const values = resource.levels.flatMap((levels, at): [string, number][] => {
      const name = resource.podNames?.[at] ?? `test-pod-${at}`;
      if (container === '') return [[name, levels.reduce((sum, level) => sum + level, 0)]];
      const level = levels[container === 'container1' ? 0 : 1];
      return level === undefined ? [] : [[name, level]];
    });
    return resourceReplicas(input, podMetrics(values), resource.name, container, resource.targetUtilization);
  }
  if (metric === undefined) throw new Error('a case of no metric');
  const { levels, targetUsage, perPodTargetUsage } = metric;
  switch (metric.type) {
    case 'podMetric':
      return averageReplicas(input, podMetrics(levels.map((level, at) => [`test-pod-${at}`, level])), '', targetUsage);
    case 'objectMetric':
    case 'externalMetric':
      return valueReplicas(input, sumMilli(levels), targetUsage);
    case 'objectPerPodMetric':
    case 'externalPerPodMetric':
      return valuePerPodReplicas(input, one.currentReplicas, sumMilli(levels), perPodTargetUsage);
  }
}

const cases = read('replica-calculator.json', v.array(replicaCase));

describe('replica_calculator_test.go', () => {
  // What the controller's client says where it got nothing at all.
  const named = cases.filter(
    ({ expectedError }) => expectedError?.includes('no metrics returned from resource') !== true,
  );

  it.each(named.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const result = calculate(one);
    if (one.expectedError !== undefined) {
      expect(result).toMatchObject({ status: 'error', message: expect.stringContaining(one.expectedError) });
      return;
    }
    expect(result).toMatchObject({ status: 'ok', replicas: one.expectedReplicas });
    if (result.status !== 'ok') return;
    expect(result.usageMilli).toBe(one.resource?.expectedValue ?? one.metric?.expectedUsage);
    if (one.resource !== undefined) expect(result.utilization).toBe(one.resource.expectedUtilization);
  });
});

const tables = read('horizontal.json', horizontal);

function memoryOf(changes: Partial<Record<'scaleUps' | 'scaleDowns', v.InferOutput<typeof events>>>): HpaMemory {
  const past = (list: v.InferOutput<typeof events> = []) =>
    list.map(({ change, secondsAgo }) => ({ change, timestampMs: NOW - secondsAgo * 1000 }));
  return { recommendations: [], scaleUps: past(changes.scaleUps), scaleDowns: past(changes.scaleDowns) };
}

function behaviorOf(scaleUp?: v.InferOutput<typeof rules>, scaleDown?: v.InferOutput<typeof rules>): Behavior {
  const tolerance = undefined;
  return {
    scaleUp: scaleUp === undefined ? DEFAULT_SCALE_UP : { ...scaleUp, tolerance },
    scaleDown: scaleDown === undefined ? DEFAULT_SCALE_DOWN : { ...scaleDown, tolerance },
  };
}

describe('horizontal_test.go, TestScalingWithRules', () => {
  it.each(tables.scalingWithRules.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const bounds = { minReplicas: one.specMinReplicas, maxReplicas: one.specMaxReplicas };
    const behavior = behaviorOf(one.scaleUp, one.scaleDown);
    const { currentReplicas, prenormalizedDesiredReplicas } = one;
    const limited = limitByBehavior(
      bounds,
      behavior,
      memoryOf(one),
      currentReplicas,
      prenormalizedDesiredReplicas,
      NOW,
    );
    expect(limited).toEqual({ replicas: one.expectedReplicas, reason: one.expectedCondition });
  });
});

describe('horizontal_test.go, TestNormalizeDesiredReplicasWithBehavior', () => {
  it.each(tables.normalizeWithBehavior.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const memory = newMemory();
    for (const { replicas, secondsAgo } of one.recommendations)
      memory.recommendations.push({ replicas, timestampMs: NOW - secondsAgo * 1000 });
    const behavior = behaviorOf({
      stabilizationWindowSeconds: one.scaleUpStabilizationWindowSeconds,
      selectPolicy: 'max',
      policies: [],
    });
    const downWindowMs = one.scaleDownStabilizationWindowSeconds * 1000;
    const { currentReplicas, prenormalizedDesiredReplicas: wanted } = one;
    expect(stabilize(memory, behavior, currentReplicas, wanted, downWindowMs, NOW)).toBe(
      one.expectedStabilizedReplicas,
    );
    if (one.expectedRecommendations.length > 0)
      expect(memory.recommendations.map(({ replicas }) => replicas)).toEqual(one.expectedRecommendations);
  });
});

describe('horizontal_test.go, TestStoreScaleEvents', () => {
  it.each(tables.storeScaleEvents.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    for (const direction of ['scaleUps', 'scaleDowns'] as const) {
      const memory = memoryOf({ [direction]: one.before });
      expect(changeWithin(memory[direction], 60, NOW)).toBe(one.expectedReplicasChange);
      const behavior = one.rules === undefined ? undefined : behaviorOf(one.rules, one.rules);
      noteScaling(
        memory,
        behavior,
        10,
        direction === 'scaleUps' ? 10 + one.replicaChange : 10 - one.replicaChange,
        NOW,
      );
      expect(memory[direction].map(({ change }) => change)).toEqual(one.after);
    }
  });
});

describe('horizontal_test.go', () => {
  it.each([
    ['empty log', [], 5, 5, 1],
    [
      'stabilize',
      [
        [4, 120],
        [5, 60],
      ],
      3,
      5,
      3,
    ],
    [
      'no stabilize',
      [
        [1, 120],
        [2, 60],
      ],
      3,
      3,
      3,
    ],
    [
      'no stabilize - old recommendations',
      [
        [10, 600],
        [9, 540],
      ],
      3,
      3,
      2,
    ],
    [
      'stabilize - old recommendations',
      [
        [10, 600],
        [4, 60],
        [5, 120],
        [9, 540],
      ],
      3,
      5,
      4,
    ],
  ] as const)('TestNormalizeDesiredReplicas: %s', (_name, before, wanted, expected, length) => {
    const memory = newMemory();
    for (const [replicas, secondsAgo] of before)
      memory.recommendations.push({ replicas, timestampMs: NOW - secondsAgo * 1000 });
    expect(stabilizeDown(memory, wanted, 300_000, NOW)).toBe(expected);
    expect(memory.recommendations).toHaveLength(length);
  });

  it.each([
    ['prenormalized desired replicas within range', 5, 7, 3, 8, 7, 'DesiredWithinRange'],
    ['prenormalized desired replicas < minReplicas', 3, 1, 2, 8, 2, 'TooFewReplicas'],
    ['prenormalized desired zeroed replicas within range', 1, 0, 0, 10, 0, 'DesiredWithinRange'],
    ['maxReplicas is the limit because maxReplicas < scaleUpLimit', 20, 1000, 1, 10, 10, 'TooManyReplicas'],
    ['scaleUpLimit is the limit because scaleUpLimit < maxReplicas', 3, 1000, 1, 2000, 6, 'ScaleUpLimit'],
  ])('TestConvertDesiredReplicasWithRules: %s', (_name, current, wanted, minReplicas, maxReplicas, replicas, reason) => {
    expect(limitPlainly({ minReplicas, maxReplicas }, current, wanted)).toEqual({ replicas, reason });
  });

  it('TestCalculateScaleUpLimitWithScalingRules, TestCalculateScaleDownLimitWithBehaviors', () => {
    const policies = [
      { type: 'pods', value: 2, periodSeconds: 60 },
      { type: 'percent', value: 50, periodSeconds: 60 },
    ] as const;
    const own = { stabilizationWindowSeconds: 300, selectPolicy: 'min', policies, tolerance: undefined } as const;
    expect(scaleUpLimit(own, newMemory(), 1, NOW)).toBe(2);
    expect(scaleDownLimit(own, newMemory(), 5, NOW)).toBe(3);
  });
});
