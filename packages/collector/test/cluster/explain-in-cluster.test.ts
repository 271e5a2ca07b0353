import { FakeClock } from '@vigie/core/fake-clock';
import type { HttpRequest } from '@vigie/core/http-server/exchange';
import type { KubeAnswer, KubeRequest, KubeStreamAnswer } from '@vigie/kube/client';
import { describe, expect, it } from 'vitest';
import type { ExplainQuestion } from '../../src/adapter/explain-question.ts';
import type { MetricExplanation } from '../../src/adapter/explanation.ts';
import {
  type ExplainDeps,
  explainInCluster,
  metricsApiOff,
  readHpaManifest,
} from '../../src/cluster/explain-in-cluster.ts';
import { explainRoute, listMetricsRoute } from '../../src/cluster/explain-route.ts';

const NOW = Date.UTC(2026, 10, 21);
const { signal } = new AbortController();
const HPA = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web';
const SCALE = '/apis/apps/v1/namespaces/shop/deployments/web/scale';
const PODS = '/api/v1/namespaces/shop/pods';

const POD = {
  metadata: { name: 'web-0' },
  spec: { containers: [{ name: 'web' }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-20T00:00:00Z' }],
  },
};

const OBJECTS: Readonly<Record<string, unknown>> = {
  [HPA]: {
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 5,
      metrics: [
        {
          type: 'Object',
          object: {
            metric: { name: 'queue_depth' },
            describedObject: { apiVersion: 'v1', kind: 'Service', name: 'queue' },
            target: { type: 'Value', value: '10' },
          },
        },
      ],
    },
  },
  [SCALE]: { spec: { replicas: 1 }, status: { replicas: 1, selector: 'app=web' } },
  [PODS]: { items: [POD] },
};

interface Bed {
  readonly deps: ExplainDeps;
  readonly asked: KubeRequest[];
  readonly questions: ExplainQuestion[];
}

function bed(changes: Readonly<Record<string, KubeAnswer>> = {}, servedBy: string | undefined = undefined): Bed {
  const asked: KubeRequest[] = [];
  const questions: ExplainQuestion[] = [];
  const explanation: MetricExplanation = {
    metric: 'queue_depth',
    rule: 'default',
    query: 'sum by (service) (queue_depth)',
    series: [],
    wanted: 1,
    values: [{ name: 'queue', value: 30, timestampMs: NOW, windowMs: undefined }],
    missing: [],
  };
  const request = async (one: KubeRequest): Promise<KubeAnswer> => {
    asked.push(one);
    const body = OBJECTS[one.path];
    return changes[one.path] ?? (body === undefined ? refused(404) : { status: 'ok', httpStatus: 200, body });
  };
  const stream = async (one: KubeRequest): Promise<KubeStreamAnswer> => {
    const answer = await request(one);
    if (answer.status !== 'ok') return answer;
    const chunks = (async function* () {
      yield Buffer.from(JSON.stringify(answer.body));
    })();
    return { status: 'ok', chunks, limitSilence: () => undefined };
  };
  const deployments = {
    group: 'apps',
    resource: 'deployments',
    version: 'v1',
    singular: 'deployment',
    kind: 'Deployment',
    isNamespaced: true,
  };
  return {
    asked,
    questions,
    deps: {
      client: { request, stream },
      mapper: { resolve: async ({ resource }) => (resource === 'deployment' ? deployments : undefined) },
      clock: new FakeClock(NOW),
      metricsApi: {
        explainMetric: async (question) => {
          questions.push(question);
          return explanation;
        },
        servedBy: (group) => (group === 'custom.metrics.k8s.io' ? servedBy : undefined),
      },
    },
  };
}

function refused(httpStatus: number): KubeAnswer {
  return { status: 'refused', httpStatus, reason: '', message: 'no', causes: [], retryAfterMs: undefined };
}

