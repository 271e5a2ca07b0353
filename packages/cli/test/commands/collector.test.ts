import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

/** As it is built: `npm test` builds it first. */
const BIN = join(import.meta.dirname, '../../bin/vigie.cjs');

let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-collector-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Once its port is open. */
  readonly url: Promise<string>;
  readonly ended: Promise<number | null>;
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [BIN, 'collector', ...args], { cwd: folder });
  children.push(child);
  let stderr = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const url = new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      const [, found] = /^listening on (http:\S+) \(http\)$/m.exec(stderr) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`ended without a port: ${stderr}`)));
  });
  url.catch(() => undefined);
  return { child, stderr: () => stderr, url, ended };
}

/** A target whose counter counts its scrapes. */
async function target(): Promise<string> {
  let scrapes = 0;
  const server = http.createServer((_incoming, outgoing) =>
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).end(`# TYPE scraped counter\nscraped ${++scrapes}\n`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function writeConfig(address: string, more = ''): Promise<void> {
  await writeFile(
    join(folder, 'collector.yaml'),
    `global: { scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms, external_labels: { cluster: test } }
storage: { path: data }
rule_files: [rules/*.yaml]
scrape_configs:
  - job_name: shop
    static_configs: [{ targets: ['${address}'], labels: { team: t } }]
${more}`,
  );
}

const LISTEN = ['--config', 'collector.yaml', '--listen', '127.0.0.1:0'] as const;

/** Asks until the answer has a series for which it holds. */
async function queried(url: string, query: string, holds: (value: number) => boolean = () => true): Promise<number> {
  for (;;) {
    const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
    if (answer.ok) {
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      const [series] = data.result;
      if (series !== undefined && holds(Number(series.value[1]))) return Number(series.value[1]);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('vigie collector', () => {
  it('scrapes, answers PromQL, and drains and exits 0 on SIGTERM', async () => {
    await writeConfig(await target());
    const running = start(...LISTEN);
    const url = await running.url;
    await queried(url, 'rate(scraped{job="shop", team="t"}[1m]) > 0');
    const paths = ['/livez', '/readyz', '/-/healthy', '/-/ready', '/metrics', '/', '/api/v1/targets', '/nothing'];
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 404]);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^vigie_scrapes_total\{scrape_job="shop"\} [1-9]/m);
    expect(await (await fetch(`${url}/federate?match[]=scraped`)).text()).toContain('cluster="test"');
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  });

  it('goes on after kill -9 with what it had, within two intervals', async () => {
    await writeConfig(await target());
    const first = start(...LISTEN);
    const before = await queried(await first.url, 'scraped', (value) => value >= 3);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start(...LISTEN);
    const url = await second.url;
    const startedAt = performance.now();
    await queried(url, 'scraped', (value) => value > before);
    expect(await queried(url, 'count_over_time(scraped[1h])')).toBeGreaterThanOrEqual(before + 1);
    expect(await queried(url, 'resets(up[1h])')).toBe(0);
    // Intervals of 500 ms; the rest is for a machine whose cores are all busy.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('takes up a changed file on SIGHUP and when it is asked to, and keeps the old one where the new one is bad', async () => {
    const address = await target();
    await writeConfig(address);
    const running = start(...LISTEN);
    const url = await running.url;
    await queried(url, 'up{job="shop"} == 1');
    await writeConfig(address, `  - job_name: second\n    static_configs: [{ targets: ['${address}'] }]\n`);
    running.child.kill('SIGHUP');
    await queried(url, 'up{job="second"} == 1');
    await writeConfig(address, '  - job_name: shop\n');
    const reloaded = await fetch(`${url}/-/reload`, { method: 'POST' });
    expect(reloaded.status).toBe(500);
    expect(await reloaded.text()).toMatch(/the old configuration stays.*collector\.yaml:\d+:\d+/);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^vigie_collector_config_last_reload_successful 0$/m);
    await queried(url, 'up{job="second"} == 1');
    await writeConfig(address);
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
    const pools = (await (await fetch(`${url}/api/v1/scrape_pools`)).json()) as unknown;
    expect(pools).toMatchObject({ data: { scrapePools: ['shop'] } });
  });

  it('shows its configuration without its secrets', async () => {
    await writeConfig(await target(), '    basic_auth: { username: u, password: hunter2 }\n');
    const url = await start(...LISTEN).url;
    await queried(url, 'up');
    const shown = (await (await fetch(`${url}/api/v1/status/config`)).json()) as { data: { yaml: string } };
    expect(shown.data.yaml).toContain('password: <secret>');
    expect(shown.data.yaml).not.toContain('hunter2');
  });

  const bad: readonly [string, string, readonly string[], RegExp][] = [
    ['a file that is not there', '', ['--config', 'absent.yaml'], /cannot read the configuration file absent\.yaml/],
    ['a key that it does not know', 'scrap_configs: []\n', LISTEN, /^collector\.yaml:1:1: scrap_configs: expected/m],
    ['no file at all', '', [], /required option '--config <file>'/],
    ['an address that is none', '', ['--config', 'f', '--listen', '9090'], /expected HOST:PORT/],
  ];
  it.each(bad)('refuses %s', async (_title, content, args, message) => {
    await writeFile(join(folder, 'collector.yaml'), content);
    const running = start(...args);
    expect(await running.ended).toBe(2);
    expect(running.stderr()).toMatch(message);
  });
});
