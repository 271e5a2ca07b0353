import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALERTS_API_METRICS } from '@vigie/alerting/api/telemetry';
import { ALERTING_METRICS } from '@vigie/alerting/telemetry';
import { DISCOVERY_METRICS } from '@vigie/collector/discovery/telemetry';
import { COLLECTOR_TABLES } from '@vigie/collector/telemetry';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { PROCESS_METRICS } from '@vigie/core/process-metrics';
import type { MetricDefinition } from '@vigie/core/telemetry';
import { serviceDeps } from '@vigie/node-agent/run';
import { AgentService } from '@vigie/node-agent/service';
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Display } from '../../src/up/display.ts';
import { unaccountedBytes } from '../../src/up/ledger-table.ts';
import { openParts, type PartsSettings, partsReader } from '../../src/up/parts.ts';
import { otlpAddresses, resolveSettings, type UpSettings } from '../../src/up/settings.ts';
import { Up } from '../../src/up/up.ts';
import { ledgerEntry } from './entries.ts';

const KERNEL = join(import.meta.dirname, '../../../log-pipeline/dist/kernel.wasm');
const NO_DISPLAY: Display = { start: () => undefined, close: () => undefined };

let dataDir: string;
let open: Up[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'vigie-up-'));
  open = [];
});
afterEach(async () => {
  for (const up of open) await up.close({ graceMs: 5_000 });
  await rm(dataDir, { recursive: true });
});

interface Created {
  readonly up: Up;
  readonly service: AgentService;
  readonly printed: readonly string[];
}

/** `vigie up --demo` without its terminal. */
async function create(folder = dataDir, port = 0, configFile?: string): Promise<Created> {
  const options = { configFile, dataDir: folder, logs: [], elasticsearch: undefined, demo: true };
  const version = '0.0.0';
  const read = (): Promise<UpSettings<PartsSettings>> =>
    resolveSettings(
      options,
      {},
      'none',
      partsReader(
        {},
        { clock: systemClock, random: Math.random, env: {}, version, ownRules: join(folder, 'own.yaml') },
      ),
    );
  const settings = await read();
  const files = { version, kernelPath: KERNEL };
  const printed: string[] = [];
  const deps = {
    ...(await serviceDeps(settings.agent, async () => (await read()).agent, files, createLog('error'))),
    env: {},
    print: (line: string) => printed.push(line),
  };
  const parts = await openParts(settings.parts, otlpAddresses(settings.agent), deps);
  const service = new AgentService(settings.agent, { ...deps, besideOtlp: parts.otlpRoutes });
  const reload = async (): Promise<void> => parts.reload(read().then((next) => next.parts));
  const up = new Up(settings, { host: '127.0.0.1', port }, service, parts, NO_DISPLAY, reload, deps);
  open.push(up);
  return { up, service, printed };
}

const never = new AbortController().signal;

