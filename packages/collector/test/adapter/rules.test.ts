import { TestApiServer } from '@vigie/kube/testing/api-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compileAdapterRules } from '../../src/adapter/adapter-rules.ts';
import { findResource, type RestMapper, WELL_KNOWN } from '../../src/adapter/rest-mapper.ts';
import type { AdapterRule } from '../../src/config/adapter-config.ts';
import { EVERYTHING, parseLabelSelector } from '../../src/metrics-api/label-selector.ts';
import { configOf, never, World, writtenRule } from './world.ts';

const mapper: RestMapper = { resolve: async (written) => findResource(WELL_KNOWN, written) };
const POD = findResource(WELL_KNOWN, { resource: 'pods', group: '' });
const DEPLOYMENT = findResource(WELL_KNOWN, { resource: 'deployments', group: 'apps' });
const NAMESPACE = findResource(WELL_KNOWN, { resource: 'namespaces', group: '' });

function compiled(changes: Partial<AdapterRule>) {
  const [rule] = compileAdapterRules(configOf({ rules: [writtenRule(changes)] }), mapper).custom;
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

async function queryOf(changes: Partial<AdapterRule>, names: readonly string[], selector = '', object = POD) {
  if (object === undefined || NAMESPACE === undefined) throw new Error('not known');
  const built = await compiled(changes).query.ofObjects({
    series: 'hits_total',
    object,
    namespace: 'shop',
    namespaceResource: NAMESPACE,
    names,
    selector: parseLabelSelector(selector) ?? EVERYTHING,
    extraGroupBy: [],
  });
  return built?.query;
}

describe('the name of a metric', () => {
  it.each([
    [{ matches: '', as: '' }, 'hits_total', 'hits_total'],
    [{ matches: '^(.*)_total$', as: '' }, 'hits_total', 'hits'],
    [{ matches: '^(.*)_total$', as: '${1}_per_second' }, 'hits_total', 'hits_per_second'],
    [{ matches: '^(?P<what>.*)_(total)$', as: '${what}-${2}' }, 'hits_total', 'hits-total'],
    [{ matches: '_total$', as: 'x' }, 'hits_total', 'x'],
    [{ matches: '^(.*)_total$', as: '' }, 'hits', undefined],
    // As Go: the name of the group goes as far as it can.
    [{ matches: '^(.*)_total$', as: '$1_per_second' }, 'hits_total', ''],
  ])('by %j of %s is %s', (name, series, expected) => {
    expect(compiled({ name }).metricOf(series)).toBe(expected);
  });

  it('is none where a filter does not hold', () => {
    const rule = compiled({ seriesFilters: [{ is: '^hits' }, { isNot: '_total$' }] });
    expect(['hits', 'hits_total', 'more_hits'].map((series) => rule.metricOf(series))).toEqual([
      'hits',
      undefined,
      undefined,
    ]);
  });
});

describe('the query', () => {
  it.each([
    ['of one object', ['web-0'], '', 'sum(hits_total{namespace="shop",pod="web-0"}) by (pod)'],
    ['of several', ['web-0', 'web-1'], '', 'sum(hits_total{namespace="shop",pod=~"web-0|web-1"}) by (pod)'],
    ['with =', ['a'], 'code=200', 'sum(hits_total{code="200",namespace="shop",pod="a"}) by (pod)'],
    ['with !=', ['a'], 'code!=200', 'sum(hits_total{code!="200",namespace="shop",pod="a"}) by (pod)'],
    ['with in', ['a'], 'code in (200,201)', 'sum(hits_total{code=~"200|201",namespace="shop",pod="a"}) by (pod)'],
    ['with in of one', ['a'], 'code in (200)', 'sum(hits_total{code=~"200",namespace="shop",pod="a"}) by (pod)'],
    ['with notin', ['a'], 'code notin (200)', 'sum(hits_total{code!~"200",namespace="shop",pod="a"}) by (pod)'],
    ['with a label that is there', ['a'], 'code', 'sum(hits_total{code!="",namespace="shop",pod="a"}) by (pod)'],
    ['with one that is not', ['a'], '!code', 'sum(hits_total{code="",namespace="shop",pod="a"}) by (pod)'],
    [
      'with a name that needs quotes',
      ['a'],
      'a.b/c=x',
      'sum(hits_total{"a.b/c"="x",namespace="shop",pod="a"}) by (pod)',
    ],
  ])('%s', async (_what, names, selector, expected) => {
    expect(await queryOf({}, names, selector)).toBe(expected);
  });

  it('has what templates use', async () => {
    const metricsQuery =
      'max(<<.Series>>{<<.LabelMatchers>>,x=~"<<index .LabelValuesByName "pod">>"}) by (<<range $i, $l := .GroupBySlice>><<if $i>>,<<end>><<$l>><<end>>)';
    expect(await queryOf({ metricsQuery }, ['a', 'b'])).toBe(
      'max(hits_total{namespace="shop",pod=~"a|b",x=~"a|b"}) by (pod)',
    );
  });

  it('refuses > and <', async () => {
    await expect(queryOf({}, ['a'], 'code>5')).rejects.toThrow('use =, !=, in, notin');
  });

  it.each([
    [{ template: 'kube_<<.Group>>_<<.Resource>>', overrides: {} }, 'kube_apps_deployment="web"'],
    [{ template: '<<.Resource>>', overrides: { d: { group: 'apps', resource: 'deployment' } } }, 'd="web"'],
    [
      {
        template: '',
        overrides: { d: { group: '', resource: 'deployments' }, ns: { group: '', resource: 'namespace' } },
      },
      'ns="shop",d="web"',
    ],
  ])('names objects by %j', async (resources, expected) => {
    expect(await queryOf({ resources: { ...resources, namespaced: true } }, ['web'], '', DEPLOYMENT)).toContain(
      expected,
    );
  });

  it('is none for a kind of object that the rule has no label for', async () => {
    const overrides = { namespace: { group: '', resource: 'namespace' }, pod: { group: '', resource: 'pod' } };
    expect(
      await queryOf({ resources: { template: '', overrides, namespaced: true } }, ['web'], '', DEPLOYMENT),
    ).toBeUndefined();
  });
});

it.each([
  [{ seriesQuery: '{' }, 'rules[0].seriesQuery: '],
  [{ metricsQuery: '<<.Series' }, 'rules[0].metricsQuery: '],
  [{ name: { matches: '(', as: '' } }, 'rules[0].name.matches: '],
  [{ name: { matches: '(a)(b)', as: '' } }, 'rules[0].name.as: '],
  [{ seriesFilters: [{ is: 'a', isNot: 'b' }] }, 'rules[0].seriesFilters[0]: expected either is or isNot'],
  [{ seriesFilters: [{}] }, 'rules[0].seriesFilters[0]: expected either is or isNot'],
  [{ resources: { template: '', overrides: {}, namespaced: true } }, 'rules[0].resources: expected a template'],
  [
    { resources: { template: 'x', overrides: {}, namespaced: true } },
    'rules[0].resources.template: expected <<.Resource>>',
  ],
])('a rule with %j is refused', (changes, message) => {
  expect(() => compiled(changes)).toThrow(message);
});

describe('metrics by rules', () => {
  const rate = writtenRule({
    seriesQuery: '{__name__=~".*_total",pod!=""}',
    name: { matches: '^(.*)_total$', as: '' },
    metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)',
  });

  it('have the times of their samples, and the range of the query for window', async () => {
    const w = await World.create(configOf({ rules: [rate] }));
    w.pod('web-0');
    w.pod('web-1');
    w.add({ __name__: 'hits_total', pod: 'web-0' }, [0, 15, 30, 45, 60], 3000);
    w.add({ __name__: 'hits_total', pod: 'web-1' }, [0, 30, 60, 90, 120], 1000);
    const values = await w.adapter.custom.values(
      {
        object: { resource: 'pods', group: '' },
        namespace: 'shop',
        name: '*',
        metric: 'hits',
        objectSelector: EVERYTHING,
        metricSelector: EVERYTHING,
      },
      never,
    );
    expect(
      values.map(({ object, value, timestampMs, windowMs }) => [
        object.name,
        Number(value.toFixed(6)),
        w.clock.nowMs() - timestampMs,
        windowMs,
      ]),
    ).toEqual([
      ['web-0', 1, 3000, 60_000],
      ['web-1', 2, 1000, 60_000],
    ]);
  });

  it('are the only ones where there are rules', async () => {
    const w = await World.create(configOf({ rules: [rate] }));
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    await expect(w.custom('queue')).rejects.toThrow('could not find');
  });

  it('are there as soon as their first series is', async () => {
    const w = await World.create(configOf({ rules: [writtenRule({})] }));
    w.pod('web-0');
    await expect(w.custom('queue')).rejects.toThrow('could not find');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    await w.clock.advance(1000);
    expect(await w.custom('queue')).toEqual({ 'web-0': 1 });
  });

  it('leave out what is NaN, and say so', async () => {
    const w = await World.create(configOf({ rules: [writtenRule({})] }));
    for (const name of ['web-0', 'web-1', 'web-2']) w.pod(name);
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    w.add({ __name__: 'queue', pod: 'web-1' }, [Number.NaN]);
    expect(await w.custom('queue')).toEqual({ 'web-0': 1 });
    const question = { kind: 'pods', namespace: 'shop', metric: 'queue', podSelector: '', metricSelector: '' } as const;
    expect(await w.adapter.explainMetric(question, never)).toMatchObject({
      rule: 'rules[0]',
      query: 'sum(queue{namespace="shop",pod=~"web-0|web-1|web-2"}) by (pod)',
      wanted: 3,
      missing: [
        { name: 'web-1', reason: 'NotANumber' },
        { name: 'web-2', reason: 'NoSeries' },
      ],
    });
  });

  it('may be older where their rule says so, and have to be newer where another one does', async () => {
    const named = (as: string, maxAgeMs?: number) =>
      writtenRule({ seriesQuery: '{__name__=~"queue|rare"}', name: { matches: '(.*)', as: `${as}_$1` }, maxAgeMs });
    const rules = [named('any'), named('hourly', 3_600_000), named('fresh', 60_000)];
    const w = await World.create(configOf({ rules }));
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1], 120_000);
    w.add({ __name__: 'rare', pod: 'web-0' }, [2], 1_200_000);
    expect(await w.custom('any_queue')).toEqual({ 'web-0': 1 });
    expect(await w.custom('hourly_queue')).toEqual({ 'web-0': 1 });
    expect(await w.custom('hourly_rare')).toEqual({ 'web-0': 2 });
    for (const metric of ['fresh_queue', 'any_rare', 'fresh_rare'])
      await expect(w.custom(metric)).rejects.toThrow('could not find');
  });

  it('come from the first rule that has a value', async () => {
    const empty = writtenRule({ metricsQuery: '<<.Series>>{<<.LabelMatchers>>,none="1"}' });
    const w = await World.create(configOf({ rules: [empty, writtenRule({})] }));
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    expect(await w.custom('queue')).toEqual({ 'web-0': 1 });
  });

  it('with a query that is none are an internal error with the query', async () => {
    const w = await World.create(configOf({ rules: [writtenRule({ metricsQuery: 'sum(<<.Series>>{' })] }));
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    await expect(w.custom('queue')).rejects.toMatchObject({
      reason: 'InternalError',
      details: { causes: [{ reason: 'Query', message: 'sum(queue{' }] },
    });
  });

  it.each([
    ['an error', '<<.Serie>>', 'rules[0].metricsQuery: template: metrics-query:1'],
    ['nothing', '<<if eq .Series "other">>x<<end>>', 'rules[0].metricsQuery has made an empty query'],
  ])('whose template makes %s of a question are an internal error that names it', async (_what, metricsQuery, message) => {
    const w = await World.create(configOf({ rules: [writtenRule({ metricsQuery })] }));
    w.pod('web-0');
    w.add({ __name__: 'queue', pod: 'web-0' }, [1]);
    await expect(w.custom('queue')).rejects.toMatchObject({
      reason: 'InternalError',
      message: expect.stringContaining(message),
    });
  });

  it('are listed for each kind of object that a label names', async () => {
    const w = await World.create(configOf({ rules: [writtenRule({})] }));
    w.add({ __name__: 'queue', pod: 'web-0', deployment: 'web', shard: 'a' }, [1]);
    const documents = await w.adapter.documents();
    const { resources } = JSON.parse(documents.resources('custom.metrics.k8s.io', 'v1beta2').body);
    expect(resources.map(({ name }: { readonly name: string }) => name)).toEqual([
      'deployments.apps/queue',
      // As the adapter has it: the template takes Prometheus' own label for a Job.
      'jobs.batch/queue',
      'namespaces/queue',
      'pods/queue',
    ]);
  });
});

