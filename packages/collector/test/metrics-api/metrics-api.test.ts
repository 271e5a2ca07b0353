import { TestApiServer } from '@vigie/kube/testing/api-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configOf, writtenRule } from '../adapter/world.ts';
import { type Answer, ApiBed, until } from './api-bed.ts';

const CUSTOM = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop';
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop';
const USAGE = '/apis/metrics.k8s.io/v1beta1';

/** Of the test's time, as answers write it. */
function timeOf(bed: ApiBed, agoMs = 0): string {
  return `${new Date(bed.clock.nowMs() - agoMs).toISOString().slice(0, 19)}Z`;
}

async function webShop(): Promise<ApiBed> {
  const bed = await ApiBed.start();
  for (const name of ['web-0', 'web-1', 'web-2']) bed.addPod(name);
  bed.addPod('db-0', { labels: { app: 'db' } });
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'web-0', code: '200' }, [100, 130, 160]);
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'web-0', code: '500' }, [0, 15, 15]);
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'web-1' }, [0, 75, 150]);
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'web-2' }, [10, 20, 'stale']);
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'db-0' }, [0, 15, 30]);
  bed.add({ __name__: 'requests_total', namespace: 'other', pod: 'web-0' }, [0, 1500, 3000]);
  bed.add({ __name__: 'queue_depth', namespace: 'shop', queue: 'mail' }, [4, 7]);
  bed.add({ __name__: 'queue_depth', namespace: 'shop', queue: 'bills' }, [1, 0.5]);
  return bed;
}

describe('custom metrics', () => {
  it('are answered for the pods that a selector picks; what has ended is left out', async () => {
    const bed = await webShop();
    const { status, headers, body } = await bed.get(`${CUSTOM}/pods/%2A/requests_per_second?labelSelector=app%3Dweb`);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const item = (name: string, value: string) => ({
      describedObject: { kind: 'Pod', namespace: 'shop', name, apiVersion: '/v1' },
      metric: { name: 'requests_per_second', selector: null },
      timestamp: timeOf(bed),
      windowSeconds: 30,
      value,
    });
    expect(body).toEqual({
      kind: 'MetricValueList',
      apiVersion: 'custom.metrics.k8s.io/v1beta2',
      metadata: {},
      items: [item('web-0', '2500m'), item('web-1', '5')],
    });
  });

  it('go by other rules of an adapter as soon as those are taken up', async () => {
    const bed = await webShop();
    const rule = writtenRule({ seriesQuery: 'requests_total', name: { matches: '(.*)_total', as: '' } });
    const named = (metric: string): Promise<Answer> => bed.get(`${CUSTOM}/pods/web-0/${metric}`);
    expect([(await named('requests_per_second')).status, (await named('requests')).status]).toEqual([200, 404]);
    bed.api.useRules(configOf({ rules: [rule] }));
    expect([(await named('requests_per_second')).status, (await named('requests')).status]).toEqual([404, 200]);
    bed.api.useRules(undefined);
    expect([(await named('requests_per_second')).status, (await named('requests')).status]).toEqual([200, 404]);
  });

  it('have the other form in v1beta1', async () => {
    const bed = await webShop();
    const path = `${CUSTOM.replace('v1beta2', 'v1beta1')}/pods/web-0/requests_per_second?metricLabelSelector=code%3D500`;
    expect((await bed.get(path)).body).toEqual({
      kind: 'MetricValueList',
      apiVersion: 'custom.metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        {
          describedObject: { kind: 'Pod', namespace: 'shop', name: 'web-0', apiVersion: '/v1' },
          metricName: 'requests_per_second',
          timestamp: timeOf(bed),
          window: 30,
          value: '500m',
          selector: { matchLabels: { code: '500' } },
        },
      ],
    });
  });

  it('are of the namespace, at the path that is for it', async () => {
    const bed = await webShop();
    const { body } = await bed.get(`${CUSTOM}/metrics/requests_per_second`);
    expect(body.items).toMatchObject([
      { describedObject: { kind: 'Namespace', namespace: '', name: 'shop', apiVersion: '/v1' }, value: '8500m' },
    ]);
  });

  it('are not found with the reason for each pod', async () => {
    const bed = await webShop();
    bed.add({ __name__: 'ratio', namespace: 'shop', pod: 'web-1' }, [Number.NaN]);
    const { status, body } = await bed.get(`${CUSTOM}/pods/%2A/ratio?labelSelector=app%3Dweb`);
    expect(status).toBe(404);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'the server could not find the metric ratio for pods with selector app=web',
      reason: 'NotFound',
      details: {
        name: 'ratio',
        kind: 'pods',
        causes: [
          { reason: 'Query', message: 'default: sum by (pod) (ratio)' },
          { reason: 'NoSeries', message: 'web-0: it has no series of this metric with a recent sample' },
          {
            reason: 'NotANumber',
            message: `web-1: its value at ${new Date(bed.clock.nowMs()).toISOString()} is NaN or infinite`,
          },
          { reason: 'NoSeries', message: 'web-2: it has no series of this metric with a recent sample' },
        ],
      },
      code: 404,
    });
  });

  it.each([
    ['pods/%2A/nothing', 'the server could not find the metric nothing for pods'],
    ['pods/web-0/nothing', 'the server could not find the metric nothing for pods web-0'],
    [
      'pods/%2A/queue?labelSelector=app%3Dnone',
      'the server could not find the metric queue for pods with selector app=none',
    ],
    ['gadgets/x/queue', 'the server could not find the metric queue for gadgets x'],
    ['nodes/n1/queue', 'the server could not find the metric queue for nodes n1'],
  ])('are not found at %s', async (path, message) => {
    const bed = await webShop();
    expect((await bed.get(`${CUSTOM}/${path}`)).body).toMatchObject({ code: 404, reason: 'NotFound', message });
  });

  it.each([
    ['pods/%2A/queue?labelSelector=%3D', 400, 'BadRequest'],
    ['pods/%2A/requests_per_second?metricLabelSelector=a%3E1', 400, 'BadRequest'],
    ['pods/%2A/queue?watch=true', 405, 'MethodNotAllowed'],
  ])('%s is refused with %i', async (path, code, reason) => {
    const bed = await webShop();
    expect((await bed.get(`${CUSTOM}/${path}`)).body).toMatchObject({ kind: 'Status', code, reason });
  });
});

