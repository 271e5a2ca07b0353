/** How far one receiver has been sent the log, on disk. Layout: docs/formats/remote-write-position.md. */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode } from '@vigie/core/errors';
import type { LogPosition } from '@vigie/tsdb/wal/follow';
import * as v from 'valibot';

/** What it needs of node:fs/promises, which has this shape. */
export interface PositionFs {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readFile(path: string): Promise<Uint8Array>;
  open(path: string, flags: string, mode?: number): Promise<PositionFileHandle>;
  rename(from: string, to: string): Promise<void>;
}

export interface PositionFileHandle {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface SentPosition extends LogPosition {
  /** Among which series were divided: sent again by as many, what comes is the same sequence. */
  readonly shards: number;
}

/** `absent`: nothing has been sent yet. `corrupt`: what is there cannot be trusted. */
export type PositionRead =
  | { readonly status: 'ok'; readonly position: SentPosition }
  | { readonly status: 'absent' }
  | { readonly status: 'corrupt' };

const HEADER = 'vigie-remote-write 1\n';
const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const schema = v.strictObject({ segment: whole, byte: whole, shards: v.pipe(whole, v.minValue(1)) });

export class PositionFile {
  readonly #folder: string;
  readonly #name: string;
  readonly #fs: PositionFs;

  /** @param name of the receiver, which becomes the file's, percent-encoded */
  constructor(folder: string, name: string, fs: PositionFs) {
    this.#folder = folder;
    this.#name = `${encodeURIComponent(name)}.position`;
    this.#fs = fs;
  }

  get path(): string {
    return join(this.#folder, this.#name);
  }

  /** @throws what the file system throws but ENOENT: beginning without it would leave out what is not sent yet */
  async read(): Promise<PositionRead> {
    await this.#fs.mkdir(this.#folder, { recursive: true });
    try {
      const position = decodePosition(Buffer.from(await this.#fs.readFile(this.path)).toString('utf8'));
      return position === undefined ? { status: 'corrupt' } : { status: 'ok', position };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return { status: 'absent' };
      throw error;
    }
  }

  /** Leads to the old one or the new one at any instant. @throws what the file system throws */
  async write(position: SentPosition): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const file = await this.#fs.open(temporary, 'w', 0o600);
    try {
      await writeWhole(file, Buffer.from(encodePosition(position)), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(temporary, this.path);
    await syncFolder(this.#fs, this.#folder);
  }
}

function encodePosition({ segment, byte, shards }: SentPosition): string {
  const body = `${HEADER}${JSON.stringify({ segment, byte, shards })}\n`;
  return `${body}crc32 ${checksum(body)}\n`;
}

function decodePosition(text: string): SentPosition | undefined {
  const [, body = '', json = '', sum] = /^(vigie-remote-write 1\n(.*)\n)crc32 ([0-9a-f]{8})\n$/.exec(text) ?? [];
  if (sum === undefined || checksum(body) !== sum) return undefined;
  try {
    const decoded = v.safeParse(schema, JSON.parse(json));
    return decoded.success ? decoded.output : undefined;
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
