import { describe, expect, it } from 'vitest';
import { injectedPod } from './patched.ts';
import { pod } from './pods.ts';

const USER = { securityContext: { runAsUser: 1000 } };

/** What the sidecar gets beside containers with these resources. */
function resourcesBeside(
  others: readonly object[],
  annotations: Readonly<Record<string, string>> = {},
  spec: object = {},
) {
  const [first = {}, ...rest] = others.map((resources, index) => ({
    name: index === 0 ? 'app' : `init-${index}`,
    image: 'i',
    ...USER,
    resources,
  }));
  const { sidecar } = injectedPod(pod({ annotations, containers: [first], spec: { initContainers: rest, ...spec } }));
  return sidecar.resources;
}

const DEFAULT = { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } };

describe('the resources of the sidecar', () => {
  it('are those of the settings where containers have none or some', () => {
    expect(resourcesBeside([{}])).toEqual(DEFAULT);
    expect(resourcesBeside([{ limits: { cpu: '1' } }, {}])).toEqual(DEFAULT);
    expect(resourcesBeside([{ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } }])).toEqual(DEFAULT);
  });

  it('have a limit of what every container has one of: a quota may ask for it', () => {
    expect(resourcesBeside([{ requests: { cpu: '1' }, limits: { cpu: '2' } }, { limits: { cpu: 1 } }])).toEqual({
      ...DEFAULT,
      limits: { memory: '128Mi', cpu: '500m' },
    });
    const asked = { 'vigie.io/resources': '{"requests":{"cpu":"750m"}}' };
    expect(resourcesBeside([{ requests: { cpu: '1' }, limits: { cpu: '2' } }], asked)).toEqual({
      requests: { cpu: '750m' },
      limits: { cpu: '750m' },
    });
  });

  it('have a request of what every container has one of', () => {
    expect(resourcesBeside([{ requests: { 'ephemeral-storage': '1Gi' } }])).toEqual({
      ...DEFAULT,
      requests: { ...DEFAULT.requests, 'ephemeral-storage': '64Mi' },
    });
    expect(
      resourcesBeside([{ requests: { memory: '1Gi' } }], { 'vigie.io/resources': '{"limits":{"memory":"64Mi"}}' }),
    ).toEqual({
      limits: { memory: '64Mi' },
    });
  });

  it.each([
    [{ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }],
    [{ requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: 1, memory: '1Gi' } }],
    [{ limits: { cpu: '1', memory: '1Gi' } }],
  ])('leave a pod in the class Guaranteed: %j', (resources) => {
    expect(resourcesBeside([resources, { limits: { cpu: '1', memory: '1Gi' } }])).toEqual({
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '100m', memory: '128Mi' },
    });
  });

  it('are none in a pod that has resources as a whole, of which they would be a part', () => {
    expect(resourcesBeside([{}], {}, { resources: { limits: { memory: '1Gi' } } })).toEqual({});
    expect(resourcesBeside([{}], {}, { resources: {} })).toEqual(DEFAULT);
  });
});
