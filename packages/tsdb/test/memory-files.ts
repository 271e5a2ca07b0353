/** One folder in memory, whose next operations a test can let fail. */
import { dirname } from 'node:path';
import type { TsdbFile, TsdbFs } from '../src/fs.ts';

export class MemoryFiles implements TsdbFs {
  readonly files = new Map<string, Buffer>();
  /** Asked before each write, sync, open for writing and rename. @returns an errno name to fail with */
  fault: (operation: 'open' | 'write' | 'sync' | 'rename', path: string) => string | undefined = () => undefined;

  constructor(files: Readonly<Record<string, Buffer>> = {}) {
    for (const [path, bytes] of Object.entries(files)) this.files.set(path, Buffer.from(bytes));
  }

  /** As the next process finds them. */
  copy(): MemoryFiles {
    return new MemoryFiles(Object.fromEntries(this.files));
  }

  names(folder: string): readonly string[] {
    return [...this.files.keys()]
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  bytes(path: string): Buffer {
    const bytes = this.files.get(path);
    if (bytes !== undefined) return bytes;
    throw failure('ENOENT');
  }

  async mkdir(): Promise<void> {}

  async readdir(path: string): Promise<string[]> {
    return [...this.names(path)];
  }

  async readFile(path: string): Promise<Uint8Array> {
    return Buffer.from(this.bytes(path));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#mayFail('rename', from);
    this.files.set(to, this.bytes(from));
    this.files.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.bytes(path);
    this.files.delete(path);
  }

  async stat(path: string): Promise<{ size: number }> {
    return { size: this.bytes(path).length };
  }

  async open(path: string, flags: string): Promise<TsdbFile> {
    if (flags !== 'r') this.#mayFail('open', path);
    // Folders are opened too, to sync them: they have no ending.
    else if (/\.\w+$/.test(path)) this.bytes(path);
    if (flags.startsWith('w')) this.files.set(path, Buffer.alloc(0));
    return {
      read: async (bytes, offset, length, position) => {
        const there = this.bytes(path).subarray(position, position + length);
        bytes.set(there, offset);
        return { bytesRead: there.length };
      },
      write: async (bytes, offset, length, position) => {
        this.#mayFail('write', path);
        const whole = this.bytes(path);
        const before = Buffer.alloc(position);
        whole.copy(before, 0, 0, position);
        const parts = [before, bytes.subarray(offset, offset + length), whole.subarray(position + length)];
        this.files.set(path, Buffer.concat(parts));
        return { bytesWritten: length };
      },
      truncate: async (sizeBytes) => void this.files.set(path, this.bytes(path).subarray(0, sizeBytes)),
      sync: async () => this.#mayFail('sync', path),
      close: async () => undefined,
    };
  }

  #mayFail(operation: 'open' | 'write' | 'sync' | 'rename', path: string): void {
    const code = this.fault(operation, path);
    if (code !== undefined) throw failure(code);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
