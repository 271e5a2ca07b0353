/** The kit itself: what the other suites trust. A writer whose files read back whole, a server that keeps what it acknowledged, a walk that sees gaps. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containersGlob } from './container-log.ts';
import { startCriWriter, type WriterPlan } from './cri-writer.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { messageAsText, numberedLine, numberOf } from './numbered-line.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { containerIdentities } from './pod-logs.ts';
import { arrayAt, ask, at } from './rest.ts';
import { countDocuments, NumberTally, walk } from './walk.ts';

describe('the writer', () => {
  test('writes every record once, in files as the kubelet leaves them', async () => {
    const folder = temporaryFolder('writer');
    const plan: WriterPlan = {
      root: folder,
      seed: 7,
      startMs: 1_764_000_000_000,
      from: 0,
      to: 60_000,
      containers: containerIdentities(2),
      rotation: { maxSizeBytes: 256 << 10, maxFiles: 1000 },
      linesPerSecond: 12_000,
      interleaved: true,
      restartContainerAt: 30_000,
    };
    const writer = startCriWriter(plan, folder);
    writer.allow(60_000);
    const { rotations, gzipped } = await writer.finished;
    expect(rotations).toBeGreaterThan(3);
    expect(gzipped).toBeGreaterThan(0);

    const tally = new NumberTally(plan.to);
    for (const pod of readdirSync(join(folder, 'pods'))) {
      for (const container of readdirSync(join(folder, 'pods', pod))) {
        for (const message of messagesOf(join(folder, 'pods', pod, container))) {
          const n = numberOf(message.toString('latin1'));
          tally.see(n);
          if (n !== undefined) expect(message.equals(numberedLine(n, plan.seed, plan.startMs).message)).toBe(true);
        }
      }
    }
    expect([tally.distinct, tally.repeated, tally.foreign]).toEqual([plan.to, 0, 0]);
    const links = readdirSync(join(folder, 'containers'));
    expect(links).toHaveLength(3);
    expect(containersGlob(folder)).toBe(join(folder, 'containers', '*.log'));
    for (const link of links) expect(existsSync(readlinkSync(join(folder, 'containers', link)))).toBe(true);
  });

  /** All messages of one container: generations in order, pieces joined per stream. */
  function messagesOf(directory: string): Buffer[] {
    const order = (name: string): string => name.replace(/\.log$/, '.log.9').replace(/\.gz$/, '');
    const names = readdirSync(directory).sort((a, b) => (order(a) < order(b) ? -1 : 1));
    const unfinished: Record<string, Buffer[]> = { stdout: [], stderr: [] };
    const messages: Buffer[] = [];
    for (const name of names) {
      const bytes = readFileSync(join(directory, name));
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
      for (const line of text.split('\n').slice(0, -1)) {
        const [, stream, tag, content] = /^\S+ (stdout|stderr) ([PF]) (.*)$/s.exec(line) as unknown as [
          string,
          string,
          string,
          string,
        ];
        unfinished[stream]?.push(Buffer.from(content, 'latin1'));
        if (tag === 'F') messages.push(Buffer.concat(unfinished[stream]?.splice(0) ?? []));
      }
    }
    expect(unfinished).toEqual({ stdout: [], stderr: [] });
    return messages;
  }
});

describe('a server', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startOpenSearch();
    await putLogTemplate(server, { stream: 'logs-kit-default' });
  });
  afterAll(() => server?.stop());

  test('keeps what it acknowledged through kill -9, and a walk names what is missing and what is there twice', async () => {
    const numbers = [0, 1, 2, 4, 5, 5, 9].concat(Array.from({ length: 12_000 }, (_, index) => index + 10));
    const body = numbers
      .map((n) => {
        const { time, message } = numberedLine(n, 7, 1_764_000_000_000);
        return `{"create":{}}\n${JSON.stringify({ '@timestamp': time, message: messageAsText(message) })}\n`;
      })
      .join('');
    expect(at(await ask(server, 'POST', '/logs-kit-default/_bulk', body), 'errors')).toBe(false);
    const before = server.pid();
    await server.kill9();
    await server.restart();
    expect(server.pid()).not.toBe(before);

    const tally = new NumberTally(12_010);
    const times: unknown[] = [];
    const documents = await walk(server, 'logs-kit-default', (source) => {
      const n = numberOf(String(at(source, 'message')));
      tally.see(n);
      if (n === 9) times.push(at(source, '@timestamp'));
    });
    expect([documents, tally.distinct, tally.repeated, tally.foreign]).toEqual([12_007, 12_006, 1, 0]);
    expect(tally.missing()).toEqual(['3', '6-8']);
    expect(tally.doubled()).toEqual(['5']);
    expect(times).toEqual([numberedLine(9, 7, 1_764_000_000_000).time]);
    expect(await countDocuments(server, 'logs-kit-default')).toBe(12_007);
    expect(arrayAt(await ask(server, 'GET', '/_cat/indices/.ds-logs-kit-default-*?format=json'))).toHaveLength(1);
  });
});

describe('the leash', () => {
  test('ends what a suite started when the suite is killed', async () => {
    const folder = temporaryFolder('leash');
    const leash = fileURLToPath(new URL('./leash.ts', import.meta.url));
    const bundle = join(folder, 'suite.mjs');
    copyFileSync(new URL('./leash-guard.mjs', import.meta.url), join(folder, 'leash-guard.mjs'));
    buildSync({
      stdin: {
        contents: `import { spawnLeashed, temporaryFolder } from ${JSON.stringify(leash)};
          const child = spawnLeashed('sleep', ['600'], { stdio: 'ignore' });
          child.once('spawn', () => setTimeout(() => { console.log(JSON.stringify({ pid: child.pid, folder: temporaryFolder('x') })); process.kill(process.pid, 'SIGKILL'); }, 100));`,
        resolveDir: folder,
      },
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const suite = spawnSync(process.execPath, [bundle], { encoding: 'utf8' });
    const told = JSON.parse(suite.stdout) as { pid: number; folder: string };
    await until('the child to be gone', 20_000, () =>
      isAlive(told.pid) || existsSync(told.folder) ? undefined : true,
    );
    expect(suite.signal).toBe('SIGKILL');
  });

  function isAlive(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  }
});