it('what is older than values may be is no part of a sum that is young by its other parts', async () => {
  const rules = [writtenRule({ seriesQuery: 'load' })];
  const resource = (query: string) => ({
    containerQuery: `sum(${query}{<<.LabelMatchers>>}) by (<<.GroupBy>>)`,
    nodeQuery: '',
    resources: { template: '<<.Resource>>', overrides: {}, namespaced: undefined },
    containerLabel: 'container',
  });
  const resourceRules = { cpu: resource('cores'), memory: resource('bytes'), windowMs: 60_000 };
  const w = await World.create(configOf({ rules, resourceRules }), {}, { maxAgeMs: 60_000 });
  w.pod('web-0');
  for (const [name, value] of [
    ['load', 1],
    ['cores', 2],
    ['bytes', 3],
  ] as const) {
    const labels = { __name__: name, pod: 'web-0', container: 'app' };
    w.add({ ...labels, id: 'old' }, [100], 120_000);
    w.add({ ...labels, id: 'new' }, [value]);
  }
  expect(await w.custom('load')).toEqual({ 'web-0': 1 });
  expect(await w.adapter.resources.pods('shop', EVERYTHING, never)).toMatchObject([
    { containers: [{ name: 'app', cpu: 2, memoryBytes: 3 }] },
  ]);
});

