/** Reads the list of pods of the server named in argv in the way named there, keeps what it decodes, and writes what that
 *  took as JSON. */
import { systemClock } from '@vigie/core/clock';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { listAll } from '@vigie/kube/list';
import { type Pod, podForm } from '@vigie/kube/objects';
import { memoryOf } from '../harness/proc-stats.ts';

const [way = '', kubeconfig = ''] = process.argv.slice(2);
const never = new AbortController().signal;
const client = new KubeClient(loadKubeConfig({ kubeconfig }, { env: {} }), {
  clock: systemClock,
  env: {},
  userAgent: 'vigie/bench',
  reloadFailed: () => undefined,
});
const form = podForm();

const WAYS: Readonly<Record<string, (path: string) => Promise<ReadonlyMap<string, Pod>>>> = {
  /** Item by item from the bytes, as the product does it. */
  items: async (path) => {
    const collection = { path, form, key: (pod: Pod) => pod.uid };
    const listed = await listAll(client, collection, { resourceVersion: '0', limit: undefined }, never);
    if (listed.status !== 'ok') throw new Error(JSON.stringify(listed));
    return listed.items;
  },
  /** The whole answer, as a client does that knows nothing of its size. */
  whole: async (path) => {
    const answer = await client.stream({ method: 'GET', path }, never);
    if (answer.status !== 'ok') throw new Error(JSON.stringify(answer));
    const chunks: Buffer[] = [];
    for await (const chunk of answer.chunks) chunks.push(chunk);
    const { items } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly items: readonly unknown[] };
    return new Map(items.map((item) => form.decode(item)).map((pod) => [pod.uid, pod]));
  },
};

const read = WAYS[way];
if (read === undefined) throw new Error(`no way ${way}`);
// Loads the code and connects.
await read('/empty');
const before = memoryOf(process.pid);
const cpuBefore = process.cpuUsage();
const pods = await read('/pods');
const { user, system } = process.cpuUsage(cpuBefore);
const after = memoryOf(process.pid);
console.log(
  JSON.stringify({
    pods: pods.size,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: after.peakRssBytes - before.rssBytes,
    addedBytes: after.rssBytes - before.rssBytes,
  }),
);
client.close();
