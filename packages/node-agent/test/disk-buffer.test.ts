import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../cli/dist/vigie.cjs');
const DEADLINE_MS = 30_000;
const TEST_MS = 120_000;
/** The agent answers between what it does. */
const POLL_MS = 10;

const ledgerSchema = v.tuple([
  v.object({
    readRecords: v.number(),
    ackedRecords: v.number(),
    bufferedRecords: v.number(),
    restoredRecords: v.number(),
    readBytes: v.number(),
    ackedBytes: v.number(),
    inFlightBytes: v.number(),
    bufferedBytes: v.number(),
    droppedBytes: v.record(v.string(), v.number()),
    droppedRecords: v.record(v.string(), v.number()),
  }),
]);
type Entry = v.InferOutput<typeof ledgerSchema>[0];

/** The agent as users run it, before an HTTP endpoint that can be down. */
describe('a disk buffer of the agent', { timeout: TEST_MS }, () => {
  let root = '';
  let log = '';
  let children: ChildProcess[] = [];
  let server: Server;
  let answers = 200;
  let messages: string[] = [];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'vigie-disk-buffer-'));
    const folder = join(root, 'pods/shop_web-0_1b4e28ba-2fa1-11d2-883f-0016d3cca427/app');
    mkdirSync(folder, { recursive: true });
    log = join(folder, '0.log');
    children = [];
    messages = [];
    answers = 200;
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (answers === 200) {
          const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
          messages.push(...lines.map((line) => String(JSON.parse(line).message)));
        }
        response.writeHead(answers).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const padding = 'x'.repeat(400);
  const write = (from: number, to: number): void =>
    appendFileSync(
      log,
      Array.from(
        { length: to - from },
        (_, i) => `2026-11-21T10:00:00.${String(from + i).padStart(9, '0')}Z stdout F line ${from + i} ${padding}\n`,
      ).join(''),
    );
  const numbers = (): number[] => messages.map((message) => Number(message.split(' ')[1]));
  const distinct = (): number => new Set(numbers()).size;

  const config = (buffer: string, sink = ''): string => {
    const file = join(root, 'agent.yaml');
    const { port } = server.address() as AddressInfo;
    const type = sink === '' ? `type: http, url: "http://127.0.0.1:${port}/"` : sink;
    writeFileSync(
      file,
      `data_dir: ${root}/data
listen: 127.0.0.1:0
checkpoint_interval: 20ms
sources:
  pods: { type: kubernetes_logs, paths: ["${root}/pods/*/*/*.log"], reconcile_interval: 200ms }
sinks:
  out: { inputs: [pods], batch: { max_bytes: 16KiB, timeout: 10ms }, retry: { initial: 5ms, max: 20ms }, buffer: { type: disk, ${buffer} }, ${type} }
`,
    );
    return file;
  };

  interface Running {
    readonly child: ChildProcess;
    readonly stderr: () => string;
    readonly exit: Promise<number | null>;
  }
  const vigie = (...args: string[]): Running => {
    const child = spawn(process.execPath, [CLI, 'node-agent', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
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
      await setTimeout(POLL_MS);
    }
  };
  const urlOf = async (agent: Running): Promise<string> => {
    await until('port', () => /listening on (\S+) \(http\)/.test(agent.stderr()));
    return /listening on (\S+) \(http\)/.exec(agent.stderr())?.[1] ?? '';
  };
  const ledgerOf = async (url: string): Promise<Entry> => {
    const [entry] = v.parse(ledgerSchema, await (await fetch(`${url}/ledger`)).json());
    const dropped = Object.values(entry.droppedBytes).reduce((sum, bytes) => sum + bytes, 0);
    expect(entry.readBytes, JSON.stringify(entry)).toBe(entry.ackedBytes + entry.inFlightBytes + dropped);
    return entry;
  };

  it('takes what a dead sink does not, so that the log may go; kill -9 at any moment loses nothing', async () => {
    answers = 503;
    const file = config('max_size: 100MiB');
    let written = 0;
    for (let round = 0; round < 3; round++) {
      const agent = vigie('--config', file);
      const url = await urlOf(agent);
      write(written, written + 500);
      written += 500;
      await until('all is in the buffer', async () => (await ledgerOf(url)).bufferedRecords >= written);
      // Not all of it as one body, and the checkpoint behind it at an arbitrary place.
      write(written, written + 300);
      written += 300;
      await until('some of it too', async () => (await ledgerOf(url)).bufferedRecords > written - 300);
      agent.child.kill('SIGKILL');
      await agent.exit;
    }
    const settled = vigie('--config', file);
    const url = await urlOf(settled);
    await until('the rest is in the buffer', async () => {
      const { bufferedRecords, readRecords } = await ledgerOf(url);
      return bufferedRecords >= written && bufferedRecords === readRecords;
    });
    expect((await ledgerOf(url)).restoredRecords).toBeGreaterThan(0);
    await until('the checkpoint is at the end', async () => {
      const text = readdirSync(join(root, 'data/checkpoints')).length;
      return text > 0 && (await (await fetch(`${url}/ledger`)).text()).includes('"lagBytes":0');
    });
    settled.child.kill('SIGTERM');
    expect(await settled.exit).toBe(0);
    truncateSync(log, 0);
    answers = 200;
    expect(await vigie('--config', file, '--once').exit).toBe(0);
    expect(distinct()).toBe(written);
    expect(readdirSync(join(root, 'data/buffers/out'))).toEqual(['position']);
    messages = [];
    expect(await vigie('--config', file, '--once').exit).toBe(0);
    expect(messages).toEqual([]);
  });

  it('full, it stops reading; recovered, it goes on, and the ledger balances all along', async () => {
    answers = 503;
    const agent = vigie('--config', config('max_size: 128KiB'));
    const url = await urlOf(agent);
    write(0, 2000);
    await until('full', async () => {
      const { inFlightBytes, bufferedBytes } = await ledgerOf(url);
      return bufferedBytes > 64 * 1024 && inFlightBytes > bufferedBytes;
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(Number(/^vigie_agent_buffer_bytes\{sink="out"\} (\d+)$/m.exec(metrics)?.[1])).toBeLessThanOrEqual(131_072);
    expect(metrics).toContain('vigie_agent_buffer_limit_bytes{sink="out"} 131072');
    expect(Number(/^vigie_agent_buffer_records\{sink="out"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(100);
    answers = 200;
    await until('all arrived', async () => (await ledgerOf(url)).ackedRecords === 2000);
    expect(numbers()).toHaveLength(2000);
    const { bufferedRecords, droppedRecords } = await ledgerOf(url);
    expect({ bufferedRecords, droppedRecords }).toEqual({ bufferedRecords: 0, droppedRecords: {} });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('full with drop_oldest, it makes room for the newest and counts what went', async () => {
    answers = 503;
    const agent = vigie('--config', config('max_size: 128KiB, when_full: drop_oldest'));
    const url = await urlOf(agent);
    write(0, 2000);
    await until('everything is read', async () => {
      const { readRecords, inFlightBytes, bufferedBytes } = await ledgerOf(url);
      return readRecords === 2000 && inFlightBytes === bufferedBytes;
    });
    const dropped = (await ledgerOf(url)).droppedRecords.buffer_full ?? 0;
    expect(dropped).toBeGreaterThan(1000);
    answers = 200;
    await until('the rest arrived', async () => (await ledgerOf(url)).ackedRecords === 2000 - dropped);
    expect(distinct()).toBe(2000 - dropped);
    expect(numbers()).toContain(1999);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(
      `vigie_agent_dropped_records_total{source="pods",sink="out",reason="buffer_full"} ${dropped}`,
    );
  });

  it('a reload keeps what is in it; another kind of sink is refused while that is so', async () => {
    answers = 503;
    const file = config('max_size: 1MiB');
    const agent = vigie('--config', file);
    const url = await urlOf(agent);
    write(0, 300);
    await until('stored', async () => (await ledgerOf(url)).bufferedRecords === 300);
    config('max_size: 1MiB', `type: file, path: ${root}/out.ndjson`);
    const refusal = await fetch(`${url}/-/reload`, { method: 'POST' });
    expect(refusal.status).toBe(500);
    expect(await refusal.text()).toContain('has records encoded as \\"http\\", the sink now takes \\"file\\"');
    config('max_size: 2MiB');
    expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
    expect((await ledgerOf(url)).bufferedRecords).toBe(300);
    answers = 200;
    await until('arrived', async () => (await ledgerOf(url)).ackedRecords === 300);
    // Two requests are under way at once, and either may be the first that is taken.
    expect(numbers().sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('exits 2 where the buffer is smaller than a few requests', async () => {
    const agent = vigie('--config', config('max_size: 64KiB'));
    agent.child.kill('SIGTERM');
    await agent.exit;
    expect(agent.stderr()).not.toContain('max_size');
    const small = vigie('--config', config('max_size: 32KiB'));
    expect(await small.exit).toBe(2);
    expect(small.stderr()).toContain('sinks.out.buffer.max_size');
  });
});
