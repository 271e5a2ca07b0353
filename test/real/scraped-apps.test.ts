/** Applications as people have them, scraped by the collector as users run it: what it has of them is what they say themselves. nginx with its
 *  stub status, a Java application with the metrics jar, a Node application with prom-client. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CollectorProcess, startCollector } from './collector-process.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { type RealJavaApp, startJavaApp } from './parts/java-app.ts';
import { type RealNginx, startNginx } from './parts/nginx.ts';
import { type RealNginxExporter, startNginxExporter } from './parts/nginx-exporter.ts';
import { at } from './rest.ts';

const TIMEOUT_MS = 30_000;
const REQUESTS = 20;

let nginx: RealNginx;
let exporter: RealNginxExporter;
let java: RealJavaApp;
let node: Server;
let collector: CollectorProcess;
let addresses: Readonly<Record<'nginx' | 'java' | 'node', string>>;

beforeAll(async () => {
  const folder = temporaryFolder('scraped-apps');
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  [nginx, java] = await Promise.all([startNginx(folder, logs), startJavaApp()]);
  exporter = await startNginxExporter(`${nginx.url}/stub_status`);
  for (let sent = 0; sent < REQUESTS; sent++) await (await fetch(`${nginx.url}/hit/${sent}`)).text();
  node = await startNodeApp();
  const { port } = node.address() as AddressInfo;
  addresses = { nginx: exporter.address, java: java.address, node: `127.0.0.1:${port}` };
  const jobs = Object.entries(addresses).map(
    ([job, address]) => `  - { job_name: ${job}, static_configs: [{ targets: ['${address}'] }] }`,
  );
  const config = join(folder, 'collector.yaml');
  writeFileSync(
    config,
    `global: { scrape_interval: 2s, scrape_timeout: 2s }
storage: { path: ${join(folder, 'data')} }
scrape_configs:
${jobs.join('\n')}
`,
  );
  collector = await startCollector(config);
});

afterAll(async () => {
  await collector?.stop();
  await exporter?.stop();
  await nginx?.stop();
  await java?.stop();
  node?.close();
});

/** Its own metrics, and those that prom-client has of every process. */
async function startNodeApp(): Promise<Server> {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const labelNames = ['route', 'code'];
  const requests = new Counter({ name: 'shop_requests_total', help: 'Requests.', labelNames, registers });
  requests.inc({ route: '/cart "a\\b"', code: '200' }, 7);
  requests.inc({ route: 'ü\n', code: '500' });
  new Gauge({ name: 'shop_balance', help: 'May be below 0.', registers }).set(-1.5e-7);
  const seconds = new Histogram({ name: 'shop_seconds', help: 'How long.', buckets: [0.1, 1, 10], registers });
  for (const value of [0.05, 0.5, 5, 50]) seconds.observe(value);
  const server = createServer((_request, response) => {
    void registry.metrics().then((body) => response.setHeader('content-type', registry.contentType).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Values by series, the labels of each sorted. */
type Page = ReadonlyMap<string, number>;

function seriesKey(name: string, labels: readonly (readonly [name: string, value: string])[]): string {
  return JSON.stringify([name, [...labels].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Bounds are written as floats, whatever a client writes, as Prometheus 3 does it. */
function asFloat([name, value]: readonly [string, string]): readonly [name: string, value: string] {
  return [name, (name === 'le' || name === 'quantile') && /^\d+$/.test(value) ? `${value}.0` : value];
}

/** As the application says it to whoever asks, in the text format. */
async function said(address: string): Promise<Page> {
  const text = await (await fetch(`http://${address}/metrics`, { headers: { accept: 'text/plain' } })).text();
  const samples = text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/gm);
  return new Map(
    Array.from(samples, ([, name = '', written = '', value]) => {
      const labels = Array.from(
        written.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g),
        ([, label = '', escaped = '']) =>
          [label, escaped.replaceAll(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))] as const,
      );
      return [seriesKey(name, labels.map(asFloat)), Number(value === '+Inf' ? 'Infinity' : value)];
    }),
  );
}

/** @returns whether a series is one of a counter, a histogram or a summary */
async function growing(address: string): Promise<(key: string) => boolean> {
  const text = await (await fetch(`http://${address}/metrics`, { headers: { accept: 'text/plain' } })).text();
  const types = text.matchAll(/^# TYPE (\S+) (?:counter|histogram|summary)$/gm);
  const names = new Set(Array.from(types, ([, name = '']) => name));
  return (key) => {
    const [name] = JSON.parse(key) as [string];
    return names.has(name) || names.has(name.replace(/_(bucket|sum|count)$/, ''));
  };
}

async function query(expression: string): Promise<readonly unknown[]> {
  const answer = await fetch(`${collector.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const result = at(at(await answer.json(), 'data'), 'result');
  return Array.isArray(result) ? result : [];
}

function sampleValue(sample: unknown): number {
  const value = at(sample, 'value');
  return Number(Array.isArray(value) ? value[1] : undefined);
}

/** As the collector has it of a scrape that began after `sinceMs`. */
async function recorded(job: string, sinceMs: number): Promise<Page> {
  await until(`a scrape of ${job}`, TIMEOUT_MS, async () => {
    const [up] = await query(`timestamp(up{job="${job}"}) and up{job="${job}"} == 1`);
    return sampleValue(up) * 1000 > sinceMs ? true : undefined;
  });
  const samples = await query(`{job="${job}"}`);
  return new Map(
    samples.map((sample) => {
      const {
        __name__: name = '',
        job: _job,
        instance: _instance,
        ...labels
      } = at(sample, 'metric') as Record<string, string>;
      return [seriesKey(name, Object.entries(labels)), sampleValue(sample)];
    }),
  );
}

/** What the collector says of the scrape itself. */
const OF_THE_SCRAPE = /^\["(up|scrape_\w+)",/;

describe.each(['nginx', 'java', 'node'] as const)('%s', (job) => {
  test('has every series that it tells of, with its labels and its value, and no other', async () => {
    const before = await said(addresses[job]);
    const ours = await recorded(job, Date.now());
    const after = await said(addresses[job]);
    // Those that come and go with what the process does are in one page and not in the other.
    const stable = [...before.keys()].filter((key) => after.has(key));
    expect(stable.length).toBeGreaterThan(5);
    expect(stable.filter((key) => !ours.has(key))).toEqual([]);
    const invented = [...ours.keys()].filter((key) => !before.has(key) && !after.has(key) && !OF_THE_SCRAPE.test(key));
    // OpenMetrics, which is asked for first, has these beside each counter.
    expect(invented.filter((key) => !/_created",/.test(key))).toEqual([]);
    // What only grows was in between what it was before and after; a gauge may go and come back.
    const grows = await growing(addresses[job]);
    const unmoved = stable.filter((key) => grows(key) && before.get(key) === after.get(key));
    expect(unmoved.length).toBeGreaterThan(1);
    expect(new Map(unmoved.map((key) => [key, ours.get(key)]))).toEqual(
      new Map(unmoved.map((key) => [key, before.get(key)])),
    );
  });
});

test('nginx is up, and has counted the requests that it got', async () => {
  const ours = await recorded('nginx', Date.now());
  expect(ours.get(seriesKey('nginx_up', []))).toBe(1);
  expect(ours.get(seriesKey('nginx_http_requests_total', []))).toBeGreaterThanOrEqual(REQUESTS);
});

test('the Java application has what its MBean counts, and what its machine does', async () => {
  const ours = await recorded('java', Date.now());
  expect(ours.get(seriesKey('shop_orders_placed_total', [['region', 'eu']]))).toBe(42);
  expect(ours.get(seriesKey('shop_basket_average', [['region', 'eu']]))).toBe(17.25);
  expect(ours.get(seriesKey('jvm_memory_used_bytes', [['area', 'heap']]))).toBeGreaterThan(0);
});

test('the Node application has labels with whatever is in them, and its histogram', async () => {
  const ours = await recorded('node', Date.now());
  const cart = seriesKey('shop_requests_total', [
    ['route', '/cart "a\\b"'],
    ['code', '200'],
  ]);
  expect(ours.get(cart)).toBe(7);
  expect(ours.get(seriesKey('shop_balance', []))).toBe(-1.5e-7);
  expect(ours.get(seriesKey('shop_seconds_bucket', [['le', '10.0']]))).toBe(3);
});
