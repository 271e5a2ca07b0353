import { describe, expect, it } from 'vitest';
import { parseContainerLink, parsePodLogPath } from '../../src/tail/pod-path.ts';

const ID = 'a'.repeat(64);

describe('parsePodLogPath', () => {
  it('tells namespace, pod, uid, container and restart', () => {
    expect(parsePodLogPath('/var/log/pods/kube-system_coredns-5d78c_1b4e28ba-2fa1/coredns/12.log')).toEqual({
      namespace: 'kube-system',
      podName: 'coredns-5d78c',
      podUid: '1b4e28ba-2fa1',
      containerName: 'coredns',
      restartCount: 12,
    });
  });

  it.each([
    '/var/log/pods/a_b/c/0.log',
    '/var/log/syslog',
    '/var/log/pods/a_b_c/d/x.log',
  ])('leaves %s alone', (path) => {
    expect(parsePodLogPath(path)).toBeUndefined();
  });
});

describe('parseContainerLink', () => {
  it('tells pod, namespace, container and id, with dashes in each', () => {
    expect(parseContainerLink(`/var/log/containers/web-7d9c-x2_shop-eu_side-car-${ID}.log`)).toEqual({
      podName: 'web-7d9c-x2',
      namespace: 'shop-eu',
      containerName: 'side-car',
      containerId: ID,
    });
  });

  it('leaves other names alone', () => {
    expect(parseContainerLink('/var/log/containers/web_shop_app-123.log')).toBeUndefined();
  });
});
