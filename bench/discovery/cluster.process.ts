/** An API server, and the pods that it tells of: one HTTP server answers for all of them, those that are not ready yet by breaking the
 *  connection. Arguments: pods, replacements a second. Says `ready API PODS`, two ports. Of the second, POST /churn begins to replace pods, and
 *  GET /figures answers how long each new target waited from Ready to the first scrape that it answered. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { seededRandom } from '../harness/random.ts';
import {
  type BenchPod,
  namespaceOf,
  nodeObject,
  PODS_OF_AN_APP,
  podAt,
  podObject,
  serviceObject,
  sizeCluster,
  sliceObject,
} from './workload.ts';

const [pods = 0, ratePerSecond = 0] = process.argv.slice(2).map(Number);
/** From an address to Ready: a quick start. */
const START_MS = 1000;
/** Not so many changes are kept that they cost more than the pods. */
const COMPACT_MS = 5000;
const EXPOSITION = Array.from(
  { length: 20 },
  (_, series) => `bench_requests_total{path="/${series}"} ${series}\n`,
).join('');

interface Place {
  pod: BenchPod;
  generation: number;
  isReady: boolean;
  /** It is being replaced. */
  isBusy: boolean;
}

const server = await TestApiServer.start();
const apps = Math.ceil(pods / PODS_OF_AN_APP);
const places: Place[] = [];
/** When it became ready, ms, of pods that have not answered since. */
const waiting = new Map<string, number>();
const ready = new Set<string>();
const latenciesMs: number[] = [];
let replaced = 0;
let behindMs = 0;
let isChurning = false;

const podServer = createServer(answer);
await new Promise<void>((resolve) => podServer.listen(0, '127.0.0.1', resolve));
const { port } = podServer.address() as AddressInfo;

for (const name of sizeCluster(pods)) server.put('nodes', nodeObject(name));
for (let app = 0; app < apps; app++) {
  for (let index = 0; index < PODS_OF_AN_APP && places.length < pods; index++) {
    const pod = podAt(app, index, 0);
    places.push({ pod, generation: 0, isReady: true, isBusy: false });
    if (pod.isScraped) ready.add(pod.name);
    server.put('pods', podObject(pod, 'ready', port));
  }
  server.put('services', serviceObject(app));
  tellSlice(app);
}
server.compact();
process.stderr.write(`ready ${server.url.port} ${port}\n`);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, folder, name = ''] = (request.url ?? '').split('/');
  switch (folder) {
    case 'pods': {
      if (!ready.has(name)) {
        response.destroy();
        return;
      }
      const readyAtMs = waiting.get(name);
      if (readyAtMs !== undefined) latenciesMs.push(performance.now() - readyAtMs);
      waiting.delete(name);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(EXPOSITION);
      return;
    }
    case 'churn':
      isChurning = true;
      void churn();
      response.end();
      return;
    default: {
      const nowMs = performance.now();
      // One that has just become ready has time left.
      const overdue = [...waiting.values()].filter((readyAtMs) => nowMs - readyAtMs > 5000).length;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ latenciesMs, replaced, behindMs, overdue }));
    }
  }
}

async function churn(): Promise<void> {
  const random = seededRandom(5);
  const startedAtMs = performance.now();
  let compactedAtMs = startedAtMs;
  for (let begun = 0; isChurning; begun++) {
    const dueMs = startedAtMs + (begun * 1000) / ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    else behindMs = Math.max(behindMs, -waitMs);
    // One in ten is a target: enough to time, and their number stays as it is.
    const isTarget = begun % 10 === 0;
    const place = pick(random, isTarget);
    if (place !== undefined) void replace(place);
    if (performance.now() - compactedAtMs > COMPACT_MS) {
      server.compact();
      server.requests.length = 0;
      compactedAtMs = performance.now();
    }
  }
}

function pick(random: () => number, isTarget: boolean): Place | undefined {
  for (let tries = 0; tries < 1000; tries++) {
    const place = places[Math.floor(random() * places.length)]!;
    const found = isTarget ? targetNear(place) : place;
    if (!found.isBusy && found.pod.isScraped === isTarget) return found;
  }
  return undefined;
}

/** The first pod of an application is one. */
function targetNear({ pod: { app } }: Place): Place {
  return places[app * PODS_OF_AN_APP]!;
}

/** As its ReplicaSet, the scheduler and the kubelet would. */
async function replace(place: Place): Promise<void> {
  place.isBusy = true;
  const { pod: old } = place;
  const namespace = namespaceOf(old.app);
  server.put('pods', podObject(old, 'terminating', port));
  const pod = podAt(old.app, old.index, ++place.generation);
  server.put('pods', podObject(pod, 'pending', port));
  await setTimeout(20);
  server.put('pods', podObject(pod, 'scheduled', port));
  await setTimeout(100);
  ready.delete(old.name);
  waiting.delete(old.name);
  server.remove('pods', namespace, old.name);
  place.pod = pod;
  place.isReady = false;
  server.put('pods', podObject(pod, 'starting', port));
  tellSlice(pod.app);
  await setTimeout(START_MS);
  if (pod.isScraped) {
    ready.add(pod.name);
    waiting.set(pod.name, performance.now());
  }
  server.put('pods', podObject(pod, 'ready', port));
  place.isReady = true;
  tellSlice(pod.app);
  place.isBusy = false;
  replaced++;
}

function tellSlice(app: number): void {
  const own = places.slice(app * PODS_OF_AN_APP, (app + 1) * PODS_OF_AN_APP);
  server.put(
    'endpointslices',
    sliceObject(
      app,
      own.map(({ pod, isReady }) => [pod, isReady]),
    ),
  );
}
