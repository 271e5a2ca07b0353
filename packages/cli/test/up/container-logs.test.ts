import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findContainerLogs } from '../../src/up/container-logs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-logs-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('finds none where the folder does not exist, is empty or holds links to logs that are gone', async () => {
  expect(await findContainerLogs(join(folder, 'absent'))).toBe('none');
  expect(await findContainerLogs(folder)).toBe('none');
  await symlink(join(folder, 'gone'), join(folder, 'a.log'));
  expect(await findContainerLogs(folder)).toBe('none');
});

it('finds a log that can be read, behind a link too', async () => {
  await writeFile(join(folder, 'target'), '');
  await symlink(join(folder, 'target'), join(folder, 'a.log'));
  expect(await findContainerLogs(folder)).toBe('readable');
});

it.skipIf(process.getuid?.() === 0)('says when every log belongs to another user', async () => {
  await writeFile(join(folder, 'a.log'), '');
  await chmod(join(folder, 'a.log'), 0);
  expect(await findContainerLogs(folder)).toBe('unreadable');
});
