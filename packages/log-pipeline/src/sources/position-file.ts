/** Where a source without files goes on: one line, replaced as a whole. Layout: docs/formats/source-position.md. */
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode } from '@vigie/core/errors';
import type { BufferFs } from '../buffer/fs.ts';

const FORM = /^vigie-source-position 1 (.*) crc32 ([0-9a-f]{8})\n$/;

export type PositionRead =
  | { readonly status: 'ok'; readonly position: string }
  | { readonly status: 'absent' }
  /** What is there cannot be trusted; the next write replaces it. */
  | { readonly status: 'corrupt' };

export class PositionFile {
  readonly #path: string;
  readonly #fs: BufferFs;
  #written: string | undefined;

  constructor(path: string, fs: BufferFs) {
    this.#path = path;
    this.#fs = fs;
  }

  /** @throws what the file system throws but ENOENT */
  async read(): Promise<PositionRead> {
    await this.#fs.mkdir(dirname(this.#path), { recursive: true });
    let text: string;
    try {
      text = Buffer.from(await this.#fs.readFile(this.#path)).toString();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return { status: 'absent' };
      throw error;
    }
    const position = decodePosition(text);
    if (position === undefined) return { status: 'corrupt' };
    this.#written = position;
    return { status: 'ok', position };
  }

  /** The old position stays whole until the new one is on the disk. One that stands there already costs nothing.
   *  @throws what the file system throws; the file is then as it was */
  async write(position: string): Promise<void> {
    if (position === this.#written) return;
    const temporary = `${this.#path}.tmp`;
    const file = await this.#fs.open(temporary, 'w', 0o600);
    try {
      await writeWhole(file, Buffer.from(encodePosition(position)), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(temporary, this.#path);
    await syncFolder(this.#fs, dirname(this.#path));
    this.#written = position;
  }
}

function encodePosition(position: string): string {
  const content = `vigie-source-position 1 ${JSON.stringify(position)} crc32 `;
  return `${content}${crc32(content).toString(16).padStart(8, '0')}\n`;
}

function decodePosition(text: string): string | undefined {
  const match = FORM.exec(text);
  if (match === null || crc32(text.slice(0, -9)).toString(16).padStart(8, '0') !== match[2]) return undefined;
  try {
    const written: unknown = JSON.parse(match[1] ?? '');
    return typeof written === 'string' ? written : undefined;
  } catch {
    return undefined;
  }
}
