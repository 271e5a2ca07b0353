import { FakeClock } from '@vigie/core/fake-clock';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { explainHpa } from '../../src/hpa/explain-hpa.ts';
import { explainedHpaSchema } from '../../src/hpa/explained-hpa.ts';
import { CONTROLLER_DEFAULTS, type HpaSpec } from '../../src/hpa/hpa-spec.ts';
import type { MetricAnswer, MetricsSource } from '../../src/hpa/metrics-source.ts';
import { podSchema } from '../../src/hpa/pod-object.ts';

const NOW = Date.UTC(2026, 0, 1);
const clock = new FakeClock(NOW);
const { signal } = new AbortController();
const HPA: HpaSpec = {
  namespace: 'shop',
  name: 'web',
  scaleTarget: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  minReplicas: 2,
  maxReplicas: 10,
  metrics: [
    { type: 'resource', resource: 'cpu', target: { type: 'utilization', percent: 50 } },
    {
      type: 'pods',
      metric: 'http_requests_per_second',
      selector: 'path=/',
      target: { type: 'average_value', milli: 100_000 },
    },
  ],
  behavior: undefined,
};
const SCALE = { specReplicas: 3, statusReplicas: 3, podSelector: 'app=web', selectorProblem: undefined };

function pod(name: string, status: object = {}) {
  const long = new Date(NOW - 3_600_000).toISOString();
  return v.parse(podSchema, {
    metadata: { name },
    spec: {
      containers: [{ name: 'web', resources: { requests: { cpu: '500m' } } }],
      initContainers: [
        { name: 'once', resources: { requests: { cpu: '4' } } },
        { name: 'proxy', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } },
      ],
    },
    status: {
      phase: 'Running',
      startTime: long,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: long }],
      ...status,
    },
  });
}

function answer(values: readonly (readonly [string, number])[], changes: Partial<MetricAnswer> = {}): MetricAnswer {
  return {
    rule: 'default',
    query: 'q',
    series: [],
    values: values.map(([name, value]) => ({ name, value, timestampMs: NOW - 10_000, windowMs: 60_000 })),
    missing: [],
    ...changes,
  };
}

function source(changes: Partial<MetricsSource>): MetricsSource {
  const none = async (): Promise<MetricAnswer> => answer([], { rule: undefined });
  return { resource: none, pods: none, object: none, external: none, servedBy: () => undefined, ...changes };
}

function explain(from: MetricsSource, pods = [pod('a'), pod('b'), pod('c')], hpa = HPA) {
  return explainHpa(hpa, SCALE, from, pods, CONTROLLER_DEFAULTS, clock, signal);
}

