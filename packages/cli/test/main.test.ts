import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const bin = fileURLToPath(new URL('../bin/vigie.cjs', import.meta.url));

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

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'agent.yaml');
  await writeFile(file, text);
  return file;
}

describe('vigie', () => {
  it('prints its version', async () => {
    expect(await vigie('--version')).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  it('prints help to stdout when asked, and to stderr with exit 2 when called without a command', async () => {
    const asked = await vigie('--help');
    expect([asked.code, asked.stderr]).toEqual([0, '']);
    expect(asked.stdout).toContain('node-agent');
    expect(await vigie()).toEqual({ code: 2, stdout: '', stderr: asked.stdout });
    expect((await vigie('help', 'node-agent')).stdout).toContain('--config <file>');
  });

  it.each([
    [['nod-agent'], /unknown command 'nod-agent'\n\(Did you mean node-agent\?\)/],
    [['--colour'], /unknown option '--colour'/],
    [['node-agent'], /required option '--config <file>' not specified/],
    [['node-agent', '--config', 'x', '--once-timeout', '3x'], /expected a duration/],
    [['node-agent', '--config', 'x', '--listen', '9880'], /expected HOST:PORT/],
    [['check', 'node-agent'], /missing required argument 'file'/],
  ])('exits 2 on bad usage and says what is wrong: %j', async (args, expected) => {
    const ended = await vigie(...args);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(expected) });
  });
});

describe('vigie check node-agent', () => {
  it('accepts a good file', async () => {
    const file = await fileWith(`
data_dir: /var/lib/vigie
sources:
  pods: { type: kubernetes_logs, paths: [/var/log/containers/*.log] }
sinks:
  out: { type: file, inputs: [pods], path: /tmp/out.ndjson }
`);
    expect(await vigie('check', 'node-agent', file)).toEqual({ code: 0, stdout: `${file}: ok\n`, stderr: '' });
  });

  it('exits 2 with one line per problem, of all files', async () => {
    const bad = await fileWith('data_dir: 3\ncolour: red\n');
    const missing = join(tmpdir(), 'vigie-no-such-file.yaml');
    const ended = await vigie('check', 'node-agent', bad, missing);
    expect(ended.code).toBe(2);
    const lines = ended.stderr.trimEnd().split('\n');
    expect(lines).toContainEqual(expect.stringMatching(`^${bad}:1:11: data_dir: expected .*, got 3$`));
    expect(lines).toContainEqual(
      expect.stringMatching(`^${bad}:2:1: colour: expected one of the keys .*, got "colour"$`),
    );
    expect(lines.at(-1)).toMatch(missing);
  });

  it('--test runs the tests of a file, and exits 1 when one fails', async () => {
    const file = await fileWith(`
sources: { pods: { type: kubernetes_logs } }
transforms: { errors: { type: filter, inputs: [pods], condition: { message: { re: ERROR } } } }
sinks: { out: { type: console, inputs: [errors] } }
tests:
  - { name: keeps errors, inputs: [{ insert_at: errors, message: ERROR }], outputs: [{ extract_from: errors }] }
  - { name: keeps the rest, inputs: [{ insert_at: errors, message: INFO }], outputs: [{ extract_from: errors }] }
`);
    const ended = await vigie('check', 'node-agent', file, '--test');
    expect([ended.code, ended.stderr]).toEqual([1, '']);
    expect(ended.stdout).toContain(`${file}: passed: keeps errors\n${file}: FAILED: keeps the rest\n`);
    expect(ended.stdout).toContain('errors: expected records, got none');
    expect(ended.stdout).toMatch(/\n1 passed, 1 failed\n$/);
    expect((await vigie('check', 'node-agent', file)).code).toBe(0);
  });
});
