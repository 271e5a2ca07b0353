import { describe, expect, it } from 'vitest';
import { groupPods } from '../../src/hpa/group-pods.ts';
import type { HpaPod } from '../../src/hpa/hpa-pod.ts';
import { CONTROLLER_DEFAULTS, DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type HpaSpec } from '../../src/hpa/hpa-spec.ts';
import type { MetricReading } from '../../src/hpa/metric-proposal.ts';
import { newMemory } from '../../src/hpa/recommendations.ts';
import { reconcile } from '../../src/hpa/reconcile.ts';

const NOW = Date.UTC(2026, 0, 1);
const CPU = { type: 'resource', resource: 'cpu', target: { type: 'utilization', percent: 50 } } as const;
const QUEUE = {
  type: 'external',
  metric: 'queue',
  selector: '',
  target: { type: 'average_value', milli: 10_000 },
} as const;
const HPA: HpaSpec = {
  namespace: 'shop',
  name: 'web',
  scaleTarget: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  minReplicas: 2,
  maxReplicas: 10,
  metrics: [CPU, QUEUE],
  behavior: undefined,
};
const FAILED: MetricReading = { status: 'error', message: 'unable to get it' };

function pod(name: string, changes: Partial<HpaPod> = {}): HpaPod {
  return {
    name,
    phase: 'Running',
    isDeleted: false,
    startedAtMs: NOW - 3_600_000,
    ready: { status: 'True', changedAtMs: NOW - 3_600_000 },
    containers: [{ name: 'web', requests: { cpu: 1_000 } }],
    podRequests: undefined,
    ...changes,
  };
}

function cpu(...milli: readonly number[]): MetricReading {
  const metrics = milli.map((value, at) => [`p${at}`, { milli: value, timestampMs: NOW, windowMs: 30_000 }] as const);
  return { status: 'pods', metrics: new Map(metrics) };
}

function round(replicas: number, readings: readonly MetricReading[], hpa = HPA, memory = newMemory()) {
  const pods = Array.from({ length: replicas }, (_, at) => pod(`p${at}`));
  const input = { currentReplicas: replicas, statusReplicas: replicas, pods, readings, nowMs: NOW };
  return reconcile(hpa, { ...input, options: CONTROLLER_DEFAULTS }, memory);
}

describe('a round of the controller', () => {
  it('takes the most that one of the metrics asks for', () => {
    expect(round(3, [cpu(500, 500, 500), { status: 'values', milli: [45_000] }])).toMatchObject({
      replicas: 5,
      reason: 'external metric queue above target',
    });
  });

  it('scales up, and never down, while a metric cannot be had', () => {
    expect(round(3, [cpu(900, 900, 900), FAILED])).toMatchObject({ replicas: 6 });
    expect(round(3, [cpu(100, 100, 100), FAILED])).toMatchObject({
      replicas: 3,
      decision: {
        status: 'failed',
        message:
          'invalid metrics (1 invalid out of 2), first error is: failed to get external metric queue value: unable to get it',
      },
    });
    expect(round(3, [FAILED, FAILED])).toMatchObject({ replicas: 3, decision: { status: 'failed' } });
  });

  it('keeps to minReplicas and maxReplicas whatever the metrics say', () => {
    expect(round(12, [FAILED, FAILED]).replicas).toBe(10);
    expect(round(1, [FAILED, FAILED]).replicas).toBe(2);
    expect(round(0, [cpu(), FAILED])).toMatchObject({ replicas: 0, reason: expect.stringContaining('disabled') });
  });

  it('comes down when the highest of the last minutes has passed', () => {
    const memory = newMemory();
    memory.recommendations.push({ replicas: 4, timestampMs: NOW - 200_000 });
    const low = [cpu(50, 50, 50, 50, 50), { status: 'values', milli: [1_000] }] as const;
    expect(round(5, low, HPA, memory)).toMatchObject({ replicas: 4, stabilized: 4 });
    const behavior = { scaleUp: DEFAULT_SCALE_UP, scaleDown: { ...DEFAULT_SCALE_DOWN, stabilizationWindowSeconds: 0 } };
    expect(round(5, low, { ...HPA, behavior }, memory).replicas).toBe(2);
  });

  it('shows the formula of missing pods', () => {
    const { proposals } = round(4, [cpu(900, 900, 900), FAILED]);
    const [{ calculation } = { calculation: undefined }] = proposals;
    expect(calculation).toMatchObject({
      status: 'ok',
      replicas: 6,
      formula: 'ceil(1.34 * 4 pods) = 6; the ratio was 1.8, and 1.34 with 1 missing counted as 0',
    });
  });
});

describe('which pods count', () => {
  const metrics = new Map([['p', { milli: 1, timestampMs: NOW, windowMs: 60_000 }]]);
  const of = (changes: Partial<HpaPod>, resource = 'cpu', by = metrics) =>
    groupPods([pod('p', changes)], by, resource, CONTROLLER_DEFAULTS, NOW)[0]?.group;
  const started = NOW - 100_000;

  it.each([
    ['ready', {}, 'ready'],
    ['deleted, whatever it says', { isDeleted: true, phase: 'Pending' }, 'ignored'],
    ['failed', { phase: 'Failed' }, 'ignored'],
    ['pending', { phase: 'Pending' }, 'unready'],
    ['without a condition', { ready: undefined }, 'unready'],
    ['young, not ready', { startedAtMs: started, ready: { status: 'False', changedAtMs: started } }, 'unready'],
    [
      'young, ready for less than a window',
      { startedAtMs: started, ready: { status: 'True', changedAtMs: NOW - 50_000 } },
      'unready',
    ],
    [
      'young, ready for longer',
      { startedAtMs: started, ready: { status: 'True', changedAtMs: NOW - 70_000 } },
      'ready',
    ],
    ['old, never ready', { ready: { status: 'False', changedAtMs: NOW - 3_590_000 } }, 'unready'],
    ['old, ready before', { ready: { status: 'False', changedAtMs: NOW - 60_000 } }, 'ready'],
  ] as const)('%s', (_title, changes, group) => {
    expect(of(changes)).toBe(group);
  });

  it('is missing without a metric, and looks at readiness for cpu alone', () => {
    expect(of({}, 'cpu', new Map())).toBe('missing');
    expect(of({ ready: undefined }, 'memory')).toBe('ready');
  });
});