describe("a query of containers' metrics, as it is written for cAdvisor alone", () => {
  // Of kube-prometheus.
  const resource = (query: string) => ({
    containerQuery: `sum by (<<.GroupBy>>) (${query})`,
    nodeQuery: '',
    resources: {
      template: '',
      overrides: { namespace: { group: '', resource: 'namespace' }, pod: { group: '', resource: 'pod' } },
      namespaced: undefined,
    },
    containerLabel: 'container',
  });
  const resourceRules = {
    cpu: resource('irate(container_cpu_usage_seconds_total{<<.LabelMatchers>>,container!="",pod!=""}[120s])'),
    memory: resource('container_memory_working_set_bytes{<<.LabelMatchers>>,container!="",pod!=""}'),
    windowMs: 300_000,
  };
  const rules = [writtenRule({ seriesQuery: 'container_memory_working_set_bytes{container!=""}' })];
  const world = async (paths: readonly string[]) => {
    const w = await World.create(configOf({ rules, resourceRules }));
    w.pod('web-0');
    for (const container of ['app', 'proxy']) {
      for (const path of paths) {
        const group = path === '/metrics/cadvisor' ? { id: `/kubepods/${container}`, image: 'i' } : {};
        const labels = { job: 'kubelet', metrics_path: path, pod: 'web-0', container, ...group };
        w.add({ __name__: 'container_cpu_usage_seconds_total', ...labels }, [0, 3]);
        w.add({ __name__: 'container_memory_working_set_bytes', ...labels }, [100]);
      }
    }
    return w;
  };

  it.each([
    ['both', ['/metrics/cadvisor', '/metrics/resource']],
    ['both, in the other order', ['/metrics/resource', '/metrics/cadvisor']],
    ['cAdvisor', ['/metrics/cadvisor']],
    ['/metrics/resource', ['/metrics/resource']],
  ])('counts each once where kubelets tell of it at %s', async (_where, paths) => {
    const w = await world(paths);
    const containers = ['app', 'proxy'].map((name) => ({ name, cpu: 0.2, memoryBytes: 100 }));
    // What cAdvisor told of it, before nobody asked it any more.
    const before = { job: 'kubelet', metrics_path: '/metrics/cadvisor', pod: 'web-0', container: 'app', id: '/before' };
    w.add({ __name__: 'container_cpu_usage_seconds_total', ...before }, [0, 3, 'stale'], 150_000);
    w.add({ __name__: 'container_memory_working_set_bytes', ...before }, [100, 'stale'], 150_000);
    expect(await w.adapter.resources.pods('shop', EVERYTHING, never)).toMatchObject([{ containers }]);
    expect(await w.custom('container_memory_working_set_bytes')).toEqual({ 'web-0': 200 });
  });
});

