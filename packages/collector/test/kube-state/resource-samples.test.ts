import { describe, expect, it } from 'vitest';
import { resourceSamples } from '../../src/kube-state/resource-samples.ts';
import { parseQuantity } from '../../src/metrics-api/parse-quantity.ts';

describe('quantities', () => {
  it.each([
    ['0', 0],
    ['100m', 0.1],
    ['250u', 0.00025],
    ['1n', 1e-9],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['-2k', -2000],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['1E', 1e18],
    ['1e3', 1000],
    ['2E-3', 0.002],
    ['12Ei', 12 * 2 ** 60],
    ['', undefined],
    ['1 Gi', undefined],
    ['Gi', undefined],
    ['0x10', undefined],
  ])('%j is %s', (text, value) => expect(parseQuantity(text)).toBe(value));
});

describe('amounts of resources', () => {
  it('have the units of kube-state-metrics, are rounded upwards, and leave out what that leaves out', () => {
    const amounts = {
      requests: {
        cpu: '1.0001',
        memory: '100m',
        'nvidia.com/gpu': 2,
        'attachable-volumes-csi': '25',
        pods: '3',
        odd: '1',
      },
    };
    expect(resourceSamples([], amounts, 'requests').map(({ labels, value }) => [...labels.flat(), value])).toEqual([
      ['resource', 'attachable_volumes_csi', 'unit', 'byte', 25],
      ['resource', 'cpu', 'unit', 'core', 1.001],
      ['resource', 'memory', 'unit', 'byte', 1],
      ['resource', 'nvidia_com_gpu', 'unit', 'integer', 2],
      ['resource', 'pods', 'unit', 'integer', 3],
    ]);
  });
});
