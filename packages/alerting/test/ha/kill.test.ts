/** Replicas as processes: the owner is killed with SIGKILL while it tells, and the other tells within ten seconds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { expect, it, onTestFinished, vi } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';
import { folderWith } from '../folder.ts';

const PROGRAM = new URL('./replica.program.ts', import.meta.url);
const NAMES = Array.from({ length: 8 }, (_, index) => `A${index}`);
const WITHIN_MS = 10_000;

interface Told {
  readonly by: string;
  readonly name: string;
  readonly atMs: number;
}

/** Answers whomever it is told to. */
async function receiver() {
  const told: Told[] = [];
  const hung = new Set<string>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const [by = '', name = ''] = body.split(' ');
      told.push({ by, name, atMs: performance.now() });
      if (!hung.has(by)) response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`, told, hung };
}

async function kubeconfigOf(api: TestApiServer): Promise<string> {
  const file = join(await folderWith(), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url.origin } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'mon' } }],
    'current-context': 'c',
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

it('another replica tells within ten seconds of a kill whatever the owner had begun to tell', async () => {
  const api = await TestApiServer.start();
  onTestFinished(() => api.stop());
  const { url, told, hung } = await receiver();
  const [program, kubeconfig] = [await bundledProgram(PROGRAM), await kubeconfigOf(api)];
  const outputs = new Map<string, string>();
  const start = async (name: string): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [program, name, await folderWith(), kubeconfig, url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (chunk) => outputs.set(name, (outputs.get(name) ?? '') + chunk));
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const children = new Map([
    ['a', await start('a')],
    ['b', await start('b')],
  ]);
  const sees = (name: string, text: string): void => expect(outputs.get(name)).toContain(text);
  await vi.waitFor(() => ['a', 'b'].forEach((name) => void expect(outputs.get(name)).toMatch(/owned 2\n$/)), 30_000);
  hung.add('a');
  children.get('b')?.stdin?.write(NAMES.map((name) => `${name}\n`).join(''));
  await vi.waitFor(() => sees('b', `taken ${NAMES.at(-1)}`), 10_000);
  await vi.waitFor(() => expect(new Set(told.map(({ name }) => name)).size).toBe(NAMES.length), 30_000);
  const unanswered = told.filter(({ by }) => by === 'a').map(({ name }) => name);
  expect(unanswered.length).toBeGreaterThan(0);
  children.get('a')?.kill('SIGKILL');
  const killedAtMs = performance.now();
  const again = (): readonly Told[] => told.filter(({ by, name }) => by === 'b' && unanswered.includes(name));
  await vi.waitFor(() => expect(again()).toHaveLength(unanswered.length), 30_000);
  const lastMs = Math.max(...again().map(({ atMs }) => atMs)) - killedAtMs;
  expect(lastMs).toBeLessThan(WITHIN_MS);
  // Each by one replica but those of which nobody knew whether they arrived.
  expect(told).toHaveLength(NAMES.length + unanswered.length);
});
