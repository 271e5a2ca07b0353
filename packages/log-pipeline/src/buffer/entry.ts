/** The bytes of a segment: its header, and one entry for each body. Layout: docs/formats/disk-buffer.md. Pure. */
import { crc32 } from 'node:zlib';

/** A body and what it stands for. */
export interface BufferedBody {
  readonly source: string;
  readonly body: Uint8Array;
  readonly records: number;
  /** The body is a zlib stream of so many bytes; undefined where it is the lines themselves. */
  readonly inflatedBytes: number | undefined;
  /** Input bytes record by record. */
  readonly recordBytes: Uint32Array;
}

/** What stands before a body. */
export interface EntryHead {
  readonly source: string;
  readonly records: number;
  readonly inputBytes: number;
  readonly inflatedBytes: number | undefined;
  /** Unix ms. */
  readonly appendedAtMs: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
}

export type SegmentHeaderDecoded =
  | { readonly status: 'ok'; readonly bodyKind: string; readonly headerBytes: number }
  | { readonly status: 'newer'; readonly version: number }
  | { readonly status: 'damaged' };

export type EntryHeadDecoded =
  | { readonly status: 'ok'; readonly head: EntryHead }
  /** So many bytes are needed to say more. */
  | { readonly status: 'short'; readonly neededBytes: number }
  | { readonly status: 'damaged' };

const MAGIC = Buffer.from('VIGIEBUF');
const VERSION = 1;
const KIND_AT = 16;
const MAX_KIND_BYTES = 256;
/** A segment's header is never longer. */
export const MAX_SEGMENT_HEADER_BYTES = KIND_AT + MAX_KIND_BYTES + 4;

const SOURCE_AT = 42;
/** An entry's head is never shorter. */
export const LEAST_HEAD_BYTES = SOURCE_AT;
/** 65,536 records of 5 bytes each, and a source's name: what says more is damaged. */
const MAX_HEAD_BYTES = 512 * 1024;
/** Of a batch of 64 MiB and one record beyond it. */
const MAX_BODY_BYTES = 2 ** 30;
const PLAIN = 0xffffffff;

