import { describe, expect, it } from 'vitest';
import { EVERYTHING } from '../../src/metrics-api/label-selector.ts';
import { never, World } from './world.ts';

const CPU = 'container_cpu_usage_seconds_total';
const MEMORY = 'container_memory_working_set_bytes';
const START = 'container_start_time_seconds';

interface Container {
  readonly container?: string;
  readonly cpu?: readonly (number | 'stale')[];
  readonly memory?: readonly (number | 'stale')[];
  readonly ageMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

async function usagesOf(containers: readonly Container[]) {
  const w = await World.create();
  w.pod('web-0');
  for (const { container = 'app', cpu = [], memory = [100], ageMs, labels = {} } of containers) {
    const of = { job: 'kubelet', pod: 'web-0', container, ...labels };
    w.add({ __name__: CPU, ...of }, cpu);
    w.add({ __name__: MEMORY, ...of }, memory);
    if (ageMs !== undefined) w.add({ __name__: START, ...of }, [(w.clock.nowMs() - ageMs) / 1000]);
  }
  return w.adapter.resources.pods('shop', EVERYTHING, never);
}

describe('a container', () => {
  it('uses what lies between its last two points', async () => {
    expect(await usagesOf([{ cpu: [0, 100, 103], memory: [5, 6] }])).toMatchObject([
      { windowMs: 15_000, containers: [{ name: 'app', cpu: 0.2, memoryBytes: 6 }] },
    ]);
  });

  it('that is fresh counts from its start', async () => {
    expect(await usagesOf([{ cpu: [6], ageMs: 12_000 }])).toMatchObject([
      { windowMs: 12_000, containers: [{ cpu: 0.5 }] },
    ]);
  });

  it('that began again counts from its new start', async () => {
    expect(await usagesOf([{ cpu: [100, 6], ageMs: 12_000 }])).toMatchObject([
      { windowMs: 12_000, containers: [{ cpu: 0.5 }] },
    ]);
  });

  it('that began again counts from its new start, also where it has used more than the one before', async () => {
    expect(await usagesOf([{ cpu: [5, 6], ageMs: 12_000 }])).toMatchObject([
      { windowMs: 12_000, containers: [{ cpu: 0.5 }] },
    ]);
  });

  it.each([
    ['begun again less than ten seconds ago', { cpu: [5, 6], ageMs: 9000 }],
    ['younger than ten seconds', { cpu: [6], ageMs: 9000 }],
    ['old, and seen once', { cpu: [6], ageMs: 60_000 }],
    ['of no known start, and seen once', { cpu: [6] }],
    ['that began again who knows when', { cpu: [100, 6] }],
    ['without memory', { cpu: [0, 3], memory: [] }],
    ['whose memory is NaN', { cpu: [0, 3], memory: [Number.NaN] }],
    ['whose processor time is NaN', { cpu: [0, Number.NaN] }],
  ] as const)('%s takes its pod out', async (_what, container) => {
    expect(await usagesOf([{ container: 'other', cpu: [0, 3] }, container])).toEqual([]);
  });

  it('that has ended is no part of its pod any more', async () => {
    expect(
      await usagesOf([{ cpu: [0, 3] }, { container: 'setup', cpu: [5, 'stale'], memory: [5, 'stale'] }]),
    ).toMatchObject([{ containers: [{ name: 'app' }] }]);
  });

  it("is taken from /metrics/resource where cAdvisor's series are there as well", async () => {
    const cadvisor = { labels: { id: '/kubepods/x', image: 'i', name: 'n' } };
    expect(await usagesOf([{ cpu: [0, 30], ...cadvisor }, { cpu: [0, 3] }])).toMatchObject([
      { containers: [{ cpu: 0.2 }] },
    ]);
    expect(await usagesOf([{ cpu: [0, 30], ...cadvisor }])).toMatchObject([{ containers: [{ cpu: 2 }] }]);
  });

  it.each([
    ['first', 1],
    ['last', -1],
  ])('that was started again is the one that goes on where only cAdvisor tells, found %s', async (_what, order) => {
    const before = { cpu: [50, 60, 'stale'], memory: [9, 9, 'stale'], labels: { id: '/kubepods/1' } } as const;
    const after = { cpu: [0, 3], memory: [5, 6], labels: { id: '/kubepods/2' } } as const;
    const both = order > 0 ? [before, after] : [after, before];
    expect(await usagesOf(both)).toMatchObject([{ containers: [{ name: 'app', cpu: 0.2, memoryBytes: 6 }] }]);
  });

  it("of cAdvisor's sums and pauses is none", async () => {
    expect(
      await usagesOf([
        { container: '', cpu: [0, 3] },
        { container: 'POD', cpu: [0, 3] },
      ]),
    ).toEqual([]);
  });
});

describe('a node', () => {
  async function usageOf(
    metrics: Readonly<Record<string, readonly number[]>>,
    labels: Readonly<Record<string, string>>,
  ) {
    const w = await World.create();
    w.node('n1');
    for (const [name, values] of Object.entries(metrics)) {
      w.add({ __name__: name, job: 'kubelet', ...(name.startsWith('node_') ? { node: 'n1' } : labels) }, values);
    }
    return w.adapter.resources.nodes(EVERYTHING, never);
  }
  const root = { [CPU]: [0, 30], [MEMORY]: [7, 8] };

  it('uses what /metrics/resource says', async () => {
    const own = { node_cpu_usage_seconds_total: [0, 3], node_memory_working_set_bytes: [5, 6] };
    expect(await usageOf({ ...own, ...root }, { id: '/', node: 'n1' })).toMatchObject([
      { name: 'n1', windowMs: 15_000, usage: { cpu: 0.2, memoryBytes: 6 } },
    ]);
  });

  it("uses what cAdvisor's root group says where that alone is scraped", async () => {
    expect(await usageOf(root, { id: '/', instance: 'n1:10250' })).toMatchObject([
      { name: 'n1', usage: { cpu: 2, memoryBytes: 8 } },
    ]);
    expect(await usageOf(root, { id: '/kubepods', instance: 'n1:10250' })).toEqual([]);
  });
});
