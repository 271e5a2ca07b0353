import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/vigie.cjs', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary as it is built: `npm test` builds it first. */
function vigie(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function scriptOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'queries.test');
  await writeFile(file, text);
  return file;
}

describe('vigie test promql', () => {
  it('counts what passes, over all files', async () => {
    const script = await scriptOf('load 1m\n  a 1 2\n\neval instant at 1m a + 1\n  {} 3\n');
    expect(await vigie('test', 'promql', script, script)).toEqual({
      code: 0,
      stdout: '2 passed, 0 failed\n',
      stderr: '',
    });
  });

  it('says of each case that fails where it is, what was expected and what came, and exits 1', async () => {
    const script = await scriptOf('load 1m\n  a 1 2\n\neval instant at 1m a\n  a 7\n\neval instant at 0 a\n  a 1\n');
    expect(await vigie('test', 'promql', script)).toEqual({
      code: 1,
      stdout: `${script}:4: a\n  expected a{} 7\n  got      a{} 2\n1 passed, 1 failed\n`,
      stderr: '',
    });
  });

  it('runs the others beside a file that cannot be read, and exits 2', async () => {
    const script = await scriptOf('eval instant at 0 1\n  1\n');
    expect(await vigie('test', 'promql', `${script}.missing`, script)).toEqual({
      code: 2,
      stdout: '1 passed, 0 failed\n',
      stderr: expect.stringMatching(/\.missing: cannot be read: .*ENOENT/),
    });
  });

  it('exits 2 without a file', async () => {
    expect(await vigie('test', 'promql')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/missing required argument/),
    });
  });
});