describe('explaining an HPA', () => {
  it('shows of each metric what stands behind it, and what the controller computes from it', async () => {
    const missing = [{ name: 'c', reason: 'NoSeries', message: 'it has no series' }];
    const explained = await explain(
      source({
        resource: async () =>
          answer(
            [
              ['a', 0.9],
              ['b', 0.9],
              ['c', 0.9],
            ],
            { rule: 'kubelet' },
          ),
        pods: async ({ metric, metricSelector, podSelector }) =>
          answer(
            [
              ['a', 120],
              ['b', 90],
            ],
            { query: `${metric} ${metricSelector} ${podSelector}`, missing },
          ),
      }),
    );
    expect(explained).toMatchObject({
      target: 'Deployment web',
      replicas: { wanted: 3, present: 3 },
      metrics: [
        {
          metric: 'cpu resource utilization (percentage of request)',
          target: '50% of requests',
          rule: 'kubelet',
          pods: [],
          computed: { usage: 0.9, utilization: 90, ratio: 1.8, replicas: 6, formula: 'ceil(1.8 * 3 ready pods) = 6' },
        },
        {
          metric: 'pods metric http_requests_per_second',
          target: 'average 100',
          query: 'http_requests_per_second path=/ app=web',
          missing,
          pods: [{ pod: 'c', group: 'missing', why: 'there is no value of the metric for it' }],
          computed: { usage: 105, replicas: 3 },
        },
      ],
      next: { replicas: 6, reason: 'cpu resource utilization (percentage of request) above target' },
    });
    // What goes over HTTP is what is read.
    expect(v.parse(explainedHpaSchema, JSON.parse(JSON.stringify(explained)))).toEqual(
      JSON.parse(JSON.stringify(explained)),
    );
  });

  it('says what keeps a metric from being computed, and that the HPA does not scale down without it', async () => {
    const refused = async (): Promise<MetricAnswer> => {
      throw new Error('no metrics known for pod');
    };
    const explained = await explain(
      source({
        resource: async () =>
          answer([
            ['a', 0.1],
            ['b', 0.1],
            ['c', 0.1],
          ]),
        pods: refused,
      }),
    );
    expect(explained.metrics[1]).toMatchObject({ problem: 'no metrics known for pod' });
    expect(explained.next).toMatchObject({ replicas: 3, reason: expect.stringContaining('1 invalid out of 2') });
    const nothing = await explain(source({}));
    expect(nothing.metrics[0]).toMatchObject({ problem: 'the API has no value of it' });
  });

  it('knows that a container which one pod lacks keeps the controller from all of them', async () => {
    const target = { type: 'average_value', milli: 100_000 } as const;
    const metric = { type: 'container_resource', resource: 'memory', container: 'web', target } as const;
    const missing = [{ name: 'c', reason: 'NoContainer', message: 'it has no container web' }];
    const values = [['a', 900] as const, ['b', 900] as const];
    const explained = await explain(source({ resource: async () => answer(values, { missing }) }), undefined, {
      ...HPA,
      metrics: [metric],
    });
    expect(explained.metrics[0]).toMatchObject({
      missing,
      problem: 'failed to get container metrics: container web not present in metrics for pod shop/c',
    });
    expect(explained.next.replicas).toBe(3);
    const unknown = [{ name: 'c', reason: 'NoUsage', message: 'its kubelet is not scraped' }];
    const computed = await explain(source({ resource: async () => answer(values, { missing: unknown }) }), undefined, {
      ...HPA,
      metrics: [metric],
    });
    expect(computed.metrics[0]).toMatchObject({ computed: { usage: 900 } });
  });

  it.each([
    ['that is to be woken', 0, 25, 3],
    ['that may sleep on', 0, 0, 0],
    ['that has just been made', 3, 25, 3],
  ])('tells of a target without pods %s what goes over HTTP', async (_what, specReplicas, depth, replicas) => {
    const target = { type: 'average_value', milli: 10_000 } as const;
    const hpa = {
      ...HPA,
      minReplicas: 0,
      metrics: [{ type: 'external', metric: 'depth', selector: '', target }],
    } as const;
    const from = source({ external: async () => answer([['{}', depth]]) });
    const scale = { ...SCALE, specReplicas, statusReplicas: 0 };
    const explained = await explainHpa(hpa, scale, from, [], CONTROLLER_DEFAULTS, clock, signal);
    const read = v.parse(explainedHpaSchema, JSON.parse(JSON.stringify(explained)));
    expect(read.metrics).toMatchObject([{ computed: { usage: depth, ratio: depth / 10, replicas } }]);
    expect(read.next.replicas).toBe(replicas);
  });

  it('names pods that do not count, and why', async () => {
    const pods = [pod('a'), pod('b', { phase: 'Pending' }), pod('c', { conditions: [] })];
    const explained = await explain(
      source({
        resource: async () =>
          answer([
            ['a', 0.5],
            ['b', 0.5],
            ['c', 0.5],
          ]),
      }),
      pods,
    );
    expect(explained.metrics[0]?.pods).toEqual([
      { pod: 'b', group: 'unready', why: 'it is pending' },
      { pod: 'c', group: 'unready', why: 'it has not started, or does not say whether it is ready' },
    ]);
  });

  it('says that scaling down waits for the window', async () => {
    const low = async (): Promise<MetricAnswer> =>
      answer([
        ['a', 0.1],
        ['b', 0.1],
        ['c', 0.1],
      ]);
    const explained = await explain(source({ resource: low, pods: low }));
    expect(explained.next).toMatchObject({ replicas: 3, reason: expect.stringContaining('stabilization window') });
    const behavior = {
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'max', policies: [], tolerance: undefined },
      scaleDown: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'max',
        policies: [{ type: 'percent', value: 100, periodSeconds: 15 }],
        tolerance: undefined,
      },
    } as const;
    const fast = await explain(source({ resource: low, pods: low }), undefined, { ...HPA, behavior });
    expect(fast.next).toEqual({ replicas: 2, reason: 'All metrics below target; 1 becomes 2: minReplicas' });
  });
});
