import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Generation } from './generation.ts';
import { readHead } from './read-head.ts';

export type Acquired =
  | { readonly status: 'open'; readonly fd: number }
  /** The name now leads to another file, or to none: scan the folder again. */
  | { readonly status: 'moved' }
  | { readonly status: 'failed'; readonly error: Error };

interface Entry {
  readonly fd: number;
  readonly inode: string;
  users: number;
}

/** Open files, at most `limit` of them while names lead back to what is closed; the least recently read
 *  goes first. A file without a name stays open until it is drained: closing it would lose its bytes. */
export class Descriptors {
  readonly #limit: number;
  readonly #entries = new Map<Generation, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(generation: Generation): boolean {
    return this.#entries.has(generation);
  }

  /** Of an open file, whatever it is called by now; undefined where it is not open. */
  sizeOf(generation: Generation): number | undefined {
    const open = this.#entries.get(generation);
    return open === undefined || open.inode !== generation.inode ? undefined : fstatSync(open.fd).size;
  }

  /** Of an open file, whatever it is called by now; undefined where it is not open. */
  openingOf(generation: Generation): { readonly bytes: Buffer; readonly sizeBytes: number } | undefined {
    const open = this.#entries.get(generation);
    if (open === undefined || open.inode !== generation.inode) return undefined;
    const sizeBytes = fstatSync(open.fd).size;
    return { bytes: readHead(open.fd), sizeBytes };
  }

  /** Opens it if need be and verifies that it is the inode it is taken for. Pair with `release`. */
  acquire(generation: Generation): Acquired {
    const open = this.#entries.get(generation);
    if (open !== undefined && open.inode === generation.inode) {
      this.#entries.delete(generation);
      this.#entries.set(generation, open);
      open.users++;
      return { status: 'open', fd: open.fd };
    }
    if (open !== undefined) this.close(generation);
    if (generation.path === undefined) return { status: 'moved' };
    let fd: number;
    try {
      fd = openSync(generation.path, 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return { status: 'moved' };
      if ((isErrno(error, 'EMFILE') || isErrno(error, 'ENFILE')) && this.#evictOne()) {
        return this.acquire(generation);
      }
      return { status: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
    }
    const stat = fstatSync(fd, { bigint: true });
    const inode = `${stat.dev}:${stat.ino}`;
    if (inode !== generation.inode) {
      closeSync(fd);
      return { status: 'moved' };
    }
    while (this.#entries.size >= this.#limit && this.#evictOne());
    this.#entries.set(generation, { fd, inode, users: 1 });
    return { status: 'open', fd };
  }

  release(generation: Generation, fd: number): void {
    const entry = this.#entries.get(generation);
    if (entry === undefined || entry.fd !== fd) {
      this.#orphans.get(fd)?.();
      return;
    }
    entry.users--;
  }

  /** Closes it, after the reads under way. */
  close(generation: Generation): void {
    const entry = this.#entries.get(generation);
    if (entry === undefined) return;
    this.#entries.delete(generation);
    if (entry.users === 0) {
      closeSync(entry.fd);
      return;
    }
    this.#orphans.set(entry.fd, () => {
      entry.users--;
      if (entry.users > 0) return;
      this.#orphans.delete(entry.fd);
      closeSync(entry.fd);
    });
  }

  closeAll(): void {
    for (const generation of [...this.#entries.keys()]) this.close(generation);
  }

  /** Closed while a read was under way: the last reader closes them. */
  readonly #orphans = new Map<number, () => void>();

  #evictOne(): boolean {
    for (const [generation, entry] of this.#entries) {
      if (entry.users === 0 && generation.path !== undefined) {
        this.close(generation);
        return true;
      }
    }
    return false;
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