describe('an HPA is explained', () => {
  it('from itself, the scale of its target, its pods, and what the adapter says of each metric', async () => {
    const { deps, asked, questions } = bed();
    const explained = await explainInCluster('shop', 'web', deps, signal);
    expect(explained).toMatchObject({ target: 'Deployment web', replicas: { wanted: 1 }, next: { replicas: 3 } });
    expect(asked.map(({ path, query }) => [path, query])).toEqual([
      [HPA, undefined],
      [SCALE, undefined],
      [PODS, { labelSelector: 'app=web', limit: '500', resourceVersion: '0' }],
    ]);
    const object = { group: '', resource: 'service' };
    const where = { namespace: 'shop', metric: 'queue_depth', metricSelector: '' };
    expect(questions).toEqual([{ kind: 'object', object, name: 'queue', ...where }]);
  });

  it('with whom the cluster asks for a metric, where that is another', async () => {
    const explained = await explainInCluster('shop', 'web', bed({}, 'monitoring/adapter').deps, signal);
    expect(explained).toMatchObject({
      metrics: [{ servedBy: 'monitoring/adapter' }],
      next: { note: expect.stringContaining('asks monitoring/adapter for metrics of it') },
    });
  });

  it('and scales nothing whose pods another HPA scales too, as the controller says of it', async () => {
    const message = 'pods by selector app=web are controlled by multiple HPAs: [shop/web shop/web-too]';
    const active = { type: 'ScalingActive', status: 'False', reason: 'AmbiguousSelector', message };
    const body = { ...Object(OBJECTS[HPA]), status: { conditions: [active] } };
    const { deps } = bed({ [HPA]: { status: 'ok', httpStatus: 200, body } });
    expect(await explainInCluster('shop', 'web', deps, signal)).toMatchObject({
      problem: message,
      metrics: [{ computed: { replicas: 3 } }],
      next: { replicas: 1, reason: `${message}; the number of replicas stays` },
    });
  });

  it('and asks about no pods where the scale of its target selects none', async () => {
    const body = { spec: { replicas: 1 }, status: { replicas: 1 } };
    const { deps, asked, questions } = bed({ [SCALE]: { status: 'ok', httpStatus: 200, body } });
    const problem = "the HPA target's scale is missing a selector";
    expect(await explainInCluster('shop', 'web', deps, signal)).toMatchObject({ problem, next: { replicas: 1 } });
    expect([asked.map(({ path }) => path), questions]).toEqual([[HPA, SCALE], []]);
  });

  it('of more pods than fit into one answer', async () => {
    const annotations = { filler: 'x'.repeat(10_000) };
    const items = Array.from({ length: 1000 }, (_, index) => ({
      ...POD,
      metadata: { name: `web-${index}`, annotations },
    }));
    const { deps } = bed({ [PODS]: { status: 'ok', httpStatus: 200, body: { items } } });
    const explained = await explainInCluster('shop', 'web', deps, signal);
    expect(explained?.metrics[0]?.computed?.formula).toBe('ceil(3 * 1000 ready pods) = 3000');
  });

  it('or is not there', async () => {
    expect(await explainInCluster('shop', 'other', bed().deps, signal)).toBeUndefined();
  });

  it.each([
    [{ [SCALE]: refused(404) }, 'its target Deployment web is not there'],
    [{ [PODS]: refused(403) }, `${PODS}: 403`],
    [{ [PODS]: { status: 'ok', httpStatus: 200, body: { items: [{}] } } as const }, '1 pods cannot be read'],
    [{ [HPA]: { status: 'ok', httpStatus: 200, body: { kind: 'Pod' } } as const }, HPA],
    [{ [HPA]: { status: 'failed', reason: 'network', detail: 'connect ECONNREFUSED' } as const }, 'ECONNREFUSED'],
  ])('or cannot be, and says why: %j', async (changes, why) => {
    await expect(explainInCluster('shop', 'web', bed(changes).deps, signal)).rejects.toMatchObject({
      code: 'KUBE_UNAVAILABLE',
      message: expect.stringContaining(why),
    });
  });
});

describe('GET /explain', () => {
  async function answer(hpa: string, deps: ExplainDeps): Promise<unknown> {
    const explain = (namespace: string, name: string) => explainInCluster(namespace, name, deps, signal);
    const request = {
      method: 'GET',
      path: '/explain',
      rest: '',
      headers: {},
      signal,
      body: async () => Buffer.of(),
    } as const;
    const query = new URLSearchParams({ hpa });
    try {
      return (await explainRoute({ explain }).handler({ ...request, query })).status;
    } catch (error) {
      return error;
    }
  }

  it('answers with what is known', async () => {
    expect(await answer('shop/web', bed().deps)).toBe(200);
  });

  it.each([
    ['web', bed().deps, 400, 'hpa: expected NAMESPACE/NAME'],
    ['shop/other', bed().deps, 404, 'there is no HorizontalPodAutoscaler shop/other'],
    ['shop/web', { ...bed().deps, metricsApi: undefined }, 404, 'metrics_api is not configured'],
    ['shop/web', bed({ [SCALE]: refused(404) }).deps, 502, 'is not there'],
  ])('refuses %s with its reason', async (hpa, deps, status, message) => {
    expect(await answer(hpa, deps)).toMatchObject({ status, message: expect.stringContaining(message) });
  });
});

describe('GET /explain/manifest', () => {
  it('answers with what is written of an HPA, and no more', async () => {
    const read = (name: string) => readHpaManifest('shop', name, { request: withStatus }, signal);
    const withStatus: ExplainDeps['client']['request'] = async (asked) => {
      const { deps } = bed();
      const answer = await deps.client.request(asked, signal);
      if (answer.status !== 'ok') return answer;
      return {
        ...answer,
        body: { apiVersion: 'autoscaling/v2', ...Object(answer.body), status: { currentReplicas: 1 } },
      };
    };
    const manifest = await read('web');
    expect(manifest).toMatchObject({ kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 5 } });
    expect(Object.keys(manifest ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(await read('other')).toBeUndefined();
  });
});

describe('GET /explain/metrics', () => {
  const request: HttpRequest = {
    method: 'GET',
    path: '/explain/metrics',
    rest: '',
    headers: {},
    signal,
    query: new URLSearchParams(),
    body: async () => Buffer.of(),
  };

  it('answers with the list, or says that there is none', async () => {
    const list = { resource: [], custom: [], external: [{ metric: 'queue', origins: [] }] };
    const answer = await listMetricsRoute({ listMetrics: async () => list }).handler(request);
    expect([answer.status, JSON.parse(String(answer.body))]).toEqual([200, list]);
    const off = listMetricsRoute({ listMetrics: () => Promise.reject(metricsApiOff()) });
    await expect(Promise.resolve(off.handler(request))).rejects.toMatchObject({ status: 404 });
  });
});
