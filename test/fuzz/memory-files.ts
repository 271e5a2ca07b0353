/** The files of one folder in memory, for readers that ask a file system: nothing waits, nothing fails. */
import { dirname } from 'node:path';
import type { BufferFile, BufferFs } from '../../packages/log-pipeline/src/buffer/fs.ts';

export class MemoryFiles implements BufferFs {
  readonly #files: Map<string, Buffer>;

  constructor(files: Readonly<Record<string, Buffer>>) {
    this.#files = new Map(Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)]));
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  async mkdir(): Promise<void> {
    // Every folder is there.
  }

  async readdir(path: string): Promise<string[]> {
    return this.names.filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1));
  }

  async readFile(path: string): Promise<Buffer> {
    return Buffer.from(this.#bytes(path));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#bytes(from));
    this.#files.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.#bytes(path);
    this.#files.delete(path);
  }

  async open(path: string, flags: string): Promise<BufferFile> {
    if (flags.startsWith('w')) this.#files.set(path, Buffer.alloc(0));
    return {
      read: async (target, offset, length, position) => {
        const found = this.#bytes(path).subarray(position, position + length);
        target.set(found, offset);
        return { bytesRead: found.length };
      },
      write: async (bytes, offset, length, position) => {
        const whole = this.#bytes(path);
        const written = bytes.subarray(offset, offset + length);
        const parts = [whole.subarray(0, position), written, whole.subarray(position + length)];
        this.#files.set(path, Buffer.concat(parts));
        return { bytesWritten: length };
      },
      truncate: async (sizeBytes) => void this.#files.set(path, this.#bytes(path).subarray(0, sizeBytes)),
      sync: async () => undefined,
      stat: async () => ({ size: this.#bytes(path).length }),
      close: async () => undefined,
    };
  }

  #bytes(path: string): Buffer {
    const bytes = this.#files.get(path);
    if (bytes !== undefined) return bytes;
    throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
  }
}
