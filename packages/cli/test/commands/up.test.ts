import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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
