import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages } from './debian.ts';

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
  const root = builtOnce('node-programs', [THIS_FILE], (folder) => unpackDebianPackages(PACKAGES, folder, PURPOSE));
  const [busybox] = [join(root, 'bin/busybox'), join(root, 'usr/bin/busybox')].filter((file) => existsSync(file));
  if (busybox === undefined) throw new Error(`${PURPOSE}: no busybox in ${root}`);
  return {
    path: [join(root, 'usr/bin'), join(root, 'usr/sbin')].join(':'),
    runc: join(root, 'usr/sbin/runc'),
    cni: join(root, 'usr/lib/cni'),
    busybox,
  };
}
