/** The checkpoint file's bytes: docs/formats/checkpoint.md. Pure; `store.ts` puts them on disk. */
import { crc32 } from 'node:zlib';

/** How far one sink has acknowledged one generation of one log. */
export interface CheckpointEntry {
  /** The log the generation belongs to. */
  readonly log: string;
  /** Where the generation stood when it was last seen. */
  readonly path: string;
  /** Device and inode as decimal text: both may exceed 2^53. */
  readonly dev: string;
  readonly ino: string;
  /** Length and hash of the first complete line; undefined while there is none. */
  readonly head: { readonly length: number; readonly hash: string } | undefined;
  /** Lowest byte that is not acknowledged. */
  readonly offset: number;
  /** Size in bytes when it was last seen, before compression. */
  readonly size: number;
  /** Everything in it is acknowledged, and nothing will be added to it. */
  readonly done: boolean;
}

export type CheckpointDecoded =
  | { readonly status: 'ok'; readonly entries: readonly CheckpointEntry[] }
  | { readonly status: 'corrupt'; readonly reason: string };

const VERSION = 1;
export const CHECKPOINT_HEADER: Uint8Array = Buffer.from(`vigie-checkpoint ${VERSION}\n`);

const HEADER = /^vigie-checkpoint (\d+)$/;
const TRAILER = /^crc32 ([0-9a-f]{8}) entries (\d+)$/;
const NEWLINE = 0x0a;

const DECIMAL = /^\d{1,20}$/;

/** One entry's line, newline included. */
export function encodeCheckpointEntry(entry: CheckpointEntry): Uint8Array {
  const { log, path, dev, ino, head, offset, size, done } = entry;
  return Buffer.from(`${JSON.stringify({ log, path, dev, ino, head: head ?? null, offset, size, done })}\n`);
}

/** The last line.
 *  @param content the header and all entry lines */
export function checkpointTrailer(content: Uint8Array, entries: number): Uint8Array {
  return Buffer.from(`crc32 ${crc32(content).toString(16).padStart(8, '0')} entries ${entries}\n`);
}

/** Every single-bit error and every cut of the file is found: the checksum covers all but the last line,
 *  and that line must match in full, newline included. Cost: about 5 us an entry. */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointDecoded {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerEnd = content.indexOf(NEWLINE);
  const header = HEADER.exec(content.toString('latin1', 0, Math.min(Math.max(headerEnd, 0), 64)));
  if (header === null) return corrupt('it does not begin with a checkpoint header');
  if (header[1] !== String(VERSION)) return corrupt(`its version is ${header[1]}, this program reads ${VERSION}`);
  if (content.at(-1) !== NEWLINE) return corrupt('it is cut short: no newline at its end');
  const trailerStart = content.lastIndexOf(NEWLINE, content.length - 2) + 1;
  const trailer = TRAILER.exec(content.toString('latin1', trailerStart, content.length - 1));
  if (trailer === null) return corrupt('it is cut short: no checksum line at its end');
  const sum = crc32(content.subarray(0, trailerStart)).toString(16).padStart(8, '0');
  if (sum !== trailer[1]) return corrupt(`its checksum is ${sum}, its last line says ${trailer[1]}`);

  const entries: CheckpointEntry[] = [];
  let start = headerEnd + 1;
  while (start < trailerStart) {
    const end = content.indexOf(NEWLINE, start);
    const entry = decodeEntry(content.toString('utf8', start, end));
    if (entry === undefined) return corrupt(`entry ${entries.length + 1} is not one`);
    entries.push(entry);
    start = end + 1;
  }
  if (String(entries.length) !== trailer[2]) {
    return corrupt(`it has ${entries.length} entries, its last line says ${trailer[2]}`);
  }
  return { status: 'ok', entries };
}

/** By hand: a schema library takes more memory than an idle sidecar has to spare, for eight members. */
function decodeEntry(line: string): CheckpointEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { log, path, dev, ino, head: written, offset, size, done } = membersOf(value);
  if (typeof log !== 'string' || typeof path !== 'string' || typeof done !== 'boolean') return undefined;
  if (!isDecimal(dev) || !isDecimal(ino) || !isCount(offset) || !isCount(size)) return undefined;
  if (written === null) return { log, path, dev, ino, head: undefined, offset, size, done };
  const { length, hash } = membersOf(written);
  if (!isCount(length) || typeof hash !== 'string') return undefined;
  return { log, path, dev, ino, head: { length, hash }, offset, size, done };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function corrupt(reason: string): CheckpointDecoded {
  return { status: 'corrupt', reason };
}
