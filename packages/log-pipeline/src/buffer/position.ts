/** The file that says how far a buffer is drained. Layout: docs/formats/disk-buffer.md. */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode } from '@vigie/core/errors';
import type { BufferFs } from './fs.ts';

/** Everything before it is delivered: whole segments of lower numbers, and `offset` bytes of this one. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

export const POSITION_NAME = 'position';
const TEMPORARY_NAME = 'position.tmp';
const FORM = /^vigie-buffer-position 1 (\d{1,15}) (\d{1,15}) crc32 ([0-9a-f]{8})\n$/;

export function encodePosition({ segment, offset }: Position): Buffer {
  const content = `vigie-buffer-position 1 ${segment} ${offset} crc32 `;
  return Buffer.from(`${content}${crc32(content).toString(16).padStart(8, '0')}\n`);
}

/** @returns undefined where the bytes are no position */
export function decodePosition(bytes: Uint8Array): Position | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const content = text.slice(0, -9);
  if (crc32(content).toString(16).padStart(8, '0') !== match[3]) return undefined;
  return { segment: Number(match[1]), offset: Number(match[2]) };
}

/** @returns undefined where there is none, or it is damaged: then everything that is there is sent (again) */
export async function readPosition(fs: BufferFs, folder: string): Promise<Position | undefined> {
  await fs.unlink(join(folder, TEMPORARY_NAME)).catch(() => undefined);
  try {
    return decodePosition(await fs.readFile(join(folder, POSITION_NAME)));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The old position stays whole until the new one is on the disk. */
export async function writePosition(fs: BufferFs, folder: string, position: Position): Promise<void> {
  const temporary = join(folder, TEMPORARY_NAME);
  const file = await fs.open(temporary, 'w', 0o600);
  try {
    await writeWhole(file, encodePosition(position), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(temporary, join(folder, POSITION_NAME));
  await syncFolder(fs, folder);
}
