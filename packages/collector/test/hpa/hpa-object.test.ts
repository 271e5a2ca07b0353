import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { hpaSchema } from '../../src/hpa/hpa-object.ts';
import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP } from '../../src/hpa/hpa-spec.ts';
import { quantityMilli } from '../../src/hpa/quantity-milli.ts';

const metadata = { name: 'web', namespace: 'shop' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

function decode(spec: object) {
  const kind = 'HorizontalPodAutoscaler';
  return v.safeParse(hpaSchema, { apiVersion: 'autoscaling/v2', kind, metadata, spec: { scaleTargetRef, ...spec } });
}

describe('a HorizontalPodAutoscaler', () => {
  it('has the defaults of the API server', () => {
    expect(decode({ maxReplicas: 5 }).output).toEqual({
      namespace: 'shop',
      name: 'web',
      scaleTarget: scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [{ type: 'resource', resource: 'cpu', target: { type: 'utilization', percent: 80 } }],
      behavior: undefined,
    });
    expect(decode({ maxReplicas: 5, targetCPUUtilizationPercentage: 60 }).output).toMatchObject({
      metrics: [{ target: { percent: 60 } }],
    });
    expect(decode({ maxReplicas: 5, behavior: { scaleUp: { selectPolicy: 'Min' } } }).output).toMatchObject({
      behavior: { scaleUp: { ...DEFAULT_SCALE_UP, selectPolicy: 'min' }, scaleDown: DEFAULT_SCALE_DOWN },
    });
  });

  it.each([
    ['0.0125', 0.0125],
    ['50m', 0.05],
    [0, 0],
  ])('has the tolerance %j as it is, not rounded to thousandths', (tolerance, expected) => {
    expect(decode({ maxReplicas: 5, behavior: { scaleDown: { tolerance } } }).output).toMatchObject({
      behavior: { scaleDown: { tolerance: expected }, scaleUp: { tolerance: undefined } },
    });
  });

  it('has metrics of every kind', () => {
    const metric = {
      name: 'm',
      selector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['d', 'e'] }] },
    };
    const { output } = decode({
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
        {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container: 'web', target: { type: 'Utilization', averageUtilization: 50 } },
        },
        { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '1500m' } } },
        {
          type: 'Object',
          object: { metric, describedObject: scaleTargetRef, target: { type: 'Value', value: '10k' } },
        },
        { type: 'External', external: { metric, target: { type: 'AverageValue', averageValue: 30 } } },
      ],
    });
    expect(output).toMatchObject({
      metrics: [
        { type: 'resource', resource: 'memory', target: { type: 'average_value', milli: 1024 ** 3 * 1000 } },
        { type: 'container_resource', container: 'web', target: { type: 'utilization', percent: 50 } },
        { type: 'pods', metric: 'm', selector: 'a=b,c in (d,e)', target: { milli: 1_500 } },
        { type: 'object', object: scaleTargetRef, target: { type: 'value', milli: 10_000_000 } },
        { type: 'external', target: { type: 'average_value', milli: 30_000 } },
      ],
    });
  });

  it.each([
    [{}, 'spec.maxReplicas'],
    [{ maxReplicas: 3, metrics: [{ type: 'Odd' }] }, 'spec.metrics.0.type'],
    [
      { maxReplicas: 3, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
      'spec.metrics.0.resource.target',
    ],
    [
      { maxReplicas: 3, metrics: [{ type: 'Pods', pods: { metric: { name: 'm' }, target: { averageValue: '1x' } } }] },
      'spec.metrics.0.pods.target.averageValue',
    ],
  ])('says where %j is none', (spec, path) => {
    const { issues } = decode(spec);
    expect(issues?.map((issue) => v.getDotPath(issue))).toEqual([path]);
  });
});

describe('a quantity in thousandths', () => {
  it.each([
    ['1', 1_000],
    ['250m', 250],
    ['0.85', 850],
    ['.5', 500],
    ['1e3', 1_000_000],
    ['1.5k', 1_500_000],
    ['1Ki', 1_024_000],
    ['1n', 1],
    ['1500u', 2],
    ['-1500u', -1],
    ['0', 0],
    ['', undefined],
    ['m', undefined],
    ['1 k', undefined],
    ['1Kb', undefined],
  ])('%s', (text, milli) => {
    expect(quantityMilli(text)).toBe(milli);
  });
});
