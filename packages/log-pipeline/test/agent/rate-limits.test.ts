import { describe, expect, it } from 'vitest';
import { RateLimits } from '../../src/agent/rate-limits.ts';
import type { ContainerLog } from '../../src/tail/generation.ts';

function log(namespace: string, podName: string, containerName: string): ContainerLog {
  return {
    key: `/${namespace}/${podName}/${containerName}`,
    folder: '/p',
    base: '0.log',
    displayPath: '/p/0.log',
    pod: { namespace, podName, podUid: 'u', containerName, restartCount: 0 },
    container: undefined,
    generations: [],
    initial: true,
  };
}

const LIMIT = { bytesPerSecond: 1000, burstBytes: 1000 };

describe('RateLimits', () => {
  it('shares a pod between its containers and a namespace between its pods', () => {
    const limits = new RateLimits(LIMIT, LIMIT, () => 0);
    const [podA, namespaceA] = limits.of(log('shop', 'web', 'a'));
    const [podB, namespaceB] = limits.of(log('shop', 'web', 'b'));
    const [podC, namespaceC] = limits.of(log('shop', 'db', 'a'));
    expect(podA).toBe(podB);
    expect(podA).not.toBe(podC);
    expect(namespaceA).toBe(namespaceB);
    expect(namespaceA).toBe(namespaceC);
    expect(limits.of(log('other', 'web', 'a'))[0]).not.toBe(podA);
  });

  it('remembers what was used until the last container is gone', () => {
    const limits = new RateLimits(LIMIT, undefined, () => 0);
    const [a, b] = [log('shop', 'web', 'a'), log('shop', 'web', 'b')];
    const [bucket] = limits.of(a);
    limits.of(b);
    limits.forget(a);
    expect(limits.of(a)[0]).toBe(bucket);
    limits.forget(a);
    limits.forget(b);
    expect(limits.of(a)[0]).not.toBe(bucket);
  });

  it('has no buckets without limits', () => {
    expect(new RateLimits(undefined, undefined, () => 0).of(log('a', 'b', 'c'))).toEqual([]);
  });
});