describe('a rule that does not say which label names its objects', () => {
  const rule = (overrides: Readonly<Record<string, string>>) =>
    writtenRule({
      seriesQuery: 'hits',
      resources: {
        template: '',
        overrides: Object.fromEntries(
          Object.entries(overrides).map(([label, resource]) => [label, { group: '', resource }]),
        ),
        namespaced: true,
      },
    });
  const withoutPods = rule({ namespace: 'namespace' });

  it('is said to be the reason, where no other has a value', async () => {
    const w = await World.create(configOf({ rules: [withoutPods] }));
    w.pod('web-0');
    w.add({ __name__: 'hits', pod: 'web-0' }, [3]);
    await expect(w.custom('hits')).rejects.toMatchObject({
      details: {
        causes: [
          {
            reason: 'NoLabel',
            message: 'rules[0]: its resources do not say which labels are the names of pods and namespaces',
          },
        ],
      },
    });
  });

  it('gives way to one that does, if only in saying what is missing', async () => {
    const withPods = rule({ namespace: 'Namespace', pod: 'Pod' });
    const w = await World.create(configOf({ rules: [withoutPods, withPods] }));
    w.pod('web-0');
    w.pod('web-1');
    w.add({ __name__: 'hits', pod: 'web-0' }, [3]);
    expect(await w.custom('hits')).toEqual({ 'web-0': 3 });
    await expect(w.custom('hits', { name: 'web-1' })).rejects.toMatchObject({
      details: { causes: [{ reason: 'Query' }, { reason: 'NoSeries' }] },
    });
  });

  it('is the reason for an external metric of the namespace, too', async () => {
    const external = writtenRule({
      seriesQuery: 'hits',
      resources: { template: '', overrides: {}, namespaced: undefined },
    });
    const w = await World.create(configOf({ externalRules: [external] }));
    w.add({ __name__: 'hits' }, [3]);
    const asked = { namespace: 'shop', metric: 'hits', selector: EVERYTHING };
    await expect(w.adapter.external.values(asked, never)).rejects.toMatchObject({
      details: { causes: [{ reason: 'NoLabel', message: expect.stringContaining('the names of namespaces') }] },
    });
  });

  it('leaves an external metric to the adapter that others are delegated to', async () => {
    const item = { metricName: 'hits', metricLabels: {}, timestamp: '2026-11-21T10:00:00Z', value: '7' };
    const list = { kind: 'ExternalMetricValueList', items: [item] };
    const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/hits';
    const delegate = await TestApiServer.start({ documents: { [path]: list } });
    onTestFinished(() => delegate.stop());
    const external = writtenRule({
      seriesQuery: 'hits',
      resources: { template: '', overrides: {}, namespaced: undefined },
    });
    const w = await World.create(configOf({ externalRules: [external] }), {}, { delegate });
    w.add({ __name__: 'hits' }, [3]);
    const asked = { namespace: 'shop', metric: 'hits', selector: EVERYTHING };
    expect(await w.adapter.external.values(asked, never)).toMatchObject([{ value: 7 }]);
  });
});

