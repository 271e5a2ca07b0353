/** A disk that keeps what POSIX promises and nothing more: what was not fsynced may be there, in part, or not at all. */
import { basename, dirname } from 'node:path';
import type { Random } from '@vigie/core/random';
import type { BufferFile, BufferFs } from '../../src/buffer/fs.ts';

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly sizeBytes: number };

interface Inode {
  now: Buffer;
  synced: Buffer;
  unsynced: Change[];
}

type NameChange = { readonly name: string; readonly inode: Inode | undefined };

type Operate = <T>(operation: string, path: string, run: () => T) => Promise<T>;

const FOLDER = Symbol('folder');

export class FakeDisk {
  /** Beyond it writes fail with ENOSPC, having written a part. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Called before each operation; what it throws is what the operation throws. */
  fault: (operation: string, path: string) => void = () => undefined;
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  #unsyncedNames: NameChange[] = [];
  /** Operations that wait for `step`, of the process that runs now. */
  #pending: (() => void)[] = [];
  #process = 0;

  get files(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  sizeOf(path: string): number {
    return this.#names.get(path)?.now.length ?? 0;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const { now } of this.#names.values()) bytes += now.length;
    return bytes;
  }

  bytesOf(path: string): Buffer {
    return Buffer.from(this.#inode(path).now);
  }

  /** Puts other bytes into a file, as a failing disk does, or somebody else. */
  overwrite(path: string, bytes: Buffer): void {
    const inode = this.#inode(path);
    inode.now = Buffer.from(bytes);
    inode.synced = inode.now;
  }

  /** As somebody else does. */
  remove(path: string): void {
    this.#inode(path);
    this.#names.delete(path);
    this.#syncedNames.delete(path);
  }

  /** Lets `count` operations that wait take effect.
   *  @returns whether there was one */
  async step(count: number): Promise<boolean> {
    let any = false;
    for (let done = 0; done < count; done++) {
      const operation = this.#pending.shift();
      if (operation === undefined) break;
      any = true;
      operation();
      await settlePromises();
    }
    return any;
  }

  /** Until nothing moves without time passing. */
  async quiesce(): Promise<void> {
    do await settlePromises();
    while (await this.step(1));
  }

  /** The process ends at once. Its operations never end; the page cache stays. */
  kill(): void {
    this.#process++;
    this.#pending = [];
  }

  /** The machine ends at once: of what was not fsynced a random part is on the disk. */
  cutPower(random: Random): void {
    this.kill();
    const kept = below(random, this.#unsyncedNames.length + 1);
    for (const { name, inode } of this.#unsyncedNames.splice(0).slice(0, kept)) {
      if (inode === undefined) this.#syncedNames.delete(name);
      else this.#syncedNames.set(name, inode);
    }
    this.#names = new Map(this.#syncedNames);
    for (const inode of new Set(this.#names.values())) {
      let bytes = inode.synced;
      for (const change of inode.unsynced.splice(0)) {
        if (below(random, 3) === 0) continue;
        const torn =
          change.kind === 'write' && below(random, 3) === 0
            ? { ...change, bytes: change.bytes.subarray(0, below(random, change.bytes.length + 1)) }
            : change;
        bytes = applied(bytes, torn);
      }
      inode.now = bytes;
      inode.synced = bytes;
    }
  }

  /** For the process that begins now. */
  get fs(): BufferFs {
    const process = this.#process;
    const at: Operate = (operation, path, run) => this.#run(process, operation, path, run);
    return {
      mkdir: (path) => at('mkdir', path, () => undefined),
      readdir: (path) =>
        at('readdir', path, () =>
          [...this.#names.keys()].filter((name) => dirname(name) === path).map((n) => basename(n)),
        ),
      readFile: (path) => at('readFile', path, () => Buffer.from(this.#inode(path).now)),
      rename: (from, to) =>
        at('rename', from, () => {
          const inode = this.#inode(from);
          this.#name(from, undefined);
          this.#name(to, inode);
        }),
      unlink: (path) =>
        at('unlink', path, () => {
          this.#inode(path);
          this.#name(path, undefined);
        }),
      open: (path, flags) => at('open', path, () => this.#open(path, flags, at)),
    };
  }

  #open(path: string, flags: string, at: Operate): BufferFile {
    if (flags === 'r' && !this.#names.has(path) && this.#isFolder(path)) return this.#file(path, FOLDER, at);
    if (flags === 'wx' && this.#names.has(path)) throw errno('EEXIST');
    if (flags.startsWith('w')) {
      const known = this.#names.get(path);
      if (known === undefined) this.#name(path, { now: Buffer.alloc(0), synced: Buffer.alloc(0), unsynced: [] });
      else this.#change(known, { kind: 'truncate', sizeBytes: 0 });
    }
    return this.#file(path, this.#inode(path), at);
  }

  #file(path: string, inode: Inode | typeof FOLDER, operate: Operate): BufferFile {
    const file = (): Inode => {
      if (inode === FOLDER) throw errno('EISDIR');
      return inode;
    };
    const at = <T>(operation: string, run: () => T): Promise<T> => operate(operation, path, run);
    return {
      read: (bytes, offset, length, position) =>
        at('read', () => ({
          bytesRead: file()
            .now.subarray(position, position + length)
            .copy(bytes, offset),
        })),
      write: (bytes, offset, length, position) =>
        at('write', () => {
          const free = this.capacityBytes - this.usedBytes + Math.max(0, file().now.length - position);
          if (free <= 0) throw errno('ENOSPC');
          const bytesWritten = Math.min(length, free);
          const copy = Buffer.from(bytes.subarray(offset, offset + bytesWritten));
          this.#change(file(), { kind: 'write', at: position, bytes: copy });
          return { bytesWritten };
        }),
      truncate: (sizeBytes) => at('truncate', () => this.#change(file(), { kind: 'truncate', sizeBytes })),
      stat: () => at('stat', () => ({ size: file().now.length })),
      sync: () =>
        at('sync', () => {
          if (inode === FOLDER) {
            this.#unsyncedNames = [];
            this.#syncedNames = new Map(this.#names);
          } else {
            inode.synced = inode.now;
            inode.unsynced = [];
          }
        }),
      close: () => at('close', () => undefined),
    };
  }

  #change(inode: Inode, change: Change): void {
    inode.now = applied(inode.now, change);
    inode.unsynced.push(change);
  }

  #name(name: string, inode: Inode | undefined): void {
    if (inode === undefined) this.#names.delete(name);
    else this.#names.set(name, inode);
    this.#unsyncedNames.push({ name, inode });
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw errno('ENOENT');
    return inode;
  }

  #isFolder(path: string): boolean {
    return [...this.#names.keys()].some((name) => dirname(name) === path);
  }

  #run<T>(process: number, operation: string, path: string, run: () => T): Promise<T> {
    if (process !== this.#process) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      this.#pending.push(() => {
        if (process !== this.#process) return;
        try {
          this.fault(operation, path);
          resolve(run());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

function applied(bytes: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') {
    const cut = Buffer.alloc(change.sizeBytes);
    bytes.copy(cut);
    return cut;
  }
  const grown = Buffer.alloc(Math.max(bytes.length, change.at + change.bytes.length));
  bytes.copy(grown);
  change.bytes.copy(grown, change.at);
  return grown;
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
