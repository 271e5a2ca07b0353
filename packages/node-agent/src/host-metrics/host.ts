/** What a collector sees of the machine. */
import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';

export interface FileSystemSizes {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface HostFs {
  readFile(path: string): Promise<string>;
  readdir(path: string): Promise<readonly string[]>;
  statfs(path: string): Promise<FileSystemSizes>;
}

export interface HostPaths {
  /** Where the host's /proc is: of its first PID namespace, so that `1` is its init. */
  readonly procfs: string;
  readonly sysfs: string;
  /** Where the host's file systems are; undefined: what the agent's own mounts show of them. */
  readonly rootfs: string | undefined;
  /** udev's data on block devices; it may be missing. */
  readonly udev: string;
}

export interface HostFacts {
  /** As uname(2) gives it, `x86_64`. */
  readonly machine: string;
  readonly pageSizeBytes: number;
  /** In place of the host name, which in a pod is the pod's. */
  readonly nodeName: string | undefined;
  /** The agent's, as node_exporter shows its own: UTC in a container. */
  timeZone(atMs: number): { readonly name: string; readonly offsetSeconds: number };
}

export interface HostDeps {
  readonly fs: HostFs;
  readonly clock: Clock;
  readonly facts: HostFacts;
}

/** A file that a kernel, a driver or the rights of the agent do not give. Drivers answer EINVAL or EOPNOTSUPP for what they
 *  do not know, such as the speed of a loopback device. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'ENODEV', 'EIO']);

export class Host {
  readonly paths: HostPaths;
  readonly fs: HostFs;
  readonly clock: Clock;
  readonly facts: HostFacts;

  constructor(paths: HostPaths, { fs, clock, facts }: HostDeps) {
    this.paths = paths;
    this.fs = fs;
    this.clock = clock;
    this.facts = facts;
  }

  proc(path: string): Promise<string> {
    return this.fs.readFile(`${this.paths.procfs}/${path}`);
  }

  /** @returns undefined for what this host does not have */
  procIfAny(path: string): Promise<string | undefined> {
    return this.#ifAny(`${this.paths.procfs}/${path}`);
  }

  sysIfAny(path: string): Promise<string | undefined> {
    return this.#ifAny(`${this.paths.sysfs}/${path}`);
  }

  udevIfAny(name: string): Promise<string | undefined> {
    return this.#ifAny(`${this.paths.udev}/${name}`);
  }

  /** In order; empty where there is none. */
  async sysFolder(path: string): Promise<readonly string[]> {
    try {
      return [...(await this.fs.readdir(`${this.paths.sysfs}/${path}`))].sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  /** `/proc/net` is of the network namespace of who reads; init's is the host's. */
  async net(path: string): Promise<string> {
    return (await this.netIfAny(path)) ?? this.proc(`net/${path}`);
  }

  async netIfAny(path: string): Promise<string | undefined> {
    return (await this.procIfAny(`1/net/${path}`)) ?? this.procIfAny(`net/${path}`);
  }

  async #ifAny(path: string): Promise<string | undefined> {
    try {
      return await this.fs.readFile(path);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}

function isAbsent(error: unknown): boolean {
  return ABSENT.has(errorCode(error) ?? '');
}
