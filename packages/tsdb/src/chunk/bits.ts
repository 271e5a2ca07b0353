/** Bits, the highest of a byte first, as in Prometheus' tsdb/chunkenc/bstream.go: written and read at most 32 at a time,
 *  because that is as far as JavaScript's integers go. */

/** Writes into memory that is zero from the position on. */
export class BitWriter {
  bytes: Uint8Array;
  /** Bits written so far. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The lowest `count` bits of `value`, 0 <= count <= 32. Three bytes behind the last one are written over with 0. */
  write(value: number, count: number): void {
    if (count > 24) {
      this.write(value >>> 16, count - 16);
      this.write(value, 16);
      return;
    }
    const { bytes, at } = this;
    const first = at >>> 3;
    const window = (value & ((1 << count) - 1)) << (32 - count - (at & 7));
    bytes[first] = bytes[first]! | (window >>> 24);
    bytes[first + 1] = window >>> 16;
    bytes[first + 2] = window >>> 8;
    bytes[first + 3] = window;
    this.at = at + count;
  }

  /** LEB128, as Go's PutUvarint. @param value 0 to 2^53 - 1 */
  writeVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.write((rest % 0x80) | 0x80, 8);
      rest = Math.floor(rest / 0x80);
    }
    this.write(rest, 8);
  }
}

/** Memory that must be there behind what is read, of any content: decodeXor takes two words and a byte at a time. */
export const READ_AHEAD_BYTES = 9;

/** Reads zeros behind the end of its memory: lengths are checked by whoever made the chunk, and once, not for each bit. */
export class BitReader {
  bytes: Uint8Array;
  /** The same memory and READ_AHEAD_BYTES behind it, at least. */
  view: DataView;
  at = 0;

  /** Cost: a copy, where too little memory follows the bytes. */
  constructor(bytes: Uint8Array) {
    const room = bytes.buffer.byteLength - bytes.byteOffset - bytes.length;
    let roomy = bytes;
    if (room < READ_AHEAD_BYTES) {
      roomy = new Uint8Array(bytes.length + READ_AHEAD_BYTES);
      roomy.set(bytes);
    }
    this.bytes = bytes;
    this.view = new DataView(roomy.buffer, roomy.byteOffset);
  }

  /** On with other memory. @param at in bits */
  seek(bytes: Uint8Array, view: DataView, at: number): void {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
  }

  /** @param count 1 to 32 @returns an unsigned number */
  read(count: number): number {
    const { at, bytes } = this;
    const first = at >>> 3;
    const shift = at & 7;
    let window = (bytes[first]! << 24) | (bytes[first + 1]! << 16) | (bytes[first + 2]! << 8) | bytes[first + 3]!;
    if (shift !== 0) window = (window << shift) | (bytes[first + 4]! >>> (8 - shift));
    this.at = at + count;
    return window >>> (32 - count);
  }

  readBit(): number {
    const { at } = this;
    this.at = at + 1;
    return (this.bytes[at >>> 3]! >>> (7 - (at & 7))) & 1;
  }

  /** @returns up to 2^53 - 1; a longer one ends as soon as it is beyond that, as a number that is not safe */
  readVarint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 0x80) {
      const byte = this.read(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }
}
