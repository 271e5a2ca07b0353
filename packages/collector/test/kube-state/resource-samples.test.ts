import { describe, expect, it } from 'vitest';
import { resourceSamples } from '../../src/kube-state/resource-samples.ts';

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
