import { NO_POD_METADATA, type RecordFacts } from '../../src/encode/document.ts';

/** A container as the agent knows it, less or other facts as a test wants. */
export function factsOf(changed: Partial<RecordFacts> = {}): RecordFacts {
  return {
    ...NO_POD_METADATA,
    namespace: 'shop',
    podName: 'web-1',
    podUid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
    containerName: 'web',
    restartCount: 0,
    containerId: 'c0ffee',
    nodeName: 'node-1',
    labels: { app: 'web', 'app.kubernetes.io/name': 'web' },
    path: '/var/log/pods/shop_web-1_2f7c/web/0.log',
    idPrefix: 'AbCdEfGhIjKlMnOpQrStUv',
    ...changed,
  };
}

/** A record as the kernel would write it: for tests of sinks, which only see bytes. */
export function documentLine(time: string, message: string): string {
  return `{"@timestamp":"${time}","stream":"stdout","message":${JSON.stringify(message)},"log":{"file":{"path":"/a"},"offset":0}}\n`;
}
