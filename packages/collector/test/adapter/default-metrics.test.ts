import { describe, expect, it } from 'vitest';
import { EVERYTHING } from '../../src/metrics-api/label-selector.ts';
import { never, World } from './world.ts';

async function world(): Promise<World> {
  const made = await World.create();
  made.pod('web-0');
  made.pod('web-1');
  return made;
}

describe('without rules', () => {
  it('a counter is offered as its rate, added up over other labels', async () => {
    const w = await world();
    w.add({ __name__: 'hits_total', pod: 'web-0', path: '/' }, [0, 30]);
    w.add({ __name__: 'hits_total', pod: 'web-0', path: '/b' }, [100, 115]);
    w.add({ __name__: 'hits_total', pod: 'web-1' }, [0, 15]);
    expect(await w.custom('hits_per_second')).toEqual({ 'web-0': 3, 'web-1': 1 });
    await expect(w.custom('hits_total')).rejects.toThrow('could not find the metric hits_total for pods');
  });

  it('a counter of another name is too, where its type is known', async () => {
    const w = await world();
    w.storage.types.set('bytes_out', 'counter');
    w.add({ __name__: 'bytes_out', pod: 'web-0' }, [0, 30]);
    expect(await w.custom('bytes_out_per_second')).toEqual({ 'web-0': 2 });
    await expect(w.custom('bytes_out')).rejects.toThrow('could not find');
  });

  it('a gauge is offered by its own name, added up', async () => {
    const w = await world();
    w.storage.types.set('jobs_total', 'gauge');
    w.add({ __name__: 'queue', pod: 'web-0', shard: 'a' }, [1, 2]);
    w.add({ __name__: 'queue', pod: 'web-0', shard: 'b' }, [5]);
    w.add({ __name__: 'jobs_total', pod: 'web-1' }, [9]);
    expect(await w.custom('queue')).toEqual({ 'web-0': 7 });
    expect(await w.custom('jobs_total')).toEqual({ 'web-1': 9 });
  });

  it.each([
    'histogram',
    'summary',
    '',
  ])('a distribution of type %j is offered as a rate and as a mean', async (type) => {
    const w = await world();
    if (type !== '') w.storage.types.set('latency', type);
    w.add({ __name__: 'latency_count', pod: 'web-0' }, [0, 30]);
    w.add({ __name__: 'latency_sum', pod: 'web-0' }, [0, 6]);
    w.add({ __name__: 'latency_bucket', pod: 'web-0', le: '1' }, [0, 30]);
    w.add({ __name__: 'latency_count', pod: 'web-1' }, [7, 7]);
    w.add({ __name__: 'latency_sum', pod: 'web-1' }, [3, 3]);
    expect(await w.custom('latency_per_second')).toEqual({ 'web-0': 2, 'web-1': 0 });
    // Nothing was observed on the other one: it has no mean, and above all not 0.
    expect(await w.custom('latency')).toEqual({ 'web-0': 0.2 });
    for (const name of ['latency_bucket', 'latency_count', 'latency_sum']) {
      await expect(w.custom(name)).rejects.toThrow('could not find');
    }
  });

  it('a mean is none of a sum alone, nor of a count alone', async () => {
    const w = await world();
    for (const name of ['web-2', 'web-3']) w.pod(name);
    w.add({ __name__: 'latency_sum', pod: 'web-0' }, [0, 6]);
    w.add({ __name__: 'latency_count', pod: 'web-1' }, [0, 30]);
    w.add({ __name__: 'latency_sum', pod: 'web-2' }, [0, 6]);
    w.add({ __name__: 'latency_count', pod: 'web-2' }, [30, 'stale']);
    w.add({ __name__: 'latency_sum', pod: 'web-3' }, [0, 6]);
    w.add({ __name__: 'latency_count', pod: 'web-3' }, [0, 30]);
    expect(await w.custom('latency')).toEqual({ 'web-3': 0.2 });
  });

  it('info, creation times and buckets are not offered', async () => {
    const w = await world();
    for (const name of ['build_info', 'hits_created', 'x_bucket']) {
      w.add({ __name__: name, pod: 'web-0' }, [1]);
      await expect(w.custom(name)).rejects.toThrow('could not find');
    }
    w.storage.types.set('state', 'stateset');
    w.add({ __name__: 'state', pod: 'web-0' }, [1]);
    await expect(w.custom('state')).rejects.toThrow('could not find');
  });

  it('pods are picked by labels, and of a name in another namespace are others', async () => {
    const w = await world();
    w.pod('db-0', { labels: { app: 'db' } });
    for (const pod of ['web-0', 'web-1', 'db-0', 'gone-0']) w.add({ __name__: 'queue', pod }, [1]);
    w.add({ __name__: 'queue', namespace: 'other', pod: 'web-0' }, [100]);
    expect(await w.custom('queue', { selector: 'app=web' })).toEqual({ 'web-0': 1, 'web-1': 1 });
    expect(await w.custom('queue', { name: 'db-0' })).toEqual({ 'db-0': 1 });
  });

  it('names with dots are found as well', async () => {
    const w = await world();
    w.pod('web.a');
    w.add({ __name__: 'queue', pod: 'web.a' }, [1]);
    w.add({ __name__: 'queue', pod: 'webxa' }, [2]);
    expect(await w.custom('queue')).toEqual({ 'web.a': 1 });
  });

  it('a fresh pod has a value from its start', async () => {
    const w = await world();
    w.pod('web-2', { ageMs: 10_000 });
    w.add({ __name__: 'hits_total', pod: 'web-2' }, [40]);
    expect(await w.custom('hits_per_second')).toEqual({ 'web-2': 4 });
  });

  it('a value older than four scrapes is left out', async () => {
    const w = await world();
    w.add({ __name__: 'queue', pod: 'web-0' }, [1], 61_000);
    w.add({ __name__: 'queue', pod: 'web-1' }, [1], 59_000);
    expect(await w.custom('queue')).toEqual({ 'web-1': 1 });
  });

  it('other objects are named by their own label', async () => {
    const w = await world();
    w.add({ __name__: 'lag', service: 'mail' }, [3]);
    w.add({ __name__: 'lag', deployment: 'mailer' }, [4]);
    w.add({ __name__: 'lag', namespace: '', node: 'n1' }, [5]);
    w.node('n1');
    const of = (resource: string, group = '') => ({ object: { resource, group }, name: '*' });
    expect(await w.custom('lag', of('services'))).toEqual({ mail: 3 });
    expect(await w.custom('lag', of('deployments', 'apps'))).toEqual({ mailer: 4 });
    expect(await w.custom('lag', { ...of('nodes'), namespace: undefined })).toEqual({ n1: 5 });
    expect(await w.custom('lag', { ...of('namespaces'), name: 'shop', namespace: undefined })).toEqual({ shop: 7 });
  });

  it('objects of other kinds are picked by the labels that the API server has of them', async () => {
    const w = await world();
    w.kube.put('services', { metadata: { name: 'mail', namespace: 'shop', labels: { team: 'a' } } });
    w.kube.put('services', { metadata: { name: 'web', namespace: 'shop', labels: { team: 'b' } } });
    w.add({ __name__: 'lag', service: 'mail' }, [3]);
    w.add({ __name__: 'lag', service: 'web' }, [4]);
    const services = { object: { resource: 'services', group: '' } };
    expect(await w.custom('lag', { ...services, selector: 'team=a' })).toEqual({ mail: 3 });
    expect(await w.custom('lag', { ...services, selector: 'team=a' })).toEqual({ mail: 3 });
    expect(w.kube.count('list')).toBe(1);
  });

  it('lists what is offered', async () => {
    const w = await world();
    w.storage.types.set('latency', 'histogram');
    w.add({ __name__: 'hits_total', pod: 'web-0' }, [1]);
    w.add({ __name__: 'latency_count', pod: 'web-0' }, [1]);
    w.add({ __name__: 'latency_bucket', pod: 'web-0' }, [1]);
    w.add({ __name__: 'lag', service: 'mail' }, [1]);
    const documents = await w.adapter.documents();
    const body = JSON.parse(documents.resources('custom.metrics.k8s.io', 'v1beta2').body);
    expect(body.resources.map(({ name }: { readonly name: string }) => name)).toEqual([
      'pods/hits_per_second',
      'pods/latency',
      'pods/latency_per_second',
      'services/lag',
      'namespaces/hits_per_second',
      'namespaces/lag',
      'namespaces/latency',
      'namespaces/latency_per_second',
    ]);
  });
});

