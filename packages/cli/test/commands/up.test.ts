import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

/** As it is built: `npm test` builds it first. */
const BIN = join(import.meta.dirname, '../../bin/vigie.cjs');

let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-up-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Once the output matches. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<number | null>;
}

function start(file: string, args: readonly string[]): Running {
  const child = spawn(file, args, { cwd: folder, env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' } });
  children.push(child);
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const shows = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(text.stdout + text.stderr)) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void ended.then(() => reject(new Error(`ended without ${pattern}: ${text.stdout}${text.stderr}`)));
      look();
    });
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, shows, ended };
}

const up = (...args: readonly string[]): Running =>
  start(process.execPath, [BIN, 'up', '--data-dir', 'data', '--listen', '127.0.0.1:0', ...args]);

describe('vigie up', () => {
  it('runs the demo without a terminal, and drains and exits 0 on SIGTERM', async () => {
    const running = up('--demo');
    await running.shows(/│ \S/);
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    expect(running.stderr()).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+ \(http\)$/m);
    const [route, ...lines] = running.stdout().trimEnd().split('\n');
    expect(route).toBe('demo workloads → data/records/logs.ndjson');
    expect(lines.at(-1)).toMatch(/^pods → files: read \d+ records .*, in flight 0 B, dropped 0 B, lost 0 B, lag /);
    expect(running.stdout()).not.toContain('\x1b');
  });

  it.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'keeps the ledger below the tail on a terminal, until Ctrl-C',
    async () => {
      const command = `stty cols 100 rows 24; exec ${process.execPath} ${BIN} up --demo --data-dir data --listen 127.0.0.1:0`;
      const running = start('script', ['-qec', command, '/dev/null']);
      await running.shows(/│ \S/);
      running.child.stdin?.write('\x03');
      expect(await running.ended).toBe(0);
      const frames = running.stdout().split('\x1b[?2026h');
      expect(frames[0]).toMatch(/listening on http:/);
      expect(frames.at(-1)).toMatch(/── vigie ── http:.*source → sink.*pods → files.*✓.*Ctrl-C stops/s);
      expect(running.stdout()).toContain('vigie: draining signal=SIGINT');
    },
  );

  it('ends when the reader of its output goes away', async () => {
    const running = up('--demo');
    await running.shows(/│ \S/);
    running.child.stdout?.destroy();
    expect(await running.ended).toBe(0);
  });

  it('reads the logs that it is told to, from a file of CRI lines', async () => {
    await writeFile(join(folder, 'app.log'), '2026-11-21T10:00:00.000000000Z stdout F hello from a file\n');
    const running = up('--logs', 'app.log');
    await running.shows(/hello from a file/);
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(0);
  });

  it('exits 1 where a later version has written its metrics, and says which file that is', async () => {
    const running = up('--demo');
    await running.shows(/metrics are recorded/);
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    const metrics = join(folder, 'data/metrics');
    const [name = ''] = (await readdir(metrics)).filter((file) => file.endsWith('.wal'));
    const bytes = await readFile(join(metrics, name));
    bytes.writeUInt32LE(99, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    await writeFile(join(metrics, name), bytes);
    const again = up('--demo');
    expect(await again.ended).toBe(1);
    expect(again.stderr()).toContain(`cannot keep metrics in ${metrics}: ${name} has version 99, which a later Vigie`);
  });

  const bad: readonly [string, string[], number, RegExp][] = [
    ['an address that is none', ['--listen', '7070'], 2, /expected HOST:PORT/],
    ['a URL that is none', ['--elasticsearch', 'nowhere'], 2, /--elasticsearch: expected a URL/],
    ['a file that is not there', ['--config', 'absent.yaml'], 2, /cannot read the configuration file absent\.yaml/],
    ['arguments that it does not take', ['logs/'], 2, /too many arguments/],
  ];
  it.each(bad)('refuses %s', async (_title, args, code, message) => {
    const running = up(...args);
    expect(await running.ended).toBe(code);
    expect(running.stderr()).toMatch(message);
  });
});

/** A rule that fires at once, and who is told; OTLP of both kinds at one port. */
const VIGIE_YAML = `
node_agent:
  sources:
    pushed: { type: otlp, listen: '127.0.0.1:0' }
  sinks:
    out: { type: file, inputs: [pushed], path: records.ndjson }
collector:
  scrape_configs:
    - job_name: app
      scrape_interval: 1s
      static_configs: [{ targets: ['127.0.0.1:1'] }]
alerting:
  alertmanager_config: alertmanager.yml
  rule_files: [rules.yml]
  evaluation_interval: 500ms
  notifications: { startup_hold: 0s }
`;
const RULES = `
groups:
  - name: app
    rules:
      - alert: AppDown
        expr: up{job="app"} == 0
        labels: { severity: page }
`;

/** Of its configuration in the folder. */
async function written(webhook: string): Promise<void> {
  await writeFile(join(folder, 'vigie.yaml'), VIGIE_YAML);
  await writeFile(join(folder, 'rules.yml'), RULES);
  await writeFile(
    join(folder, 'alertmanager.yml'),
    `route: { receiver: hook, group_by: [alertname], group_wait: 0s }\nreceivers: [{ name: hook, webhook_configs: [{ url: '${webhook}' }] }]\n`,
  );
}

