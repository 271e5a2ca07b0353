import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Discovery } from '../../src/tail/discovery.ts';
import type { ContainerLog } from '../../src/tail/generation.ts';
import { containerLog } from './generations.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-discovery-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function discoveryOf(logs: Map<string, ContainerLog>): Discovery {
  return new Discovery({
    clock: systemClock,
    logs,
    found: (key) => void logs.set(key, containerLog(key)),
    failed: (path) => expect.fail(path),
    breathe: () => undefined,
  });
}

it('takes a rotated file for no log of its own, also where a pattern matches both and the live one is not made yet', async () => {
  const live = join(folder, 'app.log');
  const logs = new Map<string, ContainerLog>();
  const discovery = discoveryOf(logs);
  writeFileSync(live, 'line\n');
  await discovery.pass([join(folder, '*')]);
  renameSync(live, `${live}.1`);
  await discovery.pass([join(folder, '*')]);
  expect([...logs.keys()]).toEqual([live]);
});

it.each([
  '*.log',
  'app.log',
  '*',
])('finds a log by %s though its writer has renamed it and not written since', async (pattern) => {
  const logs = new Map<string, ContainerLog>();
  writeFileSync(join(folder, 'app.log.2'), 'older\n');
  writeFileSync(join(folder, 'app.log.1'), 'line\n');
  await discoveryOf(logs).pass([join(folder, pattern)]);
  expect([...logs.keys()]).toEqual([join(folder, 'app.log')]);
});

it('finds no log by what is left of one that nobody writes any more', async () => {
  const logs = new Map<string, ContainerLog>();
  const rotated = join(folder, 'app.log.1');
  writeFileSync(rotated, 'line\n');
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(rotated, hourAgo, hourAgo);
  writeFileSync(join(folder, 'other.log.1.gz'), 'archived');
  await discoveryOf(logs).pass([join(folder, '*.log')]);
  expect([...logs.keys()]).toEqual([]);
});
