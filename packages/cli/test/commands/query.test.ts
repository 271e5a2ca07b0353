/** `vigie query` against `vigie up`, both as they are built. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../../bin/vigie.cjs');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let up: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-query-'));
  up = spawn(process.execPath, [BIN, 'up', '--demo', '--data-dir', 'data', '--listen', '127.0.0.1:0'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  url = await new Promise((resolve, reject) => {
    let text = '';
    up.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, listening] = /listening on (\S+)/.exec(text) ?? [];
      // The first scrape is recorded.
      if (listening !== undefined && text.includes('metrics are recorded')) resolve(listening);
    });
    up.once('close', () => reject(new Error(text)));
  });
});
afterAll(async () => {
  up.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function query(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, 'query', '--url', url, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('vigie query', () => {
  it('shows what vigie up records of itself', async () => {
    const instance = url.replace('http://', '');
    expect(await query('up')).toEqual({
      code: 0,
      stdout: `${'series'.padEnd(`up{instance="${instance}", job="vigie"}`.length)}  value\nup{instance="${instance}", job="vigie"}  1\n`,
      stderr: '',
    });
  });

  it('has a rate of it within seconds', async () => {
    let answer: Ended;
    do answer = await query('sum(rate(vigie_agent_read_bytes_total[1m])) > 0');
    while (answer.code === 0 && answer.stderr === 'vigie: no series\n');
    expect(answer).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^series {2}value\n\{\} {6}[\d.]+\n$/),
      stderr: '',
    });
  });

  it('draws a range', async () => {
    const { code, stdout } = await query('--start', 'now-1m', '--step', '1s', 'up');
    expect(code).toBe(0);
    expect(stdout).toMatch(/┤.*UTC .*\n\nseries .*\nup\{.*\} +1 +1 +1 +1\n$/s);
  });

  it('marks mistakes in the query, and exits 2', async () => {
    const { code, stderr } = await query('sum(up');
    expect([code, stderr.split('\n').slice(1)]).toEqual([2, ['  sum(up', '        ^', '']]);
    expect(stderr).toMatch(/bad_data: .*1:7: parse error: unclosed left parenthesis/);
  });

  it('exits 2 on options that make no query, 1 where nobody answers', async () => {
    expect(await query('--end', 'now', 'up')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--start is missing/),
    });
    expect(await query('--url', 'http://127.0.0.1:1', 'up')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^vigie: no server answers at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/),
    });
  });
});
