import { testPod } from '@vigie/kube/testing/test-pod';
import { describe, expect, it } from 'vitest';
import { type ClusterObject, clusterObjectView, ObjectIndex } from '../../src/adapter/cluster-objects.ts';
import { EVERYTHING, parseLabelSelector } from '../../src/metrics-api/label-selector.ts';

function pod(name: string, labels: Readonly<Record<string, string>>, namespace = 'shop'): ClusterObject {
  return { namespace, name, labels, creationTimestamp: '', startedAtMs: Number.NaN };
}

const selector = (text: string) => parseLabelSelector(text) ?? EVERYTHING;
const names = (objects: readonly ClusterObject[]) => objects.map(({ name }) => name).sort();

describe('the index of a collection', () => {
  it('picks by namespace and labels', () => {
    const index = new ObjectIndex();
    const pods = [pod('a', { app: 'web', v: '1' }), pod('b', { app: 'web', v: '2' }), pod('c', { app: 'db' }, 'other')];
    for (const one of pods) index.applied(one.name, one);
    expect(names(index.list('shop', selector('app=web')))).toEqual(['a', 'b']);
    expect(names(index.list('shop', selector('app=web,v!=1')))).toEqual(['b']);
    expect(names(index.list(undefined, EVERYTHING))).toEqual(['a', 'b', 'c']);
    expect(names(index.list('shop', selector('app=db')))).toEqual([]);
    expect(index.get('other', 'c')?.labels).toEqual({ app: 'db' });
  });

  it('follows changes', () => {
    const index = new ObjectIndex();
    index.applied('a', pod('a', { app: 'web' }));
    index.applied('a', pod('a', { app: 'db' }));
    expect(names(index.list('shop', selector('app=web')))).toEqual([]);
    expect(names(index.list('shop', selector('app=db')))).toEqual(['a']);
    index.removed('a', pod('a', { app: 'db' }));
    expect([index.size, index.list('shop', EVERYTHING)]).toEqual([0, []]);
  });
});

it('reads a pod as the API server has it', () => {
  expect(clusterObjectView.decode(testPod('web-0', { namespace: 'shop' }))).toEqual({
    namespace: 'shop',
    name: 'web-0',
    labels: { app: 'web-0' },
    creationTimestamp: '2026-11-21T10:00:00Z',
    startedAtMs: Date.UTC(2026, 10, 21, 10, 0, 1),
  });
  expect(() => clusterObjectView.decode({})).toThrow('without metadata.name');
});
