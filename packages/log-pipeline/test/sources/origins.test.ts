import { describe, expect, it } from 'vitest';
import { Origins, originFacts, type PlaceFacts } from '../../src/sources/origins.ts';

const POD: PlaceFacts = {
  namespace: 'shop',
  podName: 'web-0',
  podUid: 'u0',
  containerName: 'web',
  nodeName: 'n1',
  labels: { app: 'web', tier: 'front' },
  clusterName: 'paris',
};

describe('what is known of a sender', () => {
  it('is that of the place, where the sender says nothing', () => {
    expect(originFacts(POD, {})).toMatchObject(POD);
  });

  it('is what the sender says, and of the place what it leaves out', () => {
    expect(originFacts(POD, { podName: 'web-0', containerName: 'proxy', labels: { tier: 'edge' } })).toMatchObject({
      namespace: 'shop',
      podName: 'web-0',
      podUid: 'u0',
      containerName: 'proxy',
      labels: { app: 'web', tier: 'edge' },
    });
  });

  it.each<PlaceFacts>([
    { podName: 'web-1' },
    { podUid: 'u1' },
    { namespace: 'bank' },
  ])('is nothing of the place but the cluster, where it speaks for another pod: %j', (said) => {
    const facts = originFacts(POD, said);
    expect(facts).toMatchObject({ ...said, clusterName: 'paris', labels: {}, containerName: undefined });
    expect([facts.namespace, facts.podName, facts.podUid].filter((fact) => fact !== undefined)).toEqual(
      Object.values(said),
    );
  });

  it('is made once, and anew when the place is another', () => {
    const origins = new Origins<{ readonly facts: ReturnType<typeof originFacts> }>();
    const of = (place: PlaceFacts) => origins.of(place, 'a', () => ({ facts: originFacts(place, {}) }));
    const first = of(POD);
    expect(of(POD)).toBe(first);
    expect(of({ ...POD, labels: { app: 'api' } }).facts.labels).toEqual({ app: 'api' });
  });
});
