/** Disks of a test's node: file systems in files, by the kernel's loop devices. They end with the mount namespace of the node. */
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandExists, installDebianPackages } from './debian.ts';
import { runToEnd } from './run-to-end.ts';

export interface Disk {
  /** Where the node has it: below /var/log, /var/lib or /run, which are its own. */
  readonly path: string;
  readonly sizeMiB: number;
  /** Eleven of them are the file system's own. */
  readonly inodes: number;
}

/** Makes them in `home`, and `home`/disks, a line `IMAGE PATH` for each, for node.sh to mount. */
export function writeDisks(home: string, disks: readonly Disk[]): void {
  const images = join(home, 'disk-images');
  mkdirSync(images);
  if (disks.length > 0) assertPossible();
  const lines = disks.map(({ path, sizeMiB, inodes }, index) => {
    const image = join(images, `${index}.img`);
    writeFileSync(image, '');
    truncateSync(image, sizeMiB << 20);
    // Without a journal, which takes a megabyte or four, and without space that root alone may have.
    const options = ['-t', 'ext4', '-O', '^has_journal', '-m', '0', '-N', String(inodes)];
    runToEnd('mke2fs', ['-q', '-F', ...options, image]);
    return `${image} ${path}\n`;
  });
  writeFileSync(join(home, 'disks'), lines.join(''));
}

function assertPossible(): void {
  if (!commandExists('mke2fs', '-V')) installDebianPackages(['e2fsprogs'], 'disks of a node are made with mke2fs');
  if (existsSync('/dev/loop-control')) return;
  const wanted = 'give this machine, or the container that it is, /dev/loop-control and loop devices';
  throw new Error(`disks of a node need loop devices: ${wanted}, then run this again`);
}
