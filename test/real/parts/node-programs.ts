import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = 'a Kubernetes node needs containerd, runc, CNI plugins and busybox';

/** Unpacked and not installed: a containerd that belongs to the machine stays as it is. What they depend on, libc6 and
 *  libseccomp2, apt itself depends on. */
const PACKAGES = ['containerd', 'runc', 'containernetworking-plugins', 'busybox-static'];

export interface NodePrograms {
  /** Folders of programs, for a PATH. */
  readonly path: string;
  readonly runc: string;
  readonly cni: string;
  /** Linked statically. */
  readonly busybox: string;
}

/** What runs containers on a node, from Debian's packages. */
export function installNodePrograms(): NodePrograms {
  if (!existsSync('/usr/bin/dpkg') || !existsSync('/usr/bin/apt-get'))
    throw new Error(`${PURPOSE}: this part unpacks Debian's packages, run it on Debian or Ubuntu`);
  const root = builtOnce('node-programs', [THIS_FILE], (folder) => {
    const files = download(folder);
    for (const file of files) {
      runToEnd('dpkg', ['-x', file, folder], { cwd: folder });
      rmSync(join(folder, file));
    }
  });
  const [busybox] = [join(root, 'bin/busybox'), join(root, 'usr/bin/busybox')].filter((file) => existsSync(file));
  if (busybox === undefined) throw new Error(`${PURPOSE}: no busybox in ${root}`);
  return {
    path: [join(root, 'usr/bin'), join(root, 'usr/sbin')].join(':'),
    runc: join(root, 'usr/sbin/runc'),
    cni: join(root, 'usr/lib/cni'),
    busybox,
  };
}

/** @returns the names of the packages' files in `folder` */
function download(folder: string): readonly string[] {
  const get = (): string => runToEnd('apt-get', ['download', '-qq', ...PACKAGES], { cwd: folder });
  try {
    get();
  } catch {
    // A fresh machine has no lists of packages, an old one has those of versions that are gone.
    runToEnd('apt-get', ['update', '-qq']);
    get();
  }
  return readdirSync(folder).filter((name) => name.endsWith('.deb'));
}