describe('external metrics', () => {
  it('have a value for each series, with its labels', async () => {
    const bed = await webShop();
    const { body } = await bed.get(`${EXTERNAL}/queue_depth?labelSelector=queue%3Dmail`);
    expect(body).toEqual({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        {
          metricName: 'queue_depth',
          metricLabels: { job: 'app', namespace: 'shop', queue: 'mail' },
          timestamp: timeOf(bed),
          value: '7',
        },
      ],
    });
    const all = await bed.get(`${EXTERNAL}/queue_depth`);
    expect((all.body.items as readonly { readonly value: string }[]).map(({ value }) => value).sort()).toEqual([
      '500m',
      '7',
    ]);
  });

  it('are of no other namespace', async () => {
    const bed = await webShop();
    expect((await bed.get(EXTERNAL.replace('shop', 'other').concat('/queue_depth'))).status).toBe(404);
  });

  it('that are not known here are asked of another adapter', async () => {
    const list = {
      kind: 'ExternalMetricValueList',
      items: [{ metricName: 's0-lag', metricLabels: null, timestamp: '2026-11-21T10:00:00Z', value: '1500m' }],
    };
    const delegate = await TestApiServer.start({
      documents: {
        '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-lag': list,
        '/apis/external.metrics.k8s.io/v1beta1': { resources: [{ name: 's0-lag' }] },
      },
    });
    onTestFinished(() => delegate.stop());
    const bed = await ApiBed.start({ delegate });
    const { body } = await bed.get(`${EXTERNAL}/s0-lag?labelSelector=scaledobject.keda.sh%2Fname%3Dx`);
    expect(body.items).toEqual([
      { metricName: 's0-lag', metricLabels: {}, timestamp: '2026-11-21T10:00:00Z', value: '1500m' },
    ]);
    expect(delegate.requests.at(-1)?.query.get('labelSelector')).toBe('scaledobject.keda.sh/name=x');
    expect((await bed.get(`${EXTERNAL}/s1-lag`)).body).toMatchObject({
      code: 404,
      details: { causes: [{ reason: 'Query' }, { reason: 'Delegate' }] },
    });
    expect((await bed.get('/apis/external.metrics.k8s.io/v1beta1')).body.resources).toMatchObject([{ name: 's0-lag' }]);
    await delegate.stop();
    expect((await bed.get(`${EXTERNAL}/s0-lag`)).status).toBe(503);
  });
});