describe('an explanation', () => {
  it('says of each pod what became of it', async () => {
    const w = await world();
    for (const name of ['web-2', 'web-3', 'web-4']) w.pod(name);
    w.add({ __name__: 'hits_total', pod: 'web-0' }, [0, 15]);
    w.add({ __name__: 'hits_total', pod: 'web-1' }, [5]);
    w.add({ __name__: 'hits_total', pod: 'web-2' }, [5, 'stale']);
    w.add({ __name__: 'hits_total', pod: 'web-3' }, [5, Number.NaN]);
    const explained = await w.adapter.explainMetric(
      { kind: 'pods', namespace: 'shop', metric: 'hits_per_second', podSelector: 'app=web', metricSelector: '' },
      new AbortController().signal,
    );
    expect(explained).toMatchObject({
      metric: 'hits_per_second',
      rule: 'default',
      query: 'sum by (pod) (rate(hits_total[4 scrape intervals]))',
      wanted: 5,
      values: [{ name: 'web-0', value: 1, timestampMs: w.clock.nowMs(), windowMs: 15_000 }],
    });
    expect(explained.missing.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'web-1 OnlyOneSample',
      'web-2 SeriesEnded',
      'web-3 NotANumber',
      'web-4 NoSeries',
    ]);
    expect(explained.series[0]).toEqual({
      series: 'hits_total{job="app", namespace="shop", pod="web-0"}',
      value: 1,
      timestampMs: w.clock.nowMs(),
      problem: undefined,
    });
  });

  it('says that nothing is behind a metric', async () => {
    const w = await world();
    const question = { namespace: 'shop', metric: 'nothing', metricSelector: '' } as const;
    const pods = await w.adapter.explainMetric(
      { kind: 'pods', podSelector: '', ...question },
      new AbortController().signal,
    );
    expect(pods).toMatchObject({ rule: undefined, wanted: 2, values: [] });
    const external = await w.adapter.explainMetric({ kind: 'external', ...question }, new AbortController().signal);
    expect(external).toMatchObject({ rule: undefined, values: [] });
  });

  it('says of an object in no namespace that no HPA gets it, but for the namespace of its own', async () => {
    const w = await world();
    w.add({ __name__: 'load', node: 'n1' }, [3]);
    const question = { kind: 'object', namespace: 'shop', name: 'n1', metric: 'load', metricSelector: '' } as const;
    const explain = (resource: string) =>
      w.adapter.explainMetric({ ...question, object: { resource, group: '' } }, new AbortController().signal);
    // As the API answers the controller, which names the namespace of the HPA in every path.
    await expect(w.custom('load', { object: { resource: 'nodes', group: '' }, name: 'n1' })).rejects.toMatchObject({
      reason: 'NotFound',
    });
    await expect(explain('node')).rejects.toThrow('nodes are in no namespace');
    expect((await explain('namespace')).values).toMatchObject([{ name: 'shop', value: 3 }]);
  });

  it('says which pods lack usage', async () => {
    const w = await world();
    const labels = { job: 'kubelet', pod: 'web-0', container: 'app' };
    w.add({ __name__: 'container_cpu_usage_seconds_total', ...labels }, [0, 3]);
    w.add({ __name__: 'container_memory_working_set_bytes', ...labels }, [100]);
    const question = { kind: 'resource', namespace: 'shop', podSelector: '', resource: 'cpu' } as const;
    const explain = (container: string | undefined) =>
      w.adapter.explainMetric({ ...question, container }, new AbortController().signal);
    expect(await explain(undefined)).toMatchObject({
      rule: 'kubelet',
      wanted: 2,
      values: [{ name: 'web-0', value: 0.2 }],
      missing: [{ name: 'web-1', reason: 'NoUsage' }],
    });
    // As the controller adds up containers: a ten-thousandth of a processor of each is a thousandth.
    for (const container of ['b', 'c']) {
      w.add({ __name__: 'container_cpu_usage_seconds_total', ...labels, container }, [0, 0.0015]);
      w.add({ __name__: 'container_memory_working_set_bytes', ...labels, container }, [100]);
    }
    expect((await explain(undefined)).values).toMatchObject([{ name: 'web-0', value: 0.202 }]);
    expect((await explain('other')).missing).toMatchObject([
      { name: 'web-0', reason: 'NoContainer' },
      { name: 'web-1' },
    ]);
  });
});

