import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../cli/dist/vigie.cjs');
const DEADLINE_MS = 15_000;

const ledgerSchema = v.array(
  v.object({
    sink: v.string(),
    readRecords: v.number(),
    ackedRecords: v.number(),
    readBytes: v.number(),
    ackedBytes: v.number(),
    inFlightBytes: v.number(),
  }),
);

async function ledgerOf(url: string): Promise<v.InferOutput<typeof ledgerSchema>> {
  return v.parse(ledgerSchema, await (await fetch(`${url}/ledger`)).json());
}

/** The agent as users run it: the built command, over a folder like the kubelet's. */
describe('vigie node-agent', () => {
  let root = '';
  let log = '';
  let children: ChildProcess[] = [];
  let servers: Server[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vigie-agent-'));
    const folder = join(root, 'pods/shop_web-0_1b4e28ba-2fa1-11d2-883f-0016d3cca427/app');
    mkdirSync(folder, { recursive: true });
    log = join(folder, '0.log');
    children = [];
    servers = [];
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const write = (from: number, to: number): void =>
    appendFileSync(
      log,
      Array.from(
        { length: to - from },
        (_, i) => `2026-11-21T10:00:00.${String(from + i).padStart(9, '0')}Z stdout F line ${from + i}\n`,
      ).join(''),
    );

  const config = (sinks: string, extra = ''): string => {
    const file = join(root, 'agent.yaml');
    writeFileSync(
      file,
      `data_dir: ${root}/data\nlisten: 127.0.0.1:0\ncheckpoint_interval: 20ms\n${extra}sources:\n  pods: { type: kubernetes_logs, paths: ["${root}/pods/*/*/*.log"], reconcile_interval: 200ms }\nsinks:\n${sinks}`,
    );
    return file;
  };
  const fileSink = (name = 'out'): string =>
    `  ${name}: { type: file, inputs: [pods], path: ${root}/${name}.ndjson, batch: { timeout: 10ms } }\n`;

  const lines = (name = 'out'): string[] => {
    const path = join(root, `${name}.ndjson`);
    if (!existsSync(path)) return [];
    // A line that is being written has no newline yet.
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => String(JSON.parse(line).message));
  };

  interface Running {
    readonly child: ChildProcess;
    readonly stderr: () => string;
    readonly exit: Promise<number | null>;
  }
  const vigie = (...args: string[]): Running => {
    const child = spawn(process.execPath, [CLI, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NAME: 'n1' },
    });
    children.push(child);
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, stderr: () => text, exit: new Promise((resolve) => child.on('exit', resolve)) };
  };
  const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const urlOf = async (agent: Running): Promise<string> => {
    await until('port', () => /listening on (\S+) \(http\)/.test(agent.stderr()));
    return /listening on (\S+) \(http\)/.exec(agent.stderr())?.[1] ?? '';
  };

  it('--once ships everything to end of file and exits 0; a second run sends nothing', async () => {
    write(0, 1000);
    appendFileSync(log, '2026-11-21T10:00:01Z stderr F no newline');
    const file = config(fileSink());
    expect(await vigie('node-agent', '--config', file, '--once').exit).toBe(0);
    expect(lines()).toEqual([...Array.from({ length: 1000 }, (_, i) => `line ${i}`), 'no newline']);
    expect(await vigie('node-agent', '--config', file, '--once').exit).toBe(0);
    expect(lines().length).toBe(1001);
  });

  it('--once exits 1 when the sink stays down', async () => {
    write(0, 10);
    const file = config('  out: { type: http, inputs: [pods], url: "http://127.0.0.1:1/" }\n');
    const agent = vigie('node-agent', '--config', file, '--once', '--once-timeout', '300ms');
    expect(await agent.exit).toBe(1);
    expect(agent.stderr()).toContain('a sink stayed down');
  });

  it('exits 2 on a bad configuration, with every position', async () => {
    const file = join(root, 'bad.yaml');
    writeFileSync(file, 'sources:\n  pods: { type: kubernetes_logs, x: 1 }\nsinks:\n  out: { type: file }\n');
    const agent = vigie('node-agent', '--config', file);
    expect(await agent.exit).toBe(2);
    expect(agent.stderr()).toContain(`${file}:2:34: sources.pods.x: expected one of the keys`);
    expect(agent.stderr()).toContain(`${file}:4:8: sinks.out.inputs: expected`);
    const check = vigie('check', 'node-agent', file);
    expect(await check.exit).toBe(2);
  });

  it('answers 401 where credentials are missing or wrong, as a whole and to who pushes', async () => {
    const token = join(root, 'token');
    writeFileSync(token, 'right');
    const auth = `{ address: "127.0.0.1:0", auth: { type: bearer, token_file: ${token} } }`;
    const file = join(root, 'guarded.yaml');
    const sinks = `sinks: { out: { type: file, inputs: [apps], path: ${root}/out.ndjson } }`;
    writeFileSync(
      file,
      `data_dir: ${root}/data\nlisten: ${auth}\nsources: { apps: { type: otlp, listen: ${auth} } }\n${sinks}\n`,
    );
    const agent = vigie('node-agent', '--config', file);
    const http = await urlOf(agent);
    await until('the port of the source', () => /listening on (\S+) \(otlp\)/.test(agent.stderr()));
    const otlp = /listening on (\S+) \(otlp\)/.exec(agent.stderr())?.[1] ?? '';
    const push = (authorization?: string): Promise<Response> =>
      fetch(`${otlp}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        body: '{"resourceLogs":[]}',
      });
    const answers = [
      await fetch(`${http}/ledger`),
      await push(),
      await push('Bearer wrong'),
      await push('Bearer right'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 200]);
    expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer realm="vigie"');
    expect(agent.stderr()).not.toContain('request failed');
  });

  it('serves ledger, metrics and health, and SIGTERM drains and exits 0', async () => {
    write(0, 500);
    const agent = vigie('node-agent', '--config', config(fileSink()));
    const url = await urlOf(agent);
    await until('500 lines', () => lines().length === 500);
    await until('ledger', async () => {
      const [entry] = await ledgerOf(url);
      return entry?.ackedRecords === 500 && entry.readBytes === entry.ackedBytes && entry.inFlightBytes === 0;
    });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('vigie_agent_acked_records_total{source="pods",sink="out"} 500');
    agent.child.kill('SIGTERM');
    expect(await agent.exit).toBe(0);
    expect(readFileSync(join(root, 'data/checkpoints/pods.out.ckpt'), 'utf8')).toContain(
      `"offset":${readFileSync(log).length}`,
    );
  });

  it('loses nothing over kill -9 at any moment, and repeats little', async () => {
    const file = config(fileSink());
    let written = 0;
    for (let round = 0; round < 4; round++) {
      const agent = vigie('node-agent', '--config', file);
      await urlOf(agent);
      const goal = written + 2000;
      while (written < goal) {
        write(written, written + 100);
        written += 100;
        await until('progress', () => new Set(lines()).size > (goal - 2000) / 2);
      }
      agent.child.kill('SIGKILL');
      await agent.exit;
    }
    expect(await vigie('node-agent', '--config', file, '--once').exit).toBe(0);
    expect(new Set(lines()).size).toBe(written);
  });

  it('takes a changed configuration over without losing or repeating a line; a bad one leaves the old running', async () => {
    const file = config(fileSink());
    const agent = vigie('node-agent', '--config', file);
    const url = await urlOf(agent);
    write(0, 100);
    await until('first lines', () => lines().length === 100);
    writeFileSync(file, 'sinks: 5');
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(500);
    write(100, 200);
    await until('still running', () => lines().length === 200);
    config(fileSink() + fileSink('second'));
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
    write(200, 300);
    await until('first sink goes on', () => lines().length === 300);
    await until('second sink begins at the beginning', () => lines('second').length === 300);
    expect((await ledgerOf(url)).map(({ sink, readRecords }) => [sink, readRecords])).toEqual([
      ['out', 300],
      ['second', 300],
    ]);
  });

  it('leaves the old configuration running when the checkpoints cannot be opened for another', async () => {
    const file = config(fileSink());
    const agent = vigie('node-agent', '--config', file);
    const url = await urlOf(agent);
    write(0, 100);
    await until('first lines', () => lines().length === 100);
    const checkpoints = join(root, 'data/checkpoints');
    renameSync(checkpoints, `${checkpoints}.aside`);
    writeFileSync(checkpoints, 'a file where a folder should be');
    config(fileSink() + fileSink('second'));
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(500);
    write(100, 200);
    await until('the old sink goes on', () => lines().length === 200);
    expect((await ledgerOf(url)).map(({ sink }) => sink)).toEqual(['out']);
    rmSync(checkpoints);
    renameSync(`${checkpoints}.aside`, checkpoints);
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
    await until('the second sink has all', () => lines('second').length === 200);
    expect(lines().length).toBe(200);
  });

  it('is not ready while a sink refuses it, holds everything, and goes on when it is mended', async () => {
    let status = 401;
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        if (status === 200) bodies.push(body);
        response.writeHead(status).end();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    write(0, 10);
    const agent = vigie(
      'node-agent',
      '--config',
      config(`  out: { type: http, inputs: [pods], url: "http://127.0.0.1:${port}/" }\n${fileSink('second')}`),
    );
    const url = await urlOf(agent);
    await until('not ready', async () => (await fetch(`${url}/readyz`)).status === 503);
    expect(await (await fetch(`${url}/readyz`)).text()).toContain('sink out: held (credentials)');
    await until('the other sink is not held back', () => lines('second').length === 10);
    status = 200;
    await until('delivered', () => bodies.join('').split('\n').length === 11);
    await until('ready', async () => (await fetch(`${url}/readyz`)).status === 200);
  }, 30_000);
});
