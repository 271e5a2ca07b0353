import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

it('takes a rotated file for no log of its own, also where a pattern matches both and the live one is not made yet', async () => {
  const live = join(folder, 'app.log');
  const logs = new Map<string, ContainerLog>();
  const discovery = new Discovery({
    clock: systemClock,
    logs,
    found: (key) => void logs.set(key, containerLog(key)),
    failed: (path) => expect.fail(path),
    breathe: () => undefined,
  });
  writeFileSync(live, 'line\n');
  await discovery.pass([join(folder, '*')]);
  renameSync(live, `${live}.1`);
  await discovery.pass([join(folder, '*')]);
  expect([...logs.keys()]).toEqual([live]);
});
