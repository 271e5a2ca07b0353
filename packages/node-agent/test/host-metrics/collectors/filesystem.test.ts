import { compileRegex } from '@vigie/core/regex';
import { describe, expect, it } from 'vitest';
import { FilesystemCollector, ownPaths } from '../../../src/host-metrics/collectors/filesystem.ts';
import type { FileSystemSizes } from '../../../src/host-metrics/host.ts';
import { parseMounts } from '../../../src/host-metrics/mounts.ts';
import { recordedDeps, recordedHost, recordedText, SIZES } from '../recorded-host.ts';

const NOTHING = compileRegex('^$');

function askedPaths(rootfs: string | undefined) {
  const asked: string[] = [];
  const statfs = (path: string): Promise<FileSystemSizes> => {
    asked.push(path);
    return Promise.resolve(SIZES);
  };
  const exclude = { mountPoints: NOTHING, types: compileRegex('^(proc|sysfs|devtmpfs)$') };
  const host = recordedHost('vm', recordedDeps(statfs), { rootfs });
  return { asked, collected: new FilesystemCollector(exclude).collect(host) };
}

describe('mounted file systems', () => {
  it('are measured below the root of the host, where that is mounted', async () => {
    const { asked, collected } = askedPaths('/host/root/');
    await collected;
    expect(asked).toEqual([
      '/host/root/',
      '/host/root/dev/shm',
      '/host/root/mnt/read only',
      '/host/root/mnt/gone',
      '/host/root/boot',
      '/host/root/var/lib/containers/storage/overlay',
    ]);
  });

  it('are measured at what a pod has of them; what it has nothing of is an error of that device', async () => {
    const { asked, collected } = askedPaths(undefined);
    const errors = (await collected).find(({ name }) => name === 'node_filesystem_device_error');
    expect(asked).toEqual(['/var/log', '/scratch', '/gone', '/var/log']);
    expect(errors?.samples.map(({ labels, value }) => [labels[1]?.[1], value])).toEqual([
      ['/', 0],
      ['/dev/shm', 1],
      ['/mnt/read only', 0],
      ['/mnt/gone', 0],
      ['/boot', 1],
      ['/var/lib/containers/storage/overlay', 0],
    ]);
  });

  it('are found at their own place before any other', async () => {
    const own = parseMounts(await recordedText('vm/proc/1/mountinfo'));
    const pathOf = ownPaths(own);
    expect(own.map((mount) => pathOf(mount))).toEqual(own.map(({ mountPoint }) => mountPoint));
  });
});
