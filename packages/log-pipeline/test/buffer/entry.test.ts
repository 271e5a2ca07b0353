import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeEntryHead, decodeRecordBytes, encodeEntryHead } from '../../src/buffer/entry.ts';

const BODY = Buffer.from('{"a":1}\n{"a":2}\n');

function headOf(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const entry = {
    source: 'pods',
    body: BODY,
    records: 2,
    inflatedBytes: undefined,
    recordBytes: Uint32Array.of(100, 70_000),
  };
  const bytes = Buffer.from(encodeEntryHead(entry, 1_763_726_400_000));
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

describe("an entry's head", () => {
  test('says what the entry stands for, record by record', () => {
    const bytes = headOf();
    const decoded = decodeEntryHead(bytes);
    expect(decoded).toMatchObject({
      status: 'ok',
      head: { source: 'pods', records: 2, inputBytes: 70_100, appendedAtMs: 1_763_726_400_000, bodyBytes: BODY.length },
    });
    if (decoded.status === 'ok') expect([...decodeRecordBytes(bytes, decoded.head)]).toEqual([100, 70_000]);
  });

  test.each<[string, (bytes: Buffer) => void]>([
    ['more records than it has bytes for', (bytes) => bytes.writeUInt32LE(2 ** 31, 16)],
    ['a time that is no number', (bytes) => bytes.writeDoubleLE(Number.NaN, 24)],
    ['less input than none', (bytes) => bytes.writeDoubleLE(-1, 32)],
    ['input that is no number', (bytes) => bytes.writeDoubleLE(Number.NaN, 32)],
    ['a part of a byte of input', (bytes) => bytes.writeDoubleLE(1.4e-309, 32)],
    ['input of no record', (bytes) => bytes.writeUInt32LE(0, 16)],
    ['a name beyond its end', (bytes) => bytes.writeUInt16LE(60_000, 40)],
  ])('is damaged with %s, though its checksum be right', (_what, change) => {
    expect(decodeEntryHead(headOf(change))).toEqual({ status: 'damaged' });
  });
});
