import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import { describe, expect, it } from 'vitest';
import { createSelector, type Selection } from '../src/selection.ts';

const NOTHING: Selection = { namespaces: [], pods: [], containers: [] };
const NOBODY = { namespace: undefined, name: undefined };

function log(namespace: string, podName: string, containerName = 'app'): ContainerLog {
  return {
    key: '/p/0.log',
    folder: '/p',
    base: '0.log',
    displayPath: '/p/0.log',
    pod: { namespace, podName, podUid: 'u', containerName, restartCount: 0 },
    container: undefined,
    generations: [],
    initial: true,
  };
}

describe('createSelector', () => {
  it('reads everything unless told otherwise', () => {
    expect(createSelector(NOTHING, NOTHING, NOBODY)(log('shop', 'web'))).toBe(true);
  });

  it('includes by glob, and excludes from what is included', () => {
    const accepts = createSelector(
      { ...NOTHING, namespaces: ['shop', 'team-*'] },
      { ...NOTHING, containers: ['istio-proxy'], pods: ['debug-*'] },
      NOBODY,
    );
    expect(accepts(log('shop', 'web'))).toBe(true);
    expect(accepts(log('team-a', 'web'))).toBe(true);
    expect(accepts(log('kube-system', 'web'))).toBe(false);
    expect(accepts(log('shop', 'web', 'istio-proxy'))).toBe(false);
    expect(accepts(log('shop', 'debug-1'))).toBe(false);
  });

  it('never reads its own log, and only its own', () => {
    const accepts = createSelector(NOTHING, NOTHING, { namespace: 'vigie', name: 'agent-x' });
    expect(accepts(log('vigie', 'agent-x'))).toBe(false);
    expect(accepts(log('vigie', 'agent-y'))).toBe(true);
    expect(accepts(log('other', 'agent-x'))).toBe(true);
  });

  it('leaves out files of no pod only where something is included by name', () => {
    const plain = { ...log('a', 'b'), pod: undefined };
    expect(createSelector(NOTHING, { ...NOTHING, namespaces: ['a'] }, NOBODY)(plain)).toBe(true);
    expect(createSelector({ ...NOTHING, namespaces: ['a'] }, NOTHING, NOBODY)(plain)).toBe(false);
  });
});
