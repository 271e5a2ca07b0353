import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HpaEvents } from '../../src/cluster/hpa-events.ts';
import type { ExplainedHpa, ExplainedMetric } from '../../src/hpa/explained-hpa.ts';
import { until } from '../metrics-api/api-bed.ts';

const NOW = Date.UTC(2026, 10, 29, 12, 0, 30);
const MINUTE = 60_000;

function metric(changes: Partial<ExplainedMetric>): ExplainedMetric {
  const none = { series: [], values: [], missing: [], pods: [] };
  return { metric: 'pods metric hits', target: 'average 5', rule: 'default', ...none, ...changes };
}

const MISSING = { name: 'web-0', reason: 'NoSeries', message: 'it has no series' };
const SILENT = metric({ problem: 'the API has no value of it', missing: [MISSING, { ...MISSING, name: 'web-1' }] });
const UNKNOWN: ExplainedMetric = { ...metric({ problem: 'nothing' }), rule: undefined };
const SERVED = metric({});

class Bed {
  readonly clock: FakeClock;
  readonly kube: TestApiServer;
  readonly events: HpaEvents;
  explained: Partial<ExplainedHpa> = { metrics: [SILENT] };
  explanations = 0;

  constructor(kube: TestApiServer, clock: FakeClock, hostName = 'collector-0') {
    this.kube = kube;
    this.clock = clock;
    const client = new KubeClient(kube.config(), { clock, env: {}, userAgent: 'test', reloadFailed: () => undefined });
    onTestFinished(() => client.close());
    this.events = new HpaEvents({
      client,
      explain: async (namespace, name) => {
        this.explanations++;
        return {
          ...{ namespace, name, target: 'Deployment web', minReplicas: 1, maxReplicas: 3 },
          ...{ replicas: { wanted: 1, present: 1 }, metrics: [], next: { replicas: 1, reason: '' } },
          ...this.explained,
        };
      },
      hostName,
      clock,
      log: createLog('error', { write: () => undefined }),
    });
    onTestFinished(() => this.events.close());
  }

  static async start(): Promise<Bed> {
    const kube = await TestApiServer.start();
    onTestFinished(() => kube.stop());
    for (const name of ['web', 'api']) {
      kube.put('horizontalpodautoscalers', {
        metadata: { namespace: 'shop', name, uid: `uid-of-${name}` },
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 3 },
      });
    }
    return new Bed(kube, new FakeClock(NOW));
  }

  /** Moves time on, and lets what comes over real sockets come, until each problem of both HPAs is told or not.
   *  @returns all events */
  async ask(problems = 1): Promise<readonly Record<string, unknown>[]> {
    const explained = this.explanations + 2;
    const told = this.#told + 2 * problems;
    this.events.unserved('shop');
    await this.clock.advance(1000);
    await until(() => this.explanations === explained && this.#told === told);
    return this.kube.store.list('events');
  }

  get #told(): number {
    return Object.values(this.events.counts).reduce((sum, count) => sum + count, 0);
  }
}

describe('an event of an HPA', () => {
  it('says which metric cannot be served, why, and what to do', async () => {
    const bed = await Bed.start();
    const [event, ...others] = await bed.ask();
    expect(others).toHaveLength(1);
    expect(event).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
      eventTime: '2026-11-29T12:00:31.000000Z',
      type: 'Warning',
      reason: 'MetricNoSeries',
      action: 'ServeMetric',
      reportingController: 'vigie.io/collector',
      reportingInstance: 'collector-0',
      regarding: {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        namespace: 'shop',
        name: 'web',
        uid: 'uid-of-web',
      },
      note: 'pods metric hits cannot be served: web-0: it has no series, and 1 more like it. Is its target scraped, and does it have the metric? See /api/v1/targets of the collector. Details: vigie hpa explain shop/web',
    });
    expect(bed.events.counts).toEqual({ sent: 2, repeated: 0, known: 0, limited: 0, failed: 0 });
  });

  it('comes at most once in five minutes for a reason, and for another reason at once', async () => {
    const bed = await Bed.start();
    await bed.ask();
    for (let minute = 0; minute < 4; minute++) {
      await bed.clock.advance(MINUTE);
      expect(await bed.ask()).toHaveLength(2);
    }
    bed.explained = { metrics: [SILENT, UNKNOWN] };
    await bed.clock.advance(MINUTE);
    const reasons = (await bed.ask(2)).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'MetricUnknown')).toHaveLength(2);
    const again = bed.kube.store.list('events').filter(({ reason }) => reason === 'MetricNoSeries');
    expect(again.map(({ series }) => series)).toEqual([
      { count: 2, lastObservedTime: expect.stringMatching(/^2026-11-29T12:05:/) },
      { count: 2, lastObservedTime: expect.stringMatching(/^2026-11-29T12:05:/) },
    ]);
    expect(bed.events.counts).toMatchObject({ sent: 4, repeated: 2 });
  });

  it('is told by one of two replicas, and counted by one when five minutes are over', async () => {
    const bed = await Bed.start();
    const other = new Bed(bed.kube, bed.clock, 'collector-1');
    await bed.ask();
    // Beyond noon and five minutes, where a window of five minutes by the clock would end.
    await bed.clock.advance(4.5 * MINUTE);
    expect(await other.ask()).toHaveLength(2);
    expect(other.events.counts).toEqual({ sent: 0, repeated: 0, known: 2, limited: 0, failed: 0 });
    await bed.clock.advance(MINUTE);
    expect(await bed.ask()).toHaveLength(2);
    expect(bed.events.counts).toEqual({ sent: 2, repeated: 2, known: 0, limited: 0, failed: 0 });
    await bed.clock.advance(4 * MINUTE);
    expect(await other.ask()).toHaveLength(2);
    expect(other.events.counts).toMatchObject({ sent: 0, repeated: 0, known: 4 });
  });

  it('comes of no HPA whose metrics are served, or that has no replicas', async () => {
    const bed = await Bed.start();
    bed.explained = { metrics: [SERVED] };
    expect(await bed.ask(0)).toEqual([]);
    bed.explained = { metrics: [SILENT], replicas: { wanted: 0, present: 0 } };
    await bed.clock.advance(MINUTE);
    expect(await bed.ask(0)).toEqual([]);
  });

  it('comes of no metric that another server is asked for, nor of an HPA that the controller does not compute with', async () => {
    const bed = await Bed.start();
    bed.explained = { metrics: [{ ...UNKNOWN, servedBy: 'keda/keda-operator-metrics-apiserver' }] };
    expect(await bed.ask(0)).toEqual([]);
    bed.explained = { metrics: [SILENT], problem: 'pods by selector app=web are controlled by multiple HPAs' };
    await bed.clock.advance(MINUTE);
    expect(await bed.ask(0)).toEqual([]);
  });

  it('that cannot be created is counted, and tried again in five minutes', async () => {
    const bed = await Bed.start();
    bed.kube.refuse({ verb: 'create', status: 403, times: 2 });
    expect(await bed.ask()).toEqual([]);
    expect(bed.events.counts.failed).toBe(2);
    await bed.clock.advance(5 * MINUTE);
    expect(await bed.ask()).toHaveLength(2);
  });

  it('costs one look at a namespace a minute, however often somebody asks', async () => {
    const bed = await Bed.start();
    await bed.ask();
    const lists = bed.kube.count('list');
    for (let request = 0; request < 100; request++) bed.events.unserved('shop');
    await bed.clock.advance(30_000);
    expect(bed.kube.count('list')).toBe(lists);
  });
});