/** Resolves once the sink has acknowledged this many records. */
async function acknowledged({ service }: Created, records: number): Promise<void> {
  while (service.agent.ledger().every(({ ackedRecords }) => ackedRecords < records)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const records = (): Promise<string> => readFile(join(dataDir, 'records/logs.ndjson'), 'utf8');

/** Where each record stands in its log: the same twice would be a record shipped twice. */
function places(ndjson: string): string[] {
  const documents = ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return documents.map(({ log }) => `${log.file.path} ${log.offset}`);
}

it('ships what the demo writes, every record once, and accounts for every byte', async () => {
  const created = await create();
  await created.up.start(never);
  await acknowledged(created, 50);
  await created.up.close({ graceMs: 5_000 });
  const text = await records();
  const [entry = ledgerEntry({})] = created.service.agent.ledger();
  expect(places(text)).toHaveLength(entry.ackedRecords);
  expect(new Set(places(text)).size).toBe(entry.ackedRecords);
  expect(unaccountedBytes(entry)).toBe(0);
  expect(JSON.parse(text.slice(0, text.indexOf('\n')))).toMatchObject({
    '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    kubernetes: {
      namespace: expect.stringMatching(/^(shop|billing)$/),
      pod: { name: expect.any(String), uid: expect.any(String) },
    },
    container: { id: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});

it('serves the ledger, metrics and health on its one port, and says where that is', async () => {
  const created = await create();
  const { up, printed } = created;
  await up.start(never);
  expect(printed).toEqual([`listening on ${up.url} (http)`]);
  await acknowledged(created, 1);
  const get = (path: string): Promise<Response> => fetch(up.url + path);
  expect(await (await get('/agent/ledger')).json()).toMatchObject([{ source: 'pods', sink: 'files' }]);
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toMatch(/^vigie_agent_acked_records_total\{source="pods",sink="files"\} [1-9]/m);
  const tables = [AGENT_METRICS, PROCESS_METRICS, ALERTING_METRICS, ALERTS_API_METRICS, DISCOVERY_METRICS];
  for (const { name, type } of [...tables, ...Object.values(COLLECTOR_TABLES)].flatMap(
    Object.values<MetricDefinition>,
  )) {
    // Once: a page that tells of a metric twice is refused by whoever scrapes it.
    expect(metrics.split(`# TYPE ${name} ${type}\n`)).toHaveLength(2);
  }
  const paths = ['/', '/livez', '/readyz', '/-/healthy', '/-/ready', '/nothing'];
  const statuses = await Promise.all(paths.map(async (path) => (await get(path)).status));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
});

it('says in the answer of a reload what of its parts waits for the next start', async () => {
  const file = join(dataDir, 'vigie.yaml');
  const write = (retention: string, cluster: string): Promise<void> =>
    writeFile(
      file,
      `alerting: { notifications: { retention: ${retention} } }\ncollector: { global: { external_labels: { cluster: ${cluster} } } }\n`,
    );
  await write('1h', 'a');
  const { up } = await create(dataDir, 0, file);
  await up.start(never);
  await write('2h', 'b');
  const answer = await fetch(`${up.url}/-/reload`, { method: 'POST' });
  expect(await answer.json()).toEqual({
    status: 'reloaded',
    nextStart: ['collector.global.external_labels', 'alerting.notifications.retention'],
  });
});

/** Of the first series of an instant answer. */
async function queried(url: string, promql: string): Promise<unknown> {
  const answer = await fetch(`${url}/prometheus/api/v1/query?${new URLSearchParams({ query: promql })}`);
  const { data } = (await answer.json()) as { data: { result: { value: unknown[] }[] } };
  return data.result[0]?.value[1];
}

it('answers PromQL about itself, and knows what it recorded before a restart', async () => {
  const first = await create();
  await first.up.start(never);
  const { host } = new URL(first.up.url);
  expect(await queried(first.up.url, `up{job="vigie", instance="${host}"}`)).toBe('1');
  expect(Number(await queried(first.up.url, 'vigie_tsdb_series'))).toBeGreaterThanOrEqual(0);
  expect(await (await fetch(`${first.up.url}/readyz`)).text()).toContain('[+]metrics ok');
  await first.up.close({ graceMs: 5_000 });
  const second = await create();
  await second.up.start(never);
  expect(await queried(second.up.url, `count_over_time(up{instance="${host}"}[5m]) > 0`)).toMatch(/^[1-9]/);
});

it('goes on where it stopped, in the same records', async () => {
  const first = await create();
  await first.up.start(never);
  await acknowledged(first, 5);
  await first.up.close({ graceMs: 5_000 });
  const before = await records();
  const second = await create();
  await second.up.start(never);
  await acknowledged(second, 30);
  await second.up.close({ graceMs: 5_000 });
  const after = await records();
  expect(after.startsWith(before)).toBe(true);
  expect(new Set(places(after)).size).toBe(places(after).length);
});

it('ends when nobody reads its output any more', async () => {
  const { up } = await create();
  await up.start(never);
  up.outputLost();
  expect(await up.finished).toBe(0);
});

it('starts nothing, the demo neither, where its port is taken', async () => {
  const first = await create();
  await first.up.start(never);
  const folder = join(dataDir, 'second');
  const second = await create(folder, Number(new URL(first.up.url).port));
  await expect(second.up.start(never)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  expect(existsSync(folder)).toBe(false);
});
