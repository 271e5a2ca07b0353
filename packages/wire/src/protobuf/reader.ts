/** Protocol Buffers, read from front to back, from bytes that anybody may have made. */
import { isUtf8 } from 'node:buffer';
import { MalformedError } from '../errors.ts';
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './writer.ts';

const MAX_FIELD = 2 ** 29 - 1;

/** A cursor over the fields of one message. Reading allocates nothing but what it returns; `bytes` and `message` are views.
 *  All methods throw MalformedError where the bytes are not Protocol Buffers. */
export class ProtoReader {
  /** Of the field that `next` came to. */
  field = 0;
  wireType = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** @param start the message's first byte, @param end one past its last */
  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Position of the next byte. */
  get at(): number {
    return this.#at;
  }

  get end(): number {
    return this.#end;
  }

  /** Reads the next field's tag; its value is to be read next. @returns false at the message's end */
  next(): boolean {
    if (this.#at === this.#end) return false;
    const start = this.#at;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || this.field > MAX_FIELD) throw new MalformedError(`field number ${this.field}`, start);
    return true;
  }

  /** Passes over the field's value. Groups, which nobody has written since 2008, are malformed. */
  skip(): void {
    switch (this.wireType) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#take(8);
        return;
      case LENGTH_DELIMITED:
        this.#take(this.#length());
        return;
      case FIXED32:
        this.#take(4);
        return;
      default:
        throw new MalformedError(`wire type ${this.wireType}`, this.#at);
    }
  }

  /** An unsigned integer; one beyond 2^53 loses its low bits. */
  uint(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  /** The low 32 bits, as protobuf reads uint32 and enums. */
  uint32(): number {
    return Number(BigInt.asUintN(32, this.#readVarint64()));
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.#readVarint64());
  }

  /** A signed integer (int64, not zigzag), exact within 2^53 either way. */
  int(): number {
    this.#expect(VARINT);
    const start = this.#at;
    const unsigned = this.#varint();
    if (this.#at - start < 10) return unsigned;
    // Ten bytes are a negative one: its complement is small.
    let complement = 0;
    let scale = 1;
    for (let at = start; at < start + 9; at++, scale *= 128) complement += (~this.#bytes[at]! & 0x7f) * scale;
    return -complement - 1;
  }

  uint64(): bigint {
    return this.#readVarint64();
  }

  /** A signed integer in zigzag form (sint32, sint64); one beyond 2^53 loses its low bits. */
  sint(): number {
    this.#expect(VARINT);
    return this.#zigzag();
  }

  fixed64(): bigint {
    this.#expect(FIXED64);
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  double(): number {
    this.#expect(FIXED64);
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** Passes over eight bytes.
   *  @returns where they begin in the bytes that were given */
  fixed64At(): number {
    this.#expect(FIXED64);
    return this.#take(8);
  }

  fixed32(): number {
    this.#expect(FIXED32);
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  /** @returns a view of the bytes that were given */
  bytes(): Buffer {
    this.#expect(LENGTH_DELIMITED);
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw new MalformedError('a string that is not UTF-8', this.#at - bytes.length);
    return bytes.toString();
  }

  /** A repeated number, packed or one of its own.
   *  @param kind of the numbers: zigzag integers, doubles, unsigned integers, or unsigned ones of eight bytes */
  numbers(kind: 'sint' | 'double' | 'uint' | 'fixed64', add: (value: number) => void): void {
    if (this.wireType !== LENGTH_DELIMITED) {
      this.#expect(kind === 'double' || kind === 'fixed64' ? FIXED64 : VARINT);
      add(this.#number(kind));
      return;
    }
    const length = this.#length();
    const end = this.#at + length;
    while (this.#at < end) add(this.#number(kind));
    if (this.#at !== end) throw new MalformedError('a number that reaches beyond its list', end);
  }

  #number(kind: 'sint' | 'double' | 'uint' | 'fixed64'): number {
    switch (kind) {
      case 'sint':
        return this.#zigzag();
      case 'double':
        return this.#bytes.readDoubleLE(this.#take(8));
      case 'uint':
        return this.#varint();
      case 'fixed64':
        return Number(this.#bytes.readBigUInt64LE(this.#take(8)));
    }
  }

  /** A number without a tag, as it stands before messages that follow one another. */
  varint(): number {
    return this.#varint();
  }

  /** @returns a reader of the embedded message */
  message(): ProtoReader {
    this.#expect(LENGTH_DELIMITED);
    const length = this.#length();
    const start = this.#take(length);
    return new ProtoReader(this.#bytes, start, start + length);
  }

  #expect(wireType: number): void {
    if (this.wireType === wireType) return;
    throw new MalformedError(`wire type ${this.wireType} of field ${this.field}, not ${wireType}`, this.#at);
  }

  /** @returns where the bytes taken begin */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw new MalformedError('the message ends within a value', this.#end);
    this.#at = start + length;
    return start;
  }

  #length(): number {
    const start = this.#at;
    const length = this.#varint();
    if (length > this.#end - this.#at) throw new MalformedError(`a length of ${length}`, start);
    return length;
  }

  /** Up to ten bytes; the value is exact below 2^53. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#at === this.#end) throw new MalformedError('the message ends within a number', this.#end);
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new MalformedError('a number of more than ten bytes', this.#at);
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #readVarint64(): bigint {
    this.#expect(VARINT);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at === this.#end) throw new MalformedError('the message ends within a number', this.#end);
      const byte = this.#bytes[this.#at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedError('a number of more than ten bytes', this.#at);
  }
}
