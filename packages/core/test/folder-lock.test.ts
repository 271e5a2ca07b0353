import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FolderLock, lockFolder } from '../src/folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-lock-'));
});
afterEach(() => fs.rm(folder, { recursive: true }));

/** A socket of that name whose owner has been killed. */
async function abandon(name: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(join(folder, name))}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await fs.readdir(folder)).toContain(name);
}

const IN_USE = { code: 'FOLDER_IN_USE' };

describe('the lock of a folder', () => {
  it('keeps a second one away, and says who has it', async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      ...IN_USE,
      message: expect.stringMatching(
        `^${folder} is in use by process ${process.pid} of .+: stop that one, or start this one with another data directory$`,
      ),
    });
    await lock.release();
  });

  it('is free once it has been released, and nothing of it is left', async () => {
    const lock = await lockFolder(folder);
    expect(await fs.readdir(folder)).toEqual(['lock']);
    await Promise.all([lock.release(), lock.release()]);
    expect(await fs.readdir(folder)).toEqual([]);
    await (await lockFolder(folder)).release();
  });

  it('is taken over from an owner that was killed', async () => {
    await abandon('lock');
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(IN_USE);
    expect(await fs.readdir(folder)).toEqual(['lock']);
    await lock.release();
  });

  it('is taken over from one that was killed while it took it over', async () => {
    await abandon('lock');
    await abandon('lock.takeover');
    const lock = await lockFolder(folder);
    expect(await fs.readdir(folder)).toEqual(['lock']);
    await lock.release();
  });

  it('is taken over by one of many that start at once', async () => {
    for (let round = 0; round < 5; round++) {
      await abandon('lock');
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
      const locks = tries.flatMap((one): readonly FolderLock[] => (one.status === 'fulfilled' ? [one.value] : []));
      expect(locks.length).toBeLessThanOrEqual(1);
      const [lock = await lockFolder(folder)] = locks;
      await expect(lockFolder(folder)).rejects.toMatchObject(IN_USE);
      await lock.release();
    }
  });

  it('works in a folder with a name too long for a socket', async () => {
    const deep = join(folder, 'x'.repeat(120), 'y'.repeat(120));
    const lock = await lockFolder(deep);
    await expect(lockFolder(deep)).rejects.toMatchObject(IN_USE);
    await lock.release();
    expect(await fs.readdir(deep)).toEqual([]);
  });
});