describe('an endpoint that several targets are about', () => {
  const POD = '10.0.0.1:8080';
  const labelNames = new Set(['job', 'instance', 'namespace', 'pod', 'service']);

  async function shared(): Promise<World> {
    const w = await world();
    w.endpoints.set(POD, { id: POD, labelNames });
    return w;
  }

  it('counts once for its pod, whichever jobs and services ask for it', async () => {
    const w = await shared();
    const series = { __name__: 'hits_total', pod: 'web-0', instance: POD };
    for (const target of [{ job: 'pods' }, { job: 'endpoints', service: 'a' }, { job: 'endpoints', service: 'b' }]) {
      w.add({ ...series, code: '200', ...target }, [0, 30]);
      w.add({ ...series, code: '500', ...target }, [0, 15]);
    }
    // Of the other port there is one.
    w.add({ ...series, instance: '10.0.0.1:9090', job: 'pods', code: '200' }, [0, 15]);
    expect(await w.custom('hits_per_second')).toEqual({ 'web-0': 4 });
  });

  it('counts for each of the services that lead to it', async () => {
    const w = await shared();
    for (const service of ['a', 'b'])
      for (const job of ['endpoints', 'monitor'])
        w.add({ __name__: 'queue', pod: 'web-0', instance: POD, job, service }, [7]);
    const service = { object: { resource: 'services', group: '' } };
    expect(await w.custom('queue', { ...service, name: 'a' })).toEqual({ a: 7 });
    expect(await w.custom('queue', { ...service, name: 'b' })).toEqual({ b: 7 });
  });

  it('counts with what goes on, where one of its targets has ended, and with the newest', async () => {
    const w = await shared();
    w.add({ __name__: 'queue', pod: 'web-0', instance: POD, job: 'a' }, [9, 'stale']);
    w.add({ __name__: 'queue', pod: 'web-0', instance: POD, job: 'b' }, [6], 15_000);
    w.add({ __name__: 'queue', pod: 'web-0', instance: POD, job: 'c' }, [7], 5000);
    expect(await w.custom('queue')).toEqual({ 'web-0': 7 });
  });

  it('is one value of an external metric', async () => {
    const w = await shared();
    for (const job of ['a', 'b']) w.add({ __name__: 'depth', pod: 'web-0', instance: POD, job }, [7]);
    const question = { namespace: 'shop', metric: 'depth', selector: EVERYTHING };
    expect((await w.adapter.external.values(question, never)).map(({ value }) => value)).toEqual([7]);
  });
});

