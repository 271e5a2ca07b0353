import { describe, expect, it } from 'vitest';
import { CONTROLLER_DEFAULTS, type HpaSpec } from '../../src/hpa/hpa-spec.ts';
import { type RecordedLoad, type Simulation, simulate, summarize } from '../../src/hpa/simulate.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HPA: HpaSpec = {
  namespace: 'shop',
  name: 'web',
  scaleTarget: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  minReplicas: 2,
  maxReplicas: 20,
  metrics: [{ type: 'resource', resource: 'cpu', target: { type: 'utilization', percent: 50 } }],
  behavior: undefined,
};

/** Cores in all, minute by minute. */
function load(cores: (minute: number) => number | undefined, minutes = 60): RecordedLoad {
  const points = Array.from({ length: minutes + 1 }, (_, minute) => ({
    timestampMs: NOW + minute * MINUTE,
    value: cores(minute) ?? Number.NaN,
  }));
  return { points };
}

function simulation(cores: (minute: number) => number | undefined, changes: Partial<Simulation> = {}): Simulation {
  return {
    hpa: HPA,
    loads: [load(cores)],
    fromMs: NOW,
    toMs: NOW + 60 * MINUTE,
    replicas: 2,
    podStartMs: 30_000,
    requests: { cpu: 1_000 },
    options: CONTROLLER_DEFAULTS,
    ...changes,
  };
}

function replicasAt(one: Simulation, minute: number): number | undefined {
  return simulate(one).find(({ timestampMs }) => timestampMs === NOW + minute * MINUTE)?.replicas;
}

describe('simulating an HPA', () => {
  it('stays where load asks for no more', () => {
    const rounds = simulate(simulation(() => 0.9));
    expect(new Set(rounds.map(({ replicas }) => replicas))).toEqual(new Set([2]));
  });

  it('goes up to what the load needs, and down when it has been gone for five minutes', () => {
    const peak = simulation((minute) => (minute >= 10 && minute < 20 ? 4 : 1));
    expect(replicasAt(peak, 9)).toBe(2);
    expect(replicasAt(peak, 19)).toBe(8);
    expect(replicasAt(peak, 24)).toBe(8);
    expect(replicasAt(peak, 27)).toBe(2);
    expect(summarize(simulate(peak), peak)).toMatchObject({ least: 2, most: 8, scaleDowns: 1, blindMs: 0 });
  });

  it('sums up a month of rounds', () => {
    const busy = simulation(() => 4);
    const month = simulate(busy)
      .slice(0, 1)
      .flatMap((round) => new Array<typeof round>(200_000).fill(round));
    expect(summarize(month, busy)).toMatchObject({ least: month[0]?.replicas, most: month[0]?.replicas });
  });

  it('needs more pods for a lower target', () => {
    const lower = { ...HPA, metrics: [{ ...HPA.metrics[0]!, target: { type: 'utilization', percent: 25 } }] } as const;
    const busy = (minute: number): number => (minute >= 10 ? 3 : 1);
    expect(replicasAt(simulation(busy), 59)).toBe(6);
    expect(replicasAt(simulation(busy, { hpa: lower }), 59)).toBe(12);
  });

  it('changes nothing while there are no values', () => {
    const gap = simulation((minute) => (minute < 10 ? 4 : minute < 40 ? undefined : 1));
    expect(replicasAt(gap, 39)).toBe(8);
    expect(summarize(simulate(gap), gap).blindMs).toBeGreaterThan(20 * MINUTE);
    expect(replicasAt(gap, 59)).toBe(2);
  });

  it('is no faster than a policy allows', () => {
    const behavior = {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'max',
        policies: [{ type: 'pods', value: 1, periodSeconds: 300 }],
        tolerance: undefined,
      },
      scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'disabled', policies: [], tolerance: undefined },
    } as const;
    const slow = simulation((minute) => (minute < 30 ? 10 : 1), { hpa: { ...HPA, behavior } });
    expect(replicasAt(slow, 4)).toBe(3);
    expect(replicasAt(slow, 6)).toBe(4);
    expect(replicasAt(slow, 59)).toBe(replicasAt(slow, 30));
  });

  it('shares the value of an external metric among the pods there are', () => {
    const target = { type: 'average_value', milli: 100_000 } as const;
    const hpa: HpaSpec = { ...HPA, metrics: [{ type: 'external', metric: 'queue', selector: '', target }] };
    expect(
      replicasAt(
        simulation(() => 730, { hpa }),
        30,
      ),
    ).toBe(8);
  });
});