export function encodeSegmentHeader(bodyKind: string): Buffer {
  const kind = Buffer.from(bodyKind);
  const bytes = Buffer.alloc(KIND_AT + kind.length + 4);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(kind.length, 12);
  kind.copy(bytes, KIND_AT);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

/** @param bytes the first MAX_SEGMENT_HEADER_BYTES of the file, or all there are */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeaderDecoded {
  if (bytes.length < KIND_AT || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return { status: 'damaged' };
  const version = bytes.readUInt32LE(8);
  const crcAt = KIND_AT + bytes.readUInt32LE(12);
  if (version > VERSION && version < 256) return { status: 'newer', version };
  if (version !== VERSION || crcAt > KIND_AT + MAX_KIND_BYTES || bytes.length < crcAt + 4) return { status: 'damaged' };
  if (crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32LE(crcAt)) return { status: 'damaged' };
  return { status: 'ok', bodyKind: bytes.toString('utf8', KIND_AT, crcAt), headerBytes: crcAt + 4 };
}

/** For a header with one damaged byte: those of two kinds, or versions, differ in more, for they differ in their checksums.
 *  @returns its length, where it is that of `bodyKind` but for a byte */
export function nearlySegmentHeader(bytes: Buffer, bodyKind: string): number | undefined {
  const header = encodeSegmentHeader(bodyKind);
  let different = 0;
  for (let at = 0; at < header.length; at++) if (bytes[at] !== header[at]) different++;
  return different <= 1 ? header.length : undefined;
}

/** Cost: a checksum over the body, and a byte or two of head for each record. */
export function encodeEntryHead(entry: BufferedBody, appendedAtMs: number): Buffer {
  const { source, body, records, inflatedBytes, recordBytes } = entry;
  const name = Buffer.from(source);
  const bytes = Buffer.allocUnsafe(SOURCE_AT + name.length + recordBytes.length * 5);
  let inputBytes = 0;
  let at = SOURCE_AT + name.copy(bytes, SOURCE_AT);
  for (const recordInputBytes of recordBytes) {
    inputBytes += recordInputBytes;
    let rest = recordInputBytes;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
  }
  bytes.writeUInt32LE(at, 4);
  bytes.writeUInt32LE(crc32(body), 8);
  bytes.writeUInt32LE(body.length, 12);
  bytes.writeUInt32LE(records, 16);
  bytes.writeUInt32LE(inflatedBytes ?? PLAIN, 20);
  bytes.writeDoubleLE(appendedAtMs, 24);
  bytes.writeDoubleLE(inputBytes, 32);
  bytes.writeUInt16LE(name.length, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(4, at)), 0);
  return bytes.subarray(0, at);
}

/** A head that makes an entry without records of what stands behind it. */
export function encodeFillerHead(body: Uint8Array, appendedAtMs: number): Buffer {
  const filler = { source: '', body, records: 0, inflatedBytes: undefined, recordBytes: new Uint32Array() };
  return encodeEntryHead(filler, appendedAtMs);
}

export function isFiller({ source, records }: EntryHead): boolean {
  return source === '' && records === 0;
}

/** @param bytes what stands at an entry's place, or the beginning of it */
export function decodeEntryHead(bytes: Buffer): EntryHeadDecoded {
  if (bytes.length < SOURCE_AT) return { status: 'short', neededBytes: SOURCE_AT };
  const headBytes = bytes.readUInt32LE(4);
  if (headBytes < SOURCE_AT || headBytes > MAX_HEAD_BYTES) return { status: 'damaged' };
  if (bytes.length < headBytes) return { status: 'short', neededBytes: headBytes };
  if (crc32(bytes.subarray(4, headBytes)) !== bytes.readUInt32LE(0)) return { status: 'damaged' };
  const bodyBytes = bytes.readUInt32LE(12);
  const sourceEnd = SOURCE_AT + bytes.readUInt16LE(40);
  if (bodyBytes > MAX_BODY_BYTES || sourceEnd > headBytes) return { status: 'damaged' };
  const records = bytes.readUInt32LE(16);
  const inputBytes = bytes.readDoubleLE(32);
  const appendedAtMs = bytes.readDoubleLE(24);
  // Each record has a byte at least: what says more would take memory for them.
  if (records > headBytes - sourceEnd || !Number.isFinite(appendedAtMs)) return { status: 'damaged' };
  // A filler stands for no input.
  if (!Number.isSafeInteger(inputBytes) || inputBytes < 0 || (records === 0 && inputBytes > 0))
    return { status: 'damaged' };
  const inflatedBytes = bytes.readUInt32LE(20);
  return {
    status: 'ok',
    head: {
      source: bytes.toString('utf8', SOURCE_AT, sourceEnd),
      records,
      inputBytes,
      inflatedBytes: inflatedBytes === PLAIN ? undefined : inflatedBytes,
      appendedAtMs,
      headBytes,
      bodyBytes,
      bodyCrc: bytes.readUInt32LE(8),
    },
  };
}

/** Whether the checksum is worth a look, which is so almost only where a head does begin.
 *  @param leftBytes that the entry may have, counted from `at` */
export function mayBeEntryHead(bytes: Buffer, at: number, leftBytes: number): boolean {
  if (at + SOURCE_AT > bytes.length) return false;
  const headBytes = bytes.readUInt32LE(at + 4);
  if (headBytes < SOURCE_AT || headBytes > MAX_HEAD_BYTES) return false;
  if (headBytes + bytes.readUInt32LE(at + 12) > leftBytes) return false;
  const sizesBytes = headBytes - SOURCE_AT - bytes.readUInt16LE(at + 40);
  const records = bytes.readUInt32LE(at + 16);
  return sizesBytes >= records && sizesBytes <= records * 5;
}

/** Input bytes record by record, for those that are refused.
 *  @param bytes of an entry whose head is undamaged */
export function decodeRecordBytes(bytes: Buffer, { headBytes, records }: EntryHead): Uint32Array {
  const recordBytes = new Uint32Array(records);
  let at = SOURCE_AT + bytes.readUInt16LE(40);
  for (let index = 0; index < records; index++) {
    let value = 0;
    for (let shift = 0; at < headBytes; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    recordBytes[index] = value;
  }
  return recordBytes;
}