describe('what cAdvisor tells', () => {
  const MEMORY = 'container_memory_working_set_bytes';
  const kubelet = { __name__: MEMORY, job: 'kubelet', instance: 'n1', node: 'n1' };
  const slice = '/kubepods.slice';
  const group = { ...kubelet, pod: 'web-0' };

  function containers(w: World): void {
    w.add({ ...kubelet, namespace: '', id: '/' }, [9000]);
    w.add({ ...kubelet, namespace: '', id: slice }, [4000]);
    w.add({ ...group, id: `${slice}/pod1` }, [33]);
    w.add({ ...group, id: `${slice}/pod1/pause`, container: 'POD' }, [1]);
    w.add({ ...group, id: `${slice}/pod1/a`, container: 'app' }, [20]);
    w.add({ ...group, id: `${slice}/pod1/b`, container: 'proxy' }, [10]);
  }

  it('is added up by containers, and not again by the groups around them', async () => {
    const w = await world();
    w.node('n1');
    containers(w);
    expect(await w.custom(MEMORY)).toEqual({ 'web-0': 31 });
    const node = { object: { resource: 'nodes', group: '' }, namespace: undefined, name: 'n1' };
    expect(await w.custom(MEMORY, node)).toEqual({ n1: 31 });
    const question = { namespace: 'shop', metric: MEMORY, selector: EVERYTHING };
    const values = (await w.adapter.external.values(question, never)).map(({ value }) => value);
    expect(values.toSorted((a, b) => a - b)).toEqual([1, 10, 20]);
  });

  it('counts once with what the kubelet tells of the same container', async () => {
    const w = await world();
    containers(w);
    w.add({ ...group, container: 'app' }, [21]);
    w.add({ ...group, container: 'proxy' }, [11]);
    expect(await w.custom(MEMORY)).toEqual({ 'web-0': 33 });
  });

  it('is not taken for what others have below a label id', async () => {
    const w = await world();
    for (const id of ['/', '/users', '/users/7']) w.add({ __name__: 'open_requests', pod: 'web-0', id }, [1]);
    expect(await w.custom('open_requests')).toEqual({ 'web-0': 3 });
  });

  it('is that of the pod where its containers have no value', async () => {
    const w = await world();
    w.add({ ...group, id: `${slice}/pod1` }, [33]);
    w.add({ ...group, id: `${slice}/pod1/a`, container: 'app' }, [20, 'stale']);
    expect(await w.custom(MEMORY)).toEqual({ 'web-0': 33 });
  });
});