describe('usage', () => {
  function used(bed: ApiBed, pod: string, container: string): void {
    const labels = { job: 'kubelet', namespace: 'shop', pod, container };
    bed.add({ __name__: 'container_cpu_usage_seconds_total', ...labels }, [10, 11.5, 13.0000003]);
    bed.add({ __name__: 'container_memory_working_set_bytes', ...labels }, [1, 20480]);
  }

  async function usageBed(): Promise<ApiBed> {
    const bed = await ApiBed.start();
    bed.addPod('web-1');
    bed.addPod('web-0');
    bed.addPod('idle');
    bed.addNode('n1');
    used(bed, 'web-0', 'nginx');
    used(bed, 'web-0', 'app');
    used(bed, 'web-1', 'nginx');
    bed.add({ __name__: 'node_cpu_usage_seconds_total', job: 'kubelet', instance: 'n1' }, [0, 30]);
    bed.add({ __name__: 'node_memory_working_set_bytes', job: 'kubelet', instance: 'n1' }, [2 ** 30]);
    return bed;
  }

  it('of pods is that of their containers, as metrics-server has it', async () => {
    const bed = await usageBed();
    const { body } = await bed.get(`${USAGE}/namespaces/shop/pods?labelSelector=app%3Dweb`);
    const usage = { cpu: '100000020n', memory: '20Ki' };
    const metadata = { namespace: 'shop', creationTimestamp: '2026-11-21T10:00:00Z', labels: { app: 'web' } };
    const rest = { timestamp: timeOf(bed), window: '15s' };
    expect(body).toEqual({
      kind: 'PodMetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        {
          metadata: { name: 'web-0', ...metadata },
          ...rest,
          containers: [
            { name: 'app', usage },
            { name: 'nginx', usage },
          ],
        },
        { metadata: { name: 'web-1', ...metadata }, ...rest, containers: [{ name: 'nginx', usage }] },
      ],
    });
    expect((await bed.get(`${USAGE}/pods`)).body.items).toEqual(body.items);
    expect((await bed.get(`${USAGE}/pods?fieldSelector=metadata.name%3Dweb-1`)).body.items).toMatchObject([
      { metadata: { name: 'web-1' } },
    ]);
    const others = encodeURIComponent('metadata.name!=web-1,metadata.namespace==shop');
    expect((await bed.get(`${USAGE}/pods?fieldSelector=${others}`)).body.items).toMatchObject([
      { metadata: { name: 'web-0' } },
    ]);
    const elsewhere = encodeURIComponent('metadata.namespace!=shop');
    expect((await bed.get(`${USAGE}/pods?fieldSelector=${elsewhere}`)).body.items).toEqual([]);
    expect((await bed.get(`${USAGE}/pods?fieldSelector=spec.nodeName%3Dn1`)).status).toBe(400);
  });

  it('of one pod is an object, and of one without is not found', async () => {
    const bed = await usageBed();
    expect((await bed.get(`${USAGE}/namespaces/shop/pods/web-1`)).body).toMatchObject({
      kind: 'PodMetrics',
      metadata: { name: 'web-1' },
    });
    expect((await bed.get(`${USAGE}/namespaces/shop/pods/idle`)).body).toMatchObject({
      code: 404,
      message: 'pods.metrics.k8s.io "idle" not found',
      details: { causes: [{ reason: 'NoUsage' }] },
    });
  });

  it('of nodes too', async () => {
    const bed = await usageBed();
    const item = { metadata: { name: 'n1' }, window: '15s', usage: { cpu: '2', memory: '1Gi' } };
    expect((await bed.get(`${USAGE}/nodes`)).body).toMatchObject({ kind: 'NodeMetricsList', items: [item] });
    expect((await bed.get(`${USAGE}/nodes/n1`)).body).toMatchObject({ kind: 'NodeMetrics', ...item });
    expect((await bed.get(`${USAGE}/nodes/n2`)).status).toBe(404);
  });

  it('is a table for kubectl', async () => {
    const bed = await usageBed();
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { body } = await bed.get(`${USAGE}/namespaces/shop/pods`, { accept });
    expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect((body.columnDefinitions as readonly { readonly name: string }[]).map(({ name }) => name)).toEqual([
      'Name',
      'cpu',
      'memory',
      'Window',
    ]);
    expect(body.rows).toMatchObject([
      {
        cells: ['web-0', '200000040n', '40Ki', '15s'],
        object: { kind: 'PartialObjectMetadata', metadata: { name: 'web-0', namespace: 'shop' } },
      },
      { cells: ['web-1', '100000020n', '20Ki', '15s'] },
    ]);
    // What kubectl asks for to sort by.
    const whole = await bed.get(`${USAGE}/namespaces/shop/pods?includeObject=Object`, { accept });
    const { body: list } = await bed.get(`${USAGE}/namespaces/shop/pods`);
    expect((whole.body.rows as readonly { readonly object: object }[]).map(({ object }) => object)).toEqual(
      (list.items as readonly object[]).map((item) => ({
        kind: 'PodMetrics',
        apiVersion: 'metrics.k8s.io/v1beta1',
        ...item,
      })),
    );
    const none = await bed.get(`${USAGE}/nodes?includeObject=None`, { accept });
    expect(none.body.rows).toEqual([{ cells: ['n1', '2', '1Gi', '15s'] }]);
  });
});

