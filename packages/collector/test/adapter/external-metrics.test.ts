import { describe, expect, it } from 'vitest';
import { EVERYTHING } from '../../src/metrics-api/label-selector.ts';
import { configOf, never, World, writtenRule } from './world.ts';

describe('external metrics by rules', () => {
  const external = (namespaced: boolean, metricsQuery = 'sum(<<.Series>>{<<.LabelMatchers>>}) by (queue)') =>
    configOf({
      externalRules: [
        writtenRule({
          seriesQuery: 'depth',
          metricsQuery,
          resources: { template: '<<.Resource>>', overrides: {}, namespaced },
        }),
      ],
    });
  const ask = async (w: World) =>
    (await w.adapter.external.values({ namespace: 'shop', metric: 'depth', selector: EVERYTHING }, never)).map(
      ({ labels, value }) => [labels, value],
    );

  it.each([
    [true, [[{ queue: 'a' }, 1]]],
    [
      false,
      [
        [{ queue: 'a' }, 1],
        [{ queue: 'b' }, 2],
      ],
    ],
  ])('are of the namespace where namespaced is %s', async (namespaced, expected) => {
    const w = await World.create(external(namespaced));
    w.add({ __name__: 'depth', queue: 'a' }, [1]);
    w.add({ __name__: 'depth', queue: 'b', namespace: 'other' }, [2]);
    expect(await ask(w)).toEqual(expected);
  });

  it.each([
    ['a rate', 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (queue)', [0, 1, 2], ['SeriesEnded']],
    ['a value of a moment', 'sum(<<.Series>>{<<.LabelMatchers>>}) by (queue)', [1], []],
  ])('are left out where the series of their labels are too old, as %s', async (_what, metricsQuery, values, reasons) => {
    const { externalRules } = external(true, metricsQuery);
    const w = await World.create(configOf({ externalRules }), {}, { maxAgeMs: 60_000 });
    w.add({ __name__: 'depth', queue: 'a' }, values, 120_000);
    w.add({ __name__: 'depth', queue: 'b' }, values);
    expect((await ask(w)).map(([labels]) => labels)).toEqual([{ queue: 'b' }]);
    const question = { kind: 'external', namespace: 'shop', metric: 'depth', metricSelector: '' } as const;
    const { missing } = await w.adapter.explainMetric(question, never);
    expect(missing.map(({ reason }) => reason)).toEqual(reasons);
  });

  it('have the newest time of all that was read where no series has their labels', async () => {
    const made = 'label_replace(sum(<<.Series>>{<<.LabelMatchers>>}), "made", "x", "", "")';
    const w = await World.create(external(true, made));
    w.add({ __name__: 'depth', queue: 'a' }, [1], 30_000);
    w.add({ __name__: 'depth', queue: 'b' }, [1], 15_000);
    expect(
      await w.adapter.external.values({ namespace: 'shop', metric: 'depth', selector: EVERYTHING }, never),
    ).toEqual([{ labels: { made: 'x' }, value: 2, timestampMs: w.clock.nowMs() - 15_000, windowMs: undefined }]);
  });

  it('that are a scalar are no newer than what it was made of', async () => {
    const scalar = external(true, 'scalar(sum(<<.Series>>{<<.LabelMatchers>>}))');
    const w = await World.create(scalar, {}, { maxAgeMs: 60_000 });
    w.add({ __name__: 'depth' }, [5], 50_000);
    const question = { namespace: 'shop', metric: 'depth', selector: EVERYTHING };
    expect(await w.adapter.external.values(question, never)).toMatchObject([
      { value: 5, timestampMs: w.clock.nowMs() - 50_000 },
    ]);
    await w.clock.advance(15_000);
    await expect(w.adapter.external.values(question, never)).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('may be a scalar', async () => {
    const w = await World.create(external(true, 'scalar(sum(<<.Series>>{<<.LabelMatchers>>}))'));
    w.add({ __name__: 'depth' }, [5]);
    expect(await ask(w)).toEqual([[{}, 5]]);
  });
});

it('resources that are not known are asked of the cluster, once', async () => {
  const widgets = {
    resource: 'widgets',
    singularResource: 'widget',
    scope: 'Namespaced',
    responseKind: { kind: 'Widget' },
  };
  const documents = {
    '/api/v1': {
      groupVersion: 'v1',
      resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod' }],
    },
    '/apis': {
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: { name: 'shop.example' }, versions: [{ version: 'v2', resources: [widgets] }] }],
    },
  };
  const w = await World.create(undefined, { documents });
  w.add({ __name__: 'lag', widget: 'w1' }, [3]);
  const of = (resource: string) => ({ object: { resource, group: 'shop.example' }, name: 'w1' });
  expect(await w.custom('lag', of('widgets'))).toEqual({ w1: 3 });
  await expect(w.custom('lag', of('gadgets'))).rejects.toThrow('could not find');
  expect(w.kube.requests.map(({ path }) => path)).toEqual(['/api/v1', '/apis']);
});
