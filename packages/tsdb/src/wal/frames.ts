/** Records in a file, each behind a head of its own: a damaged body costs its record, and behind a damaged head the next one
 *  is found. Layout: docs/formats/tsdb-wal.md. Pure. */
import { crc32 } from 'node:zlib';

export const FRAME_HEAD_BYTES = 16;
export const FILE_HEADER_BYTES = 16;
const VERSION = 1;
/** What says more is damaged: a batch of 4 million samples takes 80 MiB. */
const MAX_BODY_BYTES = 2 ** 28;

export type FileHeader = { readonly status: 'ok' | 'damaged' } | { readonly status: 'newer'; readonly version: number };

/** @param magic eight characters */
export function encodeFileHeader(magic: string): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.write(magic, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

export function decodeFileHeader(magic: string, bytes: Buffer): FileHeader {
  if (bytes.length < FILE_HEADER_BYTES || bytes.toString('latin1', 0, 8) !== magic) return { status: 'damaged' };
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32LE(12)) return { status: 'damaged' };
  const version = bytes.readUInt32LE(8);
  return version === VERSION ? { status: 'ok' } : { status: 'newer', version };
}

/** A record's bytes with its head, padded to eight: columns of doubles lie where they can be read in place. */
export function frameBytes(bodyBytes: number): number {
  return FRAME_HEAD_BYTES + padded(bodyBytes);
}

/** Writes the head of a record whose body is there already. @param at where the head begins */
export function sealFrame(bytes: Buffer, at: number, type: number, bodyBytes: number): void {
  const bodyAt = at + FRAME_HEAD_BYTES;
  bytes.fill(0, bodyAt + bodyBytes, bodyAt + padded(bodyBytes));
  bytes.writeUInt32LE(bodyBytes, at);
  bytes.writeUInt32LE(type, at + 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(bodyAt, bodyAt + padded(bodyBytes))), at + 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 12)), at + 12);
}

export type Frame =
  | {
      readonly status: 'record';
      readonly type: number;
      readonly bodyAt: number;
      readonly bodyBytes: number;
      readonly end: number;
    }
  /** From where it was looked for to `end` there is no record that is whole. */
  | { readonly status: 'damaged'; readonly end: number }
  | { readonly status: 'end' };

/** The record at `at`, a multiple of eight.
 *  Cost: a checksum over the record; behind a damaged head, one over twelve bytes for every eight that are skipped. */
export function readFrame(bytes: Buffer, at: number): Frame {
  if (at >= bytes.length) return { status: 'end' };
  const end = endOfFrame(bytes, at);
  if (end === undefined) return { status: 'damaged', end: nextFrame(bytes, at + 8) };
  const bodyAt = at + FRAME_HEAD_BYTES;
  if (crc32(bytes.subarray(bodyAt, end)) !== bytes.readUInt32LE(at + 8)) return { status: 'damaged', end };
  return { status: 'record', type: bytes.readUInt32LE(at + 4), bodyAt, bodyBytes: bytes.readUInt32LE(at), end };
}

/** The size of the record whose head is at `at`, however much of it is among the bytes.
 *  @returns undefined where no head is that is whole */
export function frameSize(bytes: Buffer, at: number): number | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length) return undefined;
  const bodyBytes = bytes.readUInt32LE(at);
  if (bodyBytes > MAX_BODY_BYTES) return undefined;
  return crc32(bytes.subarray(at, at + 12)) === bytes.readUInt32LE(at + 12) ? frameBytes(bodyBytes) : undefined;
}

/** @returns undefined where no head is that is whole, or its record goes beyond the end of the bytes */
function endOfFrame(bytes: Buffer, at: number): number | undefined {
  const size = frameSize(bytes, at);
  return size === undefined || at + size > bytes.length ? undefined : at + size;
}

function nextFrame(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 8) if (endOfFrame(bytes, at) !== undefined) return at;
  return bytes.length;
}

function padded(length: number): number {
  return (length + 7) & ~7;
}
