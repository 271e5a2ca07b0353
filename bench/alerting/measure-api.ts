/** Alerts posted by many clients at once, and lists of them: a fresh server each time, warmed up with other alerts. */
import { setTimeout } from 'node:timers/promises';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { median, quantile } from '../harness/statistics.ts';
import { type AlertCorpus, requestsOf } from './posted-alerts.ts';
import { Client } from './requests.ts';
import type { AlertServer } from './servers.ts';

export interface ApiPlan {
  readonly alerts: number;
  readonly clients: number;
  /** Times that all alerts are posted: the first makes them, the others are what Prometheus sends each minute. */
  readonly passes: number;
  readonly lists: number;
}

export interface ApiFigures {
  readonly server: string;
  readonly alertsPerSecond: number;
  /** Of the whole process, until it has done what it puts off. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly listMs: number;
  readonly listBytes: number;
  /** Of pages while alerts come in; undefined where there are no pages. */
  readonly pages: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number } | undefined;
}

const WARM_UP: AlertCorpus = { name: 'warm-up', alerts: 1000, namespaces: 10 };
const MEASURED: Omit<AlertCorpus, 'alerts'> = { name: 'measured', namespaces: 100 };
const WARM_UP_PASSES = 30;
/** Until a server has written what it puts off, and has collected its garbage. */
const SETTLE_MS = 2000;
const PAGE = 100;
const PAGE_WALKS = 3;
/** Beside the pages: 1,024 alerts a second. */
const POST_EVERY_MS = 250;
const AN_HOUR_MS = 3_600_000;

export async function measureApi({ name, url, program }: AlertServer, plan: ApiPlan): Promise<ApiFigures> {
  const clients = Array.from({ length: plan.clients }, () => new Client(url));
  try {
    await warmUp(clients);
    const passes = Array.from({ length: plan.passes }, (_, pass) => requestsByClient(plan, pass));
    const cpuBefore = cpuSecondsOf(program.pid);
    const startedMs = performance.now();
    for (const requests of passes) {
      await Promise.all(clients.map((client, index) => postAll(client, requests[index] ?? [])));
    }
    const seconds = (performance.now() - startedMs) / 1000;
    await setTimeout(SETTLE_MS);
    const cpuSeconds = cpuSecondsOf(program.pid) - cpuBefore;
    const [client] = clients;
    if (client === undefined) throw new Error('there is no client');
    const lists = await measureLists(client, plan);
    const pages = name === 'vigie' ? await measurePages(clients, plan, passes.at(-1) ?? []) : undefined;
    const { rssBytes } = memoryOf(program.pid);
    const alertsPerSecond = (plan.alerts * plan.passes) / seconds;
    return { server: name, alertsPerSecond, cpuSeconds, rssBytes, ...lists, pages };
  } finally {
    for (const client of clients) client.close();
  }
}

async function warmUp(clients: readonly Client[]): Promise<void> {
  const nowMs = Date.now();
  // They have ended when the others are listed.
  const times = { startsAtMs: nowMs - 1000, endsAtMs: nowMs + 1000 };
  const requests = requestsOf(WARM_UP, { from: 0, to: WARM_UP.alerts, ...times });
  for (let pass = 0; pass < WARM_UP_PASSES; pass++) {
    await Promise.all(clients.map((client, index) => postAll(client, requests.slice(index % 4, (index % 4) + 1))));
    await clients[0]?.get('/api/v2/alerts');
  }
  await setTimeout(SETTLE_MS);
}

function requestsByClient({ alerts, clients }: ApiPlan, pass: number): readonly (readonly Buffer[])[] {
  const nowMs = Date.now();
  const times = { startsAtMs: nowMs - AN_HOUR_MS, endsAtMs: nowMs + AN_HOUR_MS + pass * 60_000 };
  const share = alerts / clients;
  return Array.from({ length: clients }, (_, client) =>
    requestsOf({ ...MEASURED, alerts }, { from: client * share, to: (client + 1) * share, ...times }),
  );
}

async function postAll(client: Client, requests: readonly Buffer[]): Promise<void> {
  for (const request of requests) await client.post('/api/v2/alerts', request);
}

async function measureLists(client: Client, { alerts, lists }: ApiPlan) {
  const times: number[] = [];
  let listBytes = 0;
  for (let list = 0; list < lists; list++) {
    const { ms, body } = await client.get('/api/v2/alerts');
    times.push(ms);
    listBytes = body.length;
    const listed: unknown = list === 0 ? JSON.parse(body.toString()) : undefined;
    if (Array.isArray(listed) && listed.length !== alerts) throw new Error(`${listed.length} alerts are listed`);
  }
  return { listMs: median(times), listBytes };
}

/** Walks through all pages, over and over, while alerts come in as they do. */
async function measurePages(
  [reader, writer]: readonly Client[],
  { alerts }: ApiPlan,
  byClient: readonly (readonly Buffer[])[],
): Promise<ApiFigures['pages']> {
  if (reader === undefined || writer === undefined) throw new Error('pages take two clients');
  const requests = byClient.flat();
  const ending = new AbortController();
  const writing = postSteadily(writer, requests, ending.signal);
  const times: number[] = [];
  for (let walk = 0; walk < PAGE_WALKS; walk++) {
    let seen = 0;
    for (let token: string | undefined = ''; token !== undefined; ) {
      const { ms, headers, body } = await reader.get(`/api/v2/alerts?limit=${PAGE}&next_token=${token}`);
      times.push(ms);
      seen += body.toString().split('"fingerprint":').length - 1;
      const next = headers['x-vigie-next-token'];
      token = typeof next === 'string' ? next : undefined;
    }
    if (seen !== alerts) throw new Error(`the pages have ${seen} alerts`);
  }
  ending.abort();
  await writing;
  return { count: times.length, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

/** One request after the other, at a steady rate, until the signal aborts. */
export async function postSteadily(client: Client, requests: readonly Buffer[], signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  for (let sent = 0; !signal.aborted; sent++) {
    await client.post('/api/v2/alerts', requests[sent % requests.length] ?? Buffer.alloc(0));
    const waitMs = startedMs + (sent + 1) * POST_EVERY_MS - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
  }
}