/** What is posted there, in order. */
async function webhook(): Promise<{ readonly url: string; readonly next: () => Promise<string> }> {
  const waiting: ((body: string) => void)[] = [];
  const bodies: string[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end();
    const body = Buffer.concat(chunks).toString();
    const first = waiting.shift();
    if (first === undefined) bodies.push(body);
    else first(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const next = async (): Promise<string> =>
    bodies.shift() ?? (await new Promise<string>((resolve) => waiting.push(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, next };
}

const urlOf = (running: Running, name: string): string =>
  new RegExp(`^listening on (http://\\S+) \\(${name}\\)$`, 'm').exec(running.stderr())?.[1] ?? '';

async function vigie(...args: readonly string[]): Promise<string> {
  const running = start(process.execPath, [BIN, ...args]);
  const code = await running.ended;
  return `${running.stdout()}${code === 0 ? '' : `exit ${code}: ${running.stderr()}`}`;
}

describe('vigie up with a section for each part', () => {
  it('evaluates rules over what it scrapes, tells the receiver, and answers the commands', async () => {
    const hook = await webhook();
    await written(hook.url);
    const running = up('--config', 'vigie.yaml');
    await running.shows(/\(http\)$/m);
    expect(JSON.parse(await hook.next())).toMatchObject({
      status: 'firing',
      externalURL: `${urlOf(running, 'http')}/alertmanager`,
      alerts: [{ labels: { alertname: 'AppDown', instance: '127.0.0.1:1', severity: 'page' } }],
    });
    const url = ['--url', urlOf(running, 'http')];
    expect(await vigie('query', ...url, 'up{job="app"}')).toContain('instance="127.0.0.1:1"');
    expect(await vigie('alert', 'list', ...url)).toMatch(/AppDown .* active/);
    const silence = (await vigie('silence', 'add', ...url, '--comment', 'test', 'alertname=AppDown')).trim();
    expect(await vigie('silence', 'list', ...url, '-q')).toContain(silence);
    expect(await vigie('alert', 'list', ...url, '--silenced')).toMatch(/AppDown .* suppressed/);
    expect(await vigie('silence', 'expire', ...url, silence)).toBe('');
    const rules = await (await fetch(`${url[1]}/alertmanager/api/v1/rules`)).json();
    expect(rules).toMatchObject({ data: { groups: [{ name: 'app', rules: [{ state: 'firing' }] }] } });
    expect((await fetch(`${url[1]}/prometheus/probe?target=x`)).status).toBe(404);
    expect(await (await fetch(`${url[1]}/readyz`)).text()).toContain('[+]alerting ok');
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    expect(await readdir(join(folder, 'data'))).toEqual(expect.arrayContaining(['alerting', 'metrics']));
  });

  it('takes logs and metrics of OpenTelemetry at one port', async () => {
    await written('http://127.0.0.1:1/');
    const running = up('--config', 'vigie.yaml');
    await running.shows(/\(otlp\)$/m);
    const post = async (path: string, body: object): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(urlOf(running, 'otlp') + path, { method: 'POST', headers, body: JSON.stringify(body) }))
        .status;
    };
    const timeUnixNano = `${Date.now()}000000`;
    const gauge = { dataPoints: [{ timeUnixNano, asDouble: 7 }] };
    expect(
      await post('/v1/metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'pushed', gauge }] }] }] }),
    ).toBe(200);
    const logRecords = [{ timeUnixNano, body: { stringValue: 'pushed too' } }];
    expect(await post('/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).toBe(200);
    expect(await vigie('query', '--url', urlOf(running, 'http'), 'pushed')).toContain('7');
    expect(await readFile(join(folder, 'records.ndjson'), 'utf8')).toContain('pushed too');
  });

  it('takes up its file on SIGHUP, and keeps the old one where it is bad', async () => {
    const hook = await webhook();
    await written(hook.url);
    const running = up('--config', 'vigie.yaml');
    await running.shows(/metrics are recorded/);
    await writeFile(join(folder, 'vigie.yaml'), VIGIE_YAML.replace('rule_files', 'rulefiles'));
    const refused = await fetch(`${urlOf(running, 'http')}/-/reload`, { method: 'POST' });
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain('vigie.yaml:14:3: alerting.rulefiles: expected one of the keys');
    expect(await vigie('query', '--url', urlOf(running, 'http'), 'vector(1)')).toContain('1');
    await writeFile(join(folder, 'vigie.yaml'), VIGIE_YAML);
    await writeFile(join(folder, 'rules.yml'), RULES.replace('AppDown', 'AppGone'));
    running.child.kill('SIGHUP');
    await running.shows(/"message":"reloaded"/);
    let told = await hook.next();
    while (!told.includes('AppGone')) told = await hook.next();
    const metrics = await (await fetch(`${urlOf(running, 'http')}/metrics`)).text();
    expect(metrics).toMatch(/^vigie_collector_config_reloads_total\{result="failure"\} 1$/m);
    expect(metrics).toMatch(/^vigie_alerting_config_last_reload_successful 1$/m);
  });

  it('exits 2 with every problem of every section', async () => {
    await written('http://127.0.0.1:1/');
    await writeFile(
      join(folder, 'vigie.yaml'),
      'node_agent: { colour: red }\ncollector: { colour: red }\nalerting: { colour: red }\nlog_store: {}\n',
    );
    const running = up('--config', 'vigie.yaml');
    expect(await running.ended).toBe(2);
    for (const place of [
      '1:15: node_agent.colour',
      '2:14: collector.colour',
      '3:13: alerting.colour',
      '4:1: log_store',
    ])
      expect(running.stderr()).toContain(`vigie.yaml:${place}: expected `);
  });
});
