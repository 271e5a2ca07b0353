/** A folder has one database at a time. */
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { lockFolder } from '@vigie/core/folder-lock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tsdb, type TsdbDeps } from '../src/tsdb.ts';

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-lock-'));
});
afterEach(() => fs.rm(folder, { recursive: true }));

const IN_USE = { code: 'FOLDER_IN_USE' };

describe('a database', () => {
  const failures: string[] = [];
  const create = (lock: TsdbDeps['lock']): Tsdb => {
    const failed = (operation: string): void => void failures.push(operation);
    return new Tsdb({ folder }, { fs, clock: new FakeClock(), ...(lock && { lock }), reports: { failed } });
  };

  it('does not start on the folder of another, which goes on', async () => {
    const first = create(lockFolder);
    await first.start();
    await expect(create(lockFolder).start()).rejects.toMatchObject(IN_USE);
    expect(await first.commit()).toBe(true);
    await first.close();
    const second = create(lockFolder);
    await second.start();
    await second.close();
  });

  it('leaves the folder to others when it cannot read what is in it', async () => {
    await fs.writeFile(join(folder, 'wal-00000001'), '');
    const broken = { ...fs, readdir: () => Promise.reject(new Error('no')) };
    const failed = (): void => undefined;
    const tsdb = new Tsdb({ folder }, { fs: broken, clock: new FakeClock(), lock: lockFolder, reports: { failed } });
    await expect(tsdb.start()).rejects.toThrow('no');
    await (await lockFolder(folder)).release();
  });

  it('starts, and says so, where the file system has no locks', async () => {
    const tsdb = create(() => Promise.reject(new Error('not supported')));
    await tsdb.start();
    expect(failures).toEqual(['lock']);
    await tsdb.close();
  });
});
