import { sha256 } from '@vigie/core/sha256';

/** The first complete line of a generation: constant once it is there, so it tells a file that grew
 *  from another file that took over its path or its inode. */
export interface Head {
  /** Bytes hashed: the first line with its newline, or HEAD_BYTES of it. */
  readonly length: number;
  /** First 16 hex digits of SHA-256 over those bytes. */
  readonly hash: string;
  /** The first bytes themselves, compared after every read. */
  readonly prefix: Buffer;
}

/** The whole of any first line that a runtime writes: docker's entries end with their time, and a fragment of 16 KiB
 *  takes up to 96 KiB when every byte is escaped. */
export const HEAD_BYTES = 128 * 1024;

/** Where nearly all first lines end: one small read a file when the agent starts over 10,000 of them. */
export const FIRST_READ_BYTES = 1024;

/** Enough for a timestamp, the stream, the tag and some text: what a truncated and refilled file changes. */
export const PREFIX_BYTES = 64;

const NEWLINE = 0x0a;

/** @param bytes the file's first bytes, with the first line, or HEAD_BYTES of them if the file has as many
 *  @param whole take what is there even if no newline ends it (nothing more will come)
 *  @returns undefined while the first line is not complete */
export function headOf(bytes: Uint8Array, whole = false): Head | undefined {
  const window = bytes.subarray(0, HEAD_BYTES);
  const newline = window.indexOf(NEWLINE);
  const length = newline >= 0 ? newline + 1 : window.length;
  if (newline < 0 && window.length < HEAD_BYTES && !(whole && length > 0)) return undefined;
  const line = window.subarray(0, length);
  return {
    length,
    hash: hashOf(line),
    prefix: Buffer.from(line.subarray(0, PREFIX_BYTES)),
  };
}

/** Whether more bytes would tell more about the first line. */
export function isHeadCut(bytes: Uint8Array): boolean {
  return bytes.length < HEAD_BYTES && !bytes.includes(NEWLINE);
}

/** Whether a file that now opens with `bytes` can be the one `head` was taken from. */
export function headMatches(head: Head, bytes: Uint8Array): boolean {
  if (bytes.length < head.length) return false;
  const line = bytes.subarray(0, head.length);
  return hashOf(line) === head.hash;
}

function hashOf(line: Uint8Array): string {
  return sha256(line).toString('hex', 0, 8);
}
