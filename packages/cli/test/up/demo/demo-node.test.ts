import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ROTATE_AT_BYTES } from '../../../src/up/demo/container-log.ts';
import { DemoNode } from '../../../src/up/demo/demo-node.ts';

const CONTAINERS = 3;

let root: string;
let clock: FakeClock;
let failures: string[];
let node: DemoNode;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vigie-demo-node-'));
  clock = new FakeClock();
  failures = [];
  node = new DemoNode(root, { clock, random: seededRandom(1), failed: (container) => failures.push(container) });
});
afterEach(async () => {
  await node.close();
  await rm(root, { recursive: true });
});

/** Lets the containers run, each step until all of them have written and sleep. */
async function run(forMs: number): Promise<void> {
  for (let elapsedMs = 0; elapsedMs <= forMs; elapsedMs += 50) {
    while (clock.pendingTimers < CONTAINERS) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(50);
  }
  while (clock.pendingTimers < CONTAINERS) await new Promise((resolve) => setImmediate(resolve));
}

async function logs(): Promise<Map<string, string>> {
  const names = await readdir(join(root, 'containers'));
  const contents = await Promise.all(names.map((name) => readFile(join(root, 'containers', name), 'utf8')));
  return new Map(names.map((name, index) => [name.split('_').at(-1)?.split('-')[0] ?? '', contents[index] ?? '']));
}

it('writes CRI lines for three containers until it is closed', async () => {
  await node.start();
  await run(5_000);
  await node.close();
  const written = await logs();
  expect([...written.keys()].sort()).toEqual(['api', 'nginx', 'worker']);
  for (const content of written.values()) {
    expect(content).not.toBe('');
    expect(content.split('\n').slice(0, -1)).not.toContainEqual(
      expect.not.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z std(out|err) [PF] /),
    );
  }
  expect(clock.pendingTimers).toBe(0);
});

it('rotates a log that has grown, as the kubelet looks every ten seconds', async () => {
  await node.start();
  await run(100);
  const [folder = ''] = (await readdir(join(root, 'pods'))).filter((name) => name.startsWith('shop_web-'));
  const path = join(root, 'pods', folder, 'nginx', '0.log');
  await writeFile(path, `${'x'.repeat(ROTATE_AT_BYTES)}\n`, { flag: 'a' });
  await run(15_000);
  const names = (await readdir(join(path, '..'))).sort();
  expect(names).toEqual(['0.log', expect.stringMatching(/^0\.log\.\d{8}-\d{6}$/)]);
  expect(await readFile(path, 'utf8')).not.toContain('xxx');
});

it('reports a container that cannot rotate its log, and goes on', async () => {
  await node.start();
  await run(100);
  const [folder = ''] = (await readdir(join(root, 'pods'))).filter((name) => name.startsWith('shop_web-'));
  const path = join(root, 'pods', folder, 'nginx', '0.log');
  await rename(path, `${path}.away`);
  await run(15_000);
  expect(failures).toContain('nginx');
  await rename(`${path}.away`, path);
  const before = (await readFile(path)).length;
  await run(15_000);
  expect((await readFile(path)).length).toBeGreaterThan(before);
});