describe('forms', () => {
  it('protobuf is sent to those who ask for it first', async () => {
    const bed = await webShop();
    const path = `${CUSTOM}/pods/web-1/requests_per_second`;
    const answer = await bed.get(path, { accept: 'application/vnd.kubernetes.protobuf, */*' });
    expect(answer.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    expect(answer.bytes.subarray(0, 4).toString('hex')).toBe('6b387300');
    for (const text of ['custom.metrics.k8s.io/v1beta2', 'MetricValueList', 'web-1', 'requests_per_second']) {
      expect(answer.bytes.includes(text)).toBe(true);
    }
    expect((await bed.get(path, { accept: 'application/json, application/vnd.kubernetes.protobuf' })).body.kind).toBe(
      'MetricValueList',
    );
  });

  it('others are not acceptable', async () => {
    const bed = await webShop();
    expect((await bed.get(`${CUSTOM}/pods/web-1/x`, { accept: 'application/yaml' })).body).toMatchObject({
      code: 406,
      reason: 'NotAcceptable',
    });
  });

  it('what is no request at all is refused with a Status, too', async () => {
    const bed = await webShop();
    const refused = await bed.get(`${CUSTOM}/pods/%2A/%zz`);
    expect([refused.status, refused.body]).toMatchObject([400, { kind: 'Status', reason: 'BadRequest', code: 400 }]);
  });

  it('documents are not sent twice to those who have them', async () => {
    const bed = await webShop();
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const first = await bed.get('/apis', { accept });
    expect(first.headers['content-type']).toBe(accept);
    const etag = String(first.headers.etag);
    const second = await bed.get('/apis', { accept, 'if-none-match': etag });
    expect([second.status, second.text, second.headers.etag]).toEqual([304, '', etag]);
    expect((await bed.get('/apis', { accept: 'application/json' })).body.kind).toBe('APIGroupList');
    expect((await bed.get('/apis/custom.metrics.k8s.io')).body.kind).toBe('APIGroup');
  });

  it('OpenAPI documents are there for the API server to merge, and are not sent twice', async () => {
    const bed = await webShop();
    const first = await bed.get('/openapi/v2', { accept: 'application/json' });
    expect(first.body).toMatchObject({ swagger: '2.0' });
    const again = await bed.get('/openapi/v2', { 'if-none-match': String(first.headers.etag) });
    expect([again.status, again.text]).toEqual([304, '']);
    const { paths } = (await bed.get('/openapi/v3')).body;
    const url: unknown = Reflect.get(
      Object(Reflect.get(Object(paths), 'apis/metrics.k8s.io/v1beta1')),
      'serverRelativeURL',
    );
    expect((await bed.get(String(url))).body).toMatchObject({ openapi: '3.0.0' });
  });

  it('lists name the metrics that there are', async () => {
    const bed = await webShop();
    const { body } = await bed.get('/apis/custom.metrics.k8s.io/v1beta1');
    expect((body.resources as readonly { readonly name: string }[]).map(({ name }) => name)).toEqual([
      'pods/requests_per_second',
      'namespaces/queue_depth',
      'namespaces/requests_per_second',
    ]);
  });

  it.each([
    ['GET', '/openapi/v1', 404],
    ['GET', '/openapi/v3/apis/apps/v1', 404],
    ['GET', '/version', 404],
    ['GET', '/apis/apps/v1', 404],
    ['POST', `${USAGE}/nodes`, 405],
    ['DELETE', `${USAGE}/nodes/n1`, 405],
    ['GET', `${CUSTOM}//x`, 400],
  ])('%s %s is answered %i with a Status', async (method, path, code) => {
    const bed = await ApiBed.start();
    const headers = { 'x-remote-user': 'a', 'x-remote-group': 'system:masters' };
    const answer = await bed.ask(path, { method, headers, certificate: bed.proxy });
    expect([answer.status, answer.body.kind, answer.body.code]).toEqual([code, 'Status', code]);
  });
});

it('counts its requests', async () => {
  const bed = await webShop();
  await bed.get(`${CUSTOM}/pods/web-1/requests_per_second`);
  await bed.get(`${CUSTOM}/pods/web-1/nothing`);
  await bed.ask('/apis');
  const reported: string[] = [];
  const count = (): number => {
    reported.length = 0;
    bed.api.report((key, labels, value) => void reported.push(`${key} ${Object.values(labels).join(' ')} ${value}`));
    return reported.length;
  };
  await until(() => count() > 0 && reported.includes('metricsApiInFlight  0'));
  expect(reported).toEqual(
    expect.arrayContaining([
      'metricsApiRequests custom.metrics.k8s.io 200 1',
      'metricsApiRequests custom.metrics.k8s.io 404 1',
      'metricsApiAuthentications front_proxy 2',
      'metricsApiAuthentications anonymous 1',
      'metricsApiServices custom.metrics.k8s.io ours 2',
      'metricsApiServices metrics.k8s.io others 0',
      'metricsApiCertificateProblem  0',
    ]),
  );
});

describe('who asks in vain', () => {
  it('is told of with the namespace, and nobody else', async () => {
    const bed = await webShop();
    await bed.get(`${CUSTOM}/pods/%2A/requests_per_second?labelSelector=app%3Dweb`);
    await bed.get(`${EXTERNAL}/queue_depth`);
    await bed.get('/apis/custom.metrics.k8s.io/v1beta2');
    expect(bed.unserved).toEqual([]);
    await bed.get(`${CUSTOM}/pods/%2A/nothing?labelSelector=app%3Dweb`);
    await bed.get(`${EXTERNAL}/nothing`);
    await bed.get(`${USAGE}/namespaces/shop/pods?labelSelector=app%3Dweb`);
    expect(bed.unserved).toEqual(['shop', 'shop', 'shop']);
  });
});