describe('the list of metrics', () => {
  it('has the rules and series behind each', async () => {
    const resources = { template: '', overrides: { pod: { group: '', resource: 'pod' } }, namespaced: true };
    const rule = writtenRule({ resources, name: { matches: '^(.*)_total$', as: '$1' } });
    const world = await World.create(configOf({ rules: [rule], externalRules: [rule] }));
    world.add({ __name__: 'hits_total', pod: 'web-0' }, [1, 2]);
    const origins = (list: string) => [{ rule: `${list}[0]`, series: 'hits_total' }];
    expect(await world.adapter.listMetrics(never)).toEqual({
      resource: [
        { metric: 'cpu', rule: 'kubelet', query: expect.stringContaining('container_cpu') },
        { metric: 'memory', rule: 'kubelet', query: expect.stringContaining('container_memory') },
      ],
      custom: [{ resource: 'pods', metric: 'hits', origins: origins('rules') }],
      external: [{ metric: 'hits', origins: origins('externalRules') }],
    });
  });

  it('has what is there without rules', async () => {
    const world = await World.create();
    world.add({ __name__: 'hits_total', pod: 'web-0' }, [1, 2]);
    const origins = [{ rule: 'default', series: 'hits_total' }];
    const { custom, external } = await world.adapter.listMetrics(never);
    expect(custom).toContainEqual({ resource: 'pods', metric: 'hits_per_second', origins });
    expect(external).toEqual([{ metric: 'hits_per_second', origins }]);
  });
});
