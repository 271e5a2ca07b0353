/** A disk in memory that can be full, and lose what was not synced, as a machine does that loses power. */
import type { StateFile, StateFs } from '../../src/state/state-fs.ts';

interface Stored {
  /** What a process sees. */
  seen: Buffer;
  /** What is on the disk. */
  synced: Buffer;
}

class DiskError extends Error {
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

export class MemoryFs implements StateFs {
  /** Bytes that a write may still take; a write that does not fit is cut off. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Syncs so far. */
  syncs = 0;
  /** Called before each operation, with its name: throws to make it fail. */
  before: (operation: string, path: string) => void = () => undefined;
  readonly #files: Map<string, Stored>;

  constructor(files: ReadonlyMap<string, Buffer> = new Map()) {
    this.#files = new Map([...files].map(([path, bytes]) => [path, { seen: bytes, synced: bytes }]));
  }

  /** Of paths: what another process would find.
   *  @param survives of the bytes that were not synced: 0 to 1 */
  contents(survives = 1): ReadonlyMap<string, Buffer> {
    return new Map(
      [...this.#files].map(([path, { seen, synced }]) => [
        path,
        seen.subarray(0, synced.length + Math.floor((seen.length - synced.length) * survives)),
      ]),
    );
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  async mkdir(): Promise<void> {}

  async readdir(folder: string): Promise<string[]> {
    return this.paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  }

  async readFile(path: string): Promise<Buffer> {
    const file = this.#files.get(path);
    if (file === undefined) throw new DiskError('ENOENT', path);
    return Buffer.from(file.seen);
  }

  async open(path: string, flags: string): Promise<StateFile> {
    this.before('open', path);
    if (flags === 'w') this.#files.set(path, { seen: Buffer.alloc(0), synced: Buffer.alloc(0) });
    const file = this.#files.get(path);
    // A folder.
    if (file === undefined) return { ...nothing, sync: async () => this.before('sync', path) };
    return {
      write: async (bytes, offset, length, position) => {
        this.before('write', path);
        const taken = Math.min(length, this.freeBytes);
        if (taken === 0 && length > 0) throw new DiskError('ENOSPC', path);
        this.freeBytes -= taken;
        file.seen = Buffer.concat([file.seen.subarray(0, position), bytes.subarray(offset, offset + taken)]);
        return { bytesWritten: taken };
      },
      truncate: async (sizeBytes) => {
        file.seen = file.seen.subarray(0, sizeBytes);
      },
      sync: async () => {
        this.before('sync', path);
        this.syncs += 1;
        file.synced = file.seen;
      },
      close: async () => undefined,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.before('rename', to);
    const file = this.#files.get(from);
    if (file === undefined) throw new DiskError('ENOENT', from);
    this.#files.set(to, file);
    this.#files.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.before('unlink', path);
    if (!this.#files.delete(path)) throw new DiskError('ENOENT', path);
  }
}

const nothing: StateFile = {
  write: async () => ({ bytesWritten: 0 }),
  truncate: async () => undefined,
  sync: async () => undefined,
  close: async () => undefined,
};
