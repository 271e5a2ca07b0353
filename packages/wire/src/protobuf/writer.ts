/** Protocol Buffers, written from front to back. Source: protobuf.dev/programming-guides/encoding. */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** A length that is patched in when what it counts has been written; 7 bits a byte, so up to 256 MiB. Longer than needed, which
 *  every decoder takes. */
export const PADDED_LENGTH_BYTES = 4;
const MAX_PADDED_LENGTH = 2 ** 28 - 1;
const INITIAL_BYTES = 256;

/** Writes into a buffer of its own that grows. Fields are written as called: default values too, and in any order. */
export class ProtoWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #end = 0;

  get length(): number {
    return this.#end;
  }

  /** What was written; valid until the next call. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.written);
  }

  clear(): void {
    this.#end = 0;
  }

  /** @param value an unsigned integer below 2^53 */
  varint(value: number): void {
    this.#reserve(10);
    this.#end = putVarint(this.#bytes, this.#end, value);
  }

  /** @param value 64 bits, signed or not: a negative one takes ten bytes */
  varint64(value: bigint): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#bytes[this.#end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#end++] = Number(rest);
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** @param value an unsigned integer below 2^53 */
  uint(field: number, value: number): void {
    this.tag(field, VARINT);
    this.varint(value);
  }

  int64(field: number, value: bigint): void {
    this.tag(field, VARINT);
    this.varint64(value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.tag(field, FIXED64);
    this.#reserve(8);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
  }

  /** A double by its bits: a NaN keeps what it carries. */
  doubleBits(field: number, low: number, high: number): void {
    this.tag(field, FIXED64);
    this.#reserve(8);
    this.#end = this.#bytes.writeUInt32LE(low >>> 0, this.#end);
    this.#end = this.#bytes.writeUInt32LE(high >>> 0, this.#end);
  }

  /** An integer in zigzag form (sint32, sint64), below 2^52 either way. */
  sint(field: number, value: number): void {
    this.uint(field, zigzag(value));
  }

  /** Numbers as one packed field; none for no numbers. */
  packed(field: number, kind: 'sint' | 'double' | 'uint', values: readonly number[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) {
        if (kind === 'double') {
          this.#reserve(8);
          this.#end = this.#bytes.writeDoubleLE(value, this.#end);
        } else this.varint(kind === 'sint' ? zigzag(value) : value);
      }
    });
  }

  fixed64(field: number, value: bigint): void {
    this.tag(field, FIXED64);
    this.#reserve(8);
    this.#end = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#end);
  }

  fixed32(field: number, value: number): void {
    this.tag(field, FIXED32);
    this.#reserve(4);
    this.#end = this.#bytes.writeUInt32LE(value, this.#end);
  }

  /** A string that holds lone surrogates is written with U+FFFD in their place. */
  string(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.tag(field, LENGTH_DELIMITED);
    this.varint(length);
    this.#reserve(length);
    this.#end += this.#bytes.write(value, this.#end);
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, LENGTH_DELIMITED);
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes that are whole fields already. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
  }

  /** An embedded message: what `write` writes. */
  message(field: number, write: () => void): void {
    this.tag(field, LENGTH_DELIMITED);
    // Most messages are short: one byte for the length, and what is written is moved on where that is not enough.
    this.#reserve(10);
    const start = ++this.#end;
    write();
    const length = this.#end - start;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#end);
      this.#end += extra;
    }
    putVarint(this.#bytes, start - 1, length);
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + bytes));
    grown.set(this.written);
    this.#bytes = grown;
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** @param value an unsigned integer below 2^53
 *  @returns one past the last byte */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at] = rest;
  return at + 1;
}

/** @param value an unsigned integer below 2^53 */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Writes a length as PADDED_LENGTH_BYTES bytes, whatever its size.
 *  @throws {RangeError} from 256 MiB on */
export function putPaddedLength(bytes: Uint8Array, at: number, length: number): void {
  if (length > MAX_PADDED_LENGTH) throw new RangeError(`a length of ${length} does not fit into four bytes`);
  bytes[at] = (length & 0x7f) | 0x80;
  bytes[at + 1] = ((length >>> 7) & 0x7f) | 0x80;
  bytes[at + 2] = ((length >>> 14) & 0x7f) | 0x80;
  bytes[at + 3] = length >>> 21;
}
