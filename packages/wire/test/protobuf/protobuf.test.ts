/** Held against protobufjs, field by field. */
import { errorCode } from '@vigie/core/errors';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { ProtoReader } from '../../src/protobuf/reader.ts';
import { PADDED_LENGTH_BYTES, ProtoWriter, putPaddedLength, varintBytes } from '../../src/protobuf/writer.ts';
import { mutated, readOrRefused } from '../mutations.ts';
import { SEEDED } from '../seeded.ts';

const { root } = protobuf.parse(`syntax = "proto3";
  message All {
    uint64 whole = 1; int64 signed = 2; bool flag = 3; double real = 4; fixed64 wide = 5; fixed32 narrow = 6;
    string text = 7; bytes data = 16; All nested = 2047; uint32 small = 536870911;
  }`);
const Theirs = root.lookupType('All');

interface All {
  readonly whole: number;
  readonly signed: bigint;
  readonly flag: boolean;
  readonly real: number;
  readonly wide: bigint;
  readonly narrow: number;
  readonly text: string;
  readonly data: Uint8Array;
  readonly small: number;
  readonly nested: All | undefined;
}

const all: fc.Arbitrary<All> = fc.letrec<{ all: All }>((tie) => ({
  all: fc.record({
    whole: fc.maxSafeNat(),
    signed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    flag: fc.boolean(),
    real: fc.double(),
    wide: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    narrow: fc.nat({ max: 2 ** 31 - 1 }),
    text: fc.string({ unit: 'binary', maxLength: 200 }),
    data: fc.uint8Array({ maxLength: 300 }),
    small: fc.nat({ max: 2 ** 31 - 1 }),
    nested: fc.option(tie('all'), { nil: undefined, depthSize: 'small' }),
  }),
})).all;

function write(writer: ProtoWriter, value: All): void {
  writer.uint(1, value.whole);
  writer.int64(2, value.signed);
  writer.bool(3, value.flag);
  writer.double(4, value.real);
  writer.fixed64(5, value.wide);
  writer.fixed32(6, value.narrow);
  writer.string(7, value.text);
  writer.bytes(16, value.data);
  writer.uint(536_870_911, value.small);
  const { nested } = value;
  if (nested !== undefined) writer.message(2047, () => write(writer, nested));
}

function encode(value: All): Buffer {
  const writer = new ProtoWriter();
  write(writer, value);
  return writer.finish();
}

function read(reader: ProtoReader): All {
  const found: { -readonly [Key in keyof All]: All[Key] } = {
    whole: 0,
    signed: 0n,
    flag: false,
    real: 0,
    wide: 0n,
    narrow: 0,
    text: '',
    data: new Uint8Array(),
    small: 0,
    nested: undefined,
  };
  while (reader.next()) {
    if (reader.field === 1) found.whole = reader.uint();
    else if (reader.field === 2) found.signed = reader.int64();
    else if (reader.field === 3) found.flag = reader.bool();
    else if (reader.field === 4) found.real = reader.double();
    else if (reader.field === 5) found.wide = reader.fixed64();
    else if (reader.field === 6) found.narrow = reader.fixed32();
    else if (reader.field === 7) found.text = reader.string();
    else if (reader.field === 16) found.data = new Uint8Array(reader.bytes());
    else if (reader.field === 536_870_911) found.small = reader.uint32();
    else if (reader.field === 2047) found.nested = read(reader.message());
    else reader.skip();
  }
  return found;
}

/** As protobufjs makes it of its message: 64-bit integers as text. */
function plain({ nested, whole, signed, wide, data, ...rest }: All): unknown {
  return {
    ...rest,
    whole: String(whole),
    signed: String(signed),
    wide: String(wide),
    data: Buffer.from(data).toString('base64'),
    nested: nested === undefined ? null : plain(nested),
  };
}

const theirs = { longs: String, bytes: String, defaults: true } as const;

describe('Protocol Buffers', () => {
  it('is written as protobufjs reads it, and read as protobufjs writes it', () => {
    fc.assert(
      fc.property(all, (value) => {
        const decoded = Theirs.toObject(Theirs.decode(encode(value)), theirs);
        expect(decoded).toEqual(plain(value));
        const written = Theirs.encode(Theirs.fromObject(decoded)).finish();
        expect(read(new ProtoReader(Buffer.from(written)))).toEqual(value);
      }),
      SEEDED,
    );
  });

  it('refuses bytes that are not, and never fails otherwise', () => {
    fc.assert(
      fc.property(mutated(all.map(encode)), (bytes) => {
        readOrRefused(() => read(new ProtoReader(bytes)));
        readOrRefused(() => {
          const reader = new ProtoReader(bytes);
          while (reader.next()) reader.skip();
        });
      }),
      { ...SEEDED, numRuns: 5000 },
    );
  });

  it.each([
    ['a tag cut short', '80'],
    ['field number 0', '0000'],
    ['a field number beyond 2^29', '8080808010 00'],
    ['a number cut short', '08ff'],
    ['a number of eleven bytes', '08ffffffffffffffffffff01'],
    ['eight bytes cut short', '2901020304'],
    ['four bytes cut short', '350102'],
    ['a length beyond the end', '3a0561'],
    ['a length of nine bytes', '3affffffffffffffff7f'],
    ['a group', '0b0c'],
    ['wire type 7', '0f'],
    ['a string that is not UTF-8', '3a02c328'],
    ['a number where a string is due', '3801'],
  ])('refuses %s', (_what, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    let thrown: unknown;
    try {
      read(new ProtoReader(bytes));
    } catch (error) {
      thrown = error;
    }
    expect(errorCode(thrown)).toBe('WIRE_MALFORMED');
  });

  it('reads a number in more bytes than it needs, as padded lengths are written', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1]) {
      const bytes = Buffer.alloc(1 + PADDED_LENGTH_BYTES);
      bytes[0] = 8;
      putPaddedLength(bytes, 1, length);
      const reader = new ProtoReader(bytes);
      expect(reader.next()).toBe(true);
      expect(reader.uint()).toBe(length);
      expect(reader.next()).toBe(false);
      expect(protobuf.Reader.create(bytes.subarray(1)).uint32()).toBe(length);
    }
    expect(() => putPaddedLength(Buffer.alloc(4), 0, 2 ** 28)).toThrow(RangeError);
  });

  it('knows how many bytes a number takes', () => {
    for (const edge of [0, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const writer = new ProtoWriter();
      writer.varint(edge);
      expect(varintBytes(edge)).toBe(writer.length);
    }
  });

  it('writes a lone surrogate as U+FFFD', () => {
    const writer = new ProtoWriter();
    writer.string(7, 'a\ud800b');
    expect(read(new ProtoReader(writer.finish())).text).toBe('a\ufffdb');
  });
});
