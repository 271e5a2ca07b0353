/** Sizes of mounted file systems. Source: node_exporter, collector/filesystem_linux.go. */
import type { Regex } from '@vigie/core/regex';
import { withinTime } from '../deadline.ts';
import { type Family, gauge, type Sample } from '../family.ts';
import type { FileSystemSizes, Host } from '../host.ts';
import { type Mount, parseMounts } from '../mounts.ts';

/** A healthy statfs takes microseconds. */
const STATFS_LIMIT_MS = 1000;
/** A call to a server that is gone holds a thread of Node's pool until that is back, and the pool's four threads read the
 *  logs too. */
const MAX_HANGING = 2;

export interface FilesystemExclusions {
  readonly mountPoints: Regex;
  readonly types: Regex;
}

/** @param sizes undefined where they could not be had */
export type MeasuredMount = Mount & { readonly sizes: FileSystemSizes | undefined };

export class FilesystemCollector {
  readonly #exclude: FilesystemExclusions;
  /** Paths whose statfs has not returned. */
  readonly #hanging = new Set<string>();

  constructor(exclude: FilesystemExclusions) {
    this.#exclude = exclude;
  }

  async collect(host: Host): Promise<readonly Family[]> {
    const ofHost = await host.procIfAny('1/mountinfo');
    const own = await host.proc('self/mountinfo');
    const seen = new Set<string>();
    const mounts = parseMounts(ofHost ?? own).filter(({ device, mountPoint, fsType }) => {
      const key = `${device} ${mountPoint} ${fsType}`;
      if (seen.has(key) || this.#exclude.mountPoints.test(mountPoint) || this.#exclude.types.test(fsType)) return false;
      seen.add(key);
      return true;
    });
    const pathOf = host.paths.rootfs === undefined ? ownPaths(parseMounts(own)) : below(host.paths.rootfs);
    const measured: MeasuredMount[] = [];
    for (const mount of mounts) {
      const path = pathOf(mount);
      measured.push({ ...mount, sizes: path === undefined ? undefined : await this.#sizesOf(path, host) });
    }
    return filesystemFamilies(measured);
  }

  /** One after the other, so that no more hang than are counted. */
  async #sizesOf(path: string, { fs, clock }: Host): Promise<FileSystemSizes | undefined> {
    if (this.#hanging.has(path) || this.#hanging.size >= MAX_HANGING) return undefined;
    const pending = fs.statfs(path);
    try {
      const sizes = await withinTime(pending, STATFS_LIMIT_MS, clock);
      if (sizes !== 'late') return sizes;
    } catch {
      // Shown as node_filesystem_device_error.
      return undefined;
    }
    this.#hanging.add(path);
    const returned = (): boolean => this.#hanging.delete(path);
    pending.then(returned, returned);
    return undefined;
  }
}

function below(rootfs: string): (mount: Mount) => string {
  const prefix = rootfs.replace(/\/+$/, '');
  return ({ mountPoint }) => `${prefix}${mountPoint}`;
}

/** A file system says the same of itself wherever it is mounted: a pod that has the host's /var/log knows the sizes of the
 *  disk that this is on without seeing anything else of it. */
export function ownPaths(own: readonly Mount[]): (mount: Mount) => string | undefined {
  const byDevice = new Map<string, Mount[]>();
  for (const mount of own) {
    const others = byDevice.get(mount.deviceNumber) ?? [];
    byDevice.set(mount.deviceNumber, [...others, mount]);
  }
  return ({ deviceNumber, mountPoint }) => {
    const candidates = byDevice.get(deviceNumber) ?? [];
    const same = candidates.find((mount) => mount.mountPoint === mountPoint);
    // Folders within a file system may have quotas of their own.
    const widest = candidates.reduce<Mount | undefined>(
      (best, mount) => (best === undefined || mount.root.length < best.root.length ? mount : best),
      undefined,
    );
    return (same ?? widest)?.mountPoint;
  };
}

const FIGURES = [
  ['size_bytes', 'Filesystem size in bytes.', ({ blocks, bsize }) => blocks * bsize],
  ['free_bytes', 'Filesystem free space in bytes.', ({ bfree, bsize }) => bfree * bsize],
  ['avail_bytes', 'Filesystem space available to non-root users in bytes.', ({ bavail, bsize }) => bavail * bsize],
  ['files', 'Filesystem total file nodes.', ({ files }) => files],
  ['files_free', 'Filesystem total free file nodes.', ({ ffree }) => ffree],
] as const satisfies readonly (readonly [string, string, (sizes: FileSystemSizes) => number])[];

export function filesystemFamilies(mounts: readonly MeasuredMount[]): readonly Family[] {
  const each = (measure: (mount: MeasuredMount) => number | undefined): Sample[] =>
    mounts.flatMap((mount) => {
      const value = measure(mount);
      if (value === undefined) return [];
      const labels = [
        ['device', mount.device],
        ['mountpoint', mount.mountPoint],
        ['fstype', mount.fsType],
      ] as const;
      return [{ labels, value }];
    });
  return [
    ...FIGURES.map(([name, help, figure]) =>
      gauge(
        `node_filesystem_${name}`,
        help,
        each(({ sizes }) => (sizes === undefined ? undefined : figure(sizes))),
      ),
    ),
    gauge(
      'node_filesystem_readonly',
      'Filesystem read-only status.',
      each(({ sizes, isReadOnly }) => (sizes === undefined ? undefined : Number(isReadOnly))),
    ),
    gauge(
      'node_filesystem_device_error',
      'Whether an error occurred while getting statistics for the given device.',
      each(({ sizes }) => (sizes === undefined ? 1 : 0)),
    ),
  ];
}
