/** One container's log on a node: written by the runtime, rotated by the kubelet, in a tree shaped as /var/log/pods and /var/log/containers. */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface ContainerIdentity {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
}

export interface RotationRules {
  /** The kubelet's containerLogMaxSize. */
  readonly maxSizeBytes: number;
  /** The kubelet's containerLogMaxFiles, the live one among them. */
  readonly maxFiles: number;
}

/** What happened to the files so far. */
export interface RotationCounts {
  rotations: number;
  gzipped: number;
  removed: number;
  /** Rotations whose reopen failed, so that the file was renamed back. */
  undone: number;
}

/** The 64 hex digits that a runtime would give the container of this restart. */
export function containerIdOf(identity: ContainerIdentity, restart: number): string {
  return createHash('sha256').update(`${identity.podUid}/${identity.container}/${restart}`).digest('hex');
}

/** The glob of an agent's `paths` for a tree below `root`. */
export function containersGlob(root: string): string {
  return join(root, 'containers', '*.log');
}

export class ContainerLog {
  readonly counts: RotationCounts = { rotations: 0, gzipped: 0, removed: 0, undone: 0 };
  readonly #root: string;
  readonly #identity: ContainerIdentity;
  readonly #rules: RotationRules;
  #restart = -1;
  #path = '';
  #descriptor = -1;
  #renamedTo: string | undefined;

  constructor(root: string, identity: ContainerIdentity, rules: RotationRules) {
    this.#root = root;
    this.#identity = identity;
    this.#rules = rules;
  }

  /** Starts the container, or starts it again: a new file of the next number and a new link. Files and link of the run before stay. */
  startContainer(): void {
    if (this.#descriptor !== -1) closeSync(this.#descriptor);
    this.#restart += 1;
    const { namespace, pod, podUid, container } = this.#identity;
    this.#path = join(this.#root, 'pods', `${namespace}_${pod}_${podUid}`, container, `${this.#restart}.log`);
    mkdirSync(dirname(this.#path), { recursive: true });
    mkdirSync(join(this.#root, 'containers'), { recursive: true });
    this.#descriptor = openSync(this.#path, 'a');
    const id = containerIdOf(this.#identity, this.#restart);
    symlinkSync(this.#path, join(this.#root, 'containers', `${pod}_${namespace}_${container}-${id}.log`));
  }

  /** Appends whole lines where the runtime's descriptor points, which after a rename is the renamed file. */
  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
  }

  /** The kubelet's look at the file, every containerLogMonitorInterval: cleans, compresses and renames when the file is too large.
   *  After it the runtime still writes to the renamed file, until `reopen` or `undoRotation`.
   *  Order and names as in kubernetes/pkg/kubelet/logs/container_log_manager.go, rotateLog.
   *  @param now two rotations of one container must be a second apart: the name has no finer time
   *  @returns whether it renamed */
  rotateIfLarge(now: Date): boolean {
    if (statSync(this.#path).size < this.#rules.maxSizeBytes || this.#renamedTo !== undefined) return false;
    const folder = dirname(this.#path);
    const prefix = `${this.#restart}.log.`;
    const rotated = readdirSync(folder).filter((name) => name.startsWith(prefix));
    const kept = rotated.filter((name) => !name.endsWith('.tmp') && !rotated.includes(`${name}.gz`)).sort();
    for (const name of rotated) if (!kept.includes(name)) rmSync(join(folder, name));
    for (const name of kept.splice(0, Math.max(0, kept.length - (this.#rules.maxFiles - 2)))) {
      rmSync(join(folder, name));
      this.counts.removed += 1;
    }
    for (const name of kept) if (!name.endsWith('.gz')) this.#compress(join(folder, name));
    const digits = now.toISOString().replace(/\D/g, '');
    const target = `${this.#path}.${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
    if (existsSync(target)) throw new Error(`${target} exists: rotations of one container must be a second apart`);
    renameSync(this.#path, target);
    this.#renamedTo = target;
    return true;
  }

  /** The runtime opens the path again: from here on the lines go to a new file. */
  reopen(): void {
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#path, 'a');
    this.#renamedTo = undefined;
    this.counts.rotations += 1;
  }

  /** The runtime failed to reopen, so that the kubelet renames the file back. */
  undoRotation(): void {
    if (this.#renamedTo === undefined) throw new Error('nothing was renamed');
    renameSync(this.#renamedTo, this.#path);
    this.#renamedTo = undefined;
    this.counts.undone += 1;
  }

  #compress(path: string): void {
    writeFileSync(`${path}.tmp`, gzipSync(readFileSync(path)));
    renameSync(`${path}.tmp`, `${path}.gz`);
    rmSync(path);
    this.counts.gzipped += 1;
  }
}
