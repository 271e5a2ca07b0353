import type { HpaSpec, MetricSpec } from '@vigie/collector/hpa/hpa-spec';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { describe, expect, it } from 'vitest';
import { loadQuery } from '../../src/hpa/load-queries.ts';

const NOW = Date.UTC(2026, 10, 30);
const target = { type: 'value', milli: 1000 } as const;
const cpu: MetricSpec = { type: 'resource', resource: 'cpu', target };
const memory: MetricSpec = { type: 'resource', resource: 'memory', target };

type Series = readonly [labels: Readonly<Record<string, string>>, perSecond: number];

/** What the query for the metric comes to, over series that rise so much each second, or stand at it if they are gauges. */
async function loadOf(
  spec: MetricSpec,
  series: readonly Series[],
  { kind, name }: { readonly kind: string; readonly name: string } = { kind: 'Deployment', name: 'web' },
): Promise<number> {
  const storage = new MemoryStorage();
  for (const [labels, perSecond] of series) {
    const isCounter = labels.__name__?.endsWith('_total') === true;
    const samples = Array.from({ length: 9 }, (_, at) => ({
      timestampMs: NOW - (8 - at) * 15_000,
      value: isCounter ? at * 15 * perSecond : perSecond,
      startTimestampMs: 0,
    }));
    storage.append(LabelSet.of({ namespace: 'shop', ...labels }), samples);
  }
  const hpa = { namespace: 'shop', scaleTarget: { apiVersion: 'apps/v1', kind, name } } as HpaSpec;
  const { signal } = new AbortController();
  const { result } = await new Engine().instant(storage, loadQuery(hpa, spec), NOW, signal);
  if (result.type !== 'vector') throw new Error(result.type);
  return result.samples.reduce((sum, { value }) => sum + value, 0);
}

function used(pod: string, cores: number, more: Readonly<Record<string, string>> = {}): Series {
  return [{ __name__: 'container_cpu_usage_seconds_total', job: 'kubelet', pod, container: 'app', ...more }, cores];
}

describe('the load of a resource', () => {
  it('counts a container once, though its kubelet tells of it twice', async () => {
    const pod = 'web-6d4cf56db6-x7k2p';
    const cadvisor = { metrics_path: '/metrics/cadvisor', id: '/kubepods/a', image: 'i', name: 'n' };
    const resource = { metrics_path: '/metrics/resource' };
    expect(await loadOf(cpu, [used(pod, 2, cadvisor), used(pod, 2, resource)])).toBeCloseTo(2);
    const bytes = { __name__: 'container_memory_working_set_bytes', pod, container: 'app' };
    expect(
      await loadOf(memory, [
        [{ ...bytes, ...cadvisor }, 100],
        [{ ...bytes, ...resource }, 100],
        [{ ...bytes, container: 'sidecar', ...resource }, 11],
        [{ ...bytes, container: '', id: '/kubepods' }, 999],
        [{ ...bytes, container: 'POD', id: '/kubepods/pause' }, 999],
      ]),
    ).toBe(111);
  });

  it.each([
    ['Deployment', 'web', ['web-6d4cf56db6-x7k2p', 'web-5f8-bcdfg'], ['web-admin-6d4cf56db6-x7k2p', 'web-0']],
    ['StatefulSet', 'web', ['web-0', 'web-12'], ['web-admin-0', 'web-6d4cf56db6-x7k2p']],
    ['ReplicaSet', 'web', ['web-x7k2p'], ['web-admin-x7k2p', 'web-6d4cf56db6-x7k2p']],
    ['Rollout', 'web', ['web-6d4cf56db6-x7k2p', 'web-canary-0'], ['webs-0']],
    ['Deployment', 'a.b', ['a.b-6d4cf56db6-x7k2p'], ['a-b-6d4cf56db6-x7k2p']],
    ['Deployment', 'n'.repeat(60), [`${'n'.repeat(58)}x7k2p`], [`${'n'.repeat(57)}-x7k2p`]],
  ])('is that of the pods of the %s %s', async (kind, name, own, others) => {
    const series = [...own.map((pod) => used(pod, 1)), ...others.map((pod) => used(pod, 100))];
    expect(await loadOf(cpu, series, { kind, name })).toBeCloseTo(own.length);
  });
});

describe('the load of an object', () => {
  const spec = (kind: string, name: string): MetricSpec => ({
    type: 'object',
    metric: 'hits_per_second',
    selector: '',
    object: { apiVersion: 'v1', kind, name },
    target,
  });
  const hits: readonly Series[] = [
    [{ __name__: 'hits_total', ingress: 'main' }, 3],
    [{ __name__: 'hits_total', ingress: 'other' }, 4],
    [{ __name__: 'hits_total', ingress: 'main', namespace: 'elsewhere' }, 50],
  ];

  it('is its own, and of a namespace all that is in it', async () => {
    expect(await loadOf(spec('Ingress', 'main'), hits)).toBeCloseTo(3);
    expect(await loadOf(spec('Namespace', 'shop'), hits)).toBeCloseTo(7);
  });
});

it('the load of an external metric is that of its series in the namespace', async () => {
  const spec: MetricSpec = { type: 'external', metric: 'depth', selector: 'queue=a', target };
  expect(
    await loadOf(spec, [
      [{ __name__: 'depth', queue: 'a', shard: '1' }, 3],
      [{ __name__: 'depth', queue: 'a', shard: '2' }, 4],
      [{ __name__: 'depth', queue: 'b' }, 50],
      [{ __name__: 'depth', queue: 'a', namespace: 'elsewhere' }, 50],
    ]),
  ).toBe(7);
});
