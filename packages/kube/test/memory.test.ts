import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { seededRandom } from '@vigie/core/random';
import { expect, onTestFinished, test } from 'vitest';
import { type Pod, podForm } from '../src/objects.ts';
import { Reflector } from '../src/reflector.ts';
import { testPod } from '../src/testing/test-pod.ts';
import { clientOf, logTo, never, podsOfNode } from './fixture.ts';

const PODS = 5000;

/** In a worker, whose heap is its own: what is measured here is the client alone. Answers a list of pods, and no watch. */
const SERVER = `
const http = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
const server = http.createServer((request, response) => {
  if (request.url.includes('watch=true')) return void response.writeHead(200).flushHeaders();
  response.write('{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[');
  let at = 0;
  const next = () => {
    while (at < workerData.pods) {
      const pod = workerData.pod.replaceAll('NAME', 'web-' + at);
      if (!response.write((at++ === 0 ? '' : ',') + pod)) return void response.once('drain', next);
    }
    response.end(']}');
  };
  next();
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

async function serverOf(pod: object): Promise<URL> {
  const worker = new Worker(SERVER, { eval: true, workerData: { pods: PODS, pod: JSON.stringify(pod) } });
  onTestFinished(async () => void (await worker.terminate()));
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  return new URL(`http://127.0.0.1:${port}`);
}

/** Bytes of this thread's heap and of its buffers. */
function usedBytes(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}

test('a list of 5,000 pods, 26 MB of JSON, takes 2 KB a pod to keep, and no more than garbage on the way', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const labels = { app: 'NAME', 'app.kubernetes.io/name': 'NAME', 'pod-template-hash': '5d4f8b9c7' };
  const server = await serverOf(testPod('NAME', { labels, owner: { kind: 'ReplicaSet', name: 'web-5d4f8b9c7' } }));
  const { client, clock } = clientOf({
    server,
    tls: {},
    credentials: { type: 'none' },
    namespace: 'default',
    origin: 'the test',
  });
  const form = podForm();
  let decodes = 0;
  let peakBytes = 0;
  const decode = (object: unknown): Pod => {
    if (decodes++ % 10 === 0) peakBytes = Math.max(peakBytes, usedBytes());
    return form.decode(object);
  };
  const handlers = { replaced: () => undefined, applied: () => undefined, removed: () => undefined };
  const collection = { ...podsOfNode, form: { ...form, decode } };
  const deps = { clock, random: seededRandom(1), log: logTo([]) };
  const reflector = new Reflector(client, collection, handlers, deps);
  onTestFinished(() => reflector.close());
  collectGarbage();
  const beforeBytes = usedBytes();
  reflector.start(never);
  await reflector.synced;
  // Twice: what the first finds dead may hold buffers, which go with the second.
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const keptBytes = usedBytes() - beforeBytes;
  expect(reflector.items.size).toBe(PODS);
  expect(reflector.counters.receivedBytes).toBeGreaterThan(25_000_000);
  expect(keptBytes).toBeLessThan(15 << 20);
  expect(peakBytes - beforeBytes).toBeLessThan(60 << 20);
});
