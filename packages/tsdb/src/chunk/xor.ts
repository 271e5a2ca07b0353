/** Floats as a Gorilla bit stream, bit for bit that of Prometheus' tsdb/chunkenc/xor.go without its two bytes of count: a
 *  stream can be checked against Prometheus, and read by it. Values are handled as their 64 bits, so that NaN payloads (the
 *  staleness marker is one), infinities and -0 come back as they were.
 *  Source: Gorilla, VLDB 2015, section 4.1; bit ranges as in xor.go. */
import { type BitReader, BitWriter, READ_AHEAD_BYTES } from './bits.ts';

/** Timestamps are Unix ms within these bounds: twice as far is still a safe integer, which zigzag needs. */
export const MAX_TIMESTAMP_MS = 2 ** 52;
/** As in Prometheus: beyond, decoding from the start costs more than a new chunk's first sample. */
export const SAMPLES_PER_CHUNK = 120;
/** Of one sample: 4 + 64 bits of time, 2 + 5 + 6 + 64 of value; the first one takes 8 + 8 bytes. */
export const MAX_SAMPLE_BYTES = 19;

const number = new Float64Array(1);
const bits = new Uint32Array(number.buffer);
/** Which half of a double comes first in memory. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;
const NO_WINDOW = 0xff;

/** Encodes samples one by one, and can go on where an earlier one stopped. */
export class XorEncoder {
  readonly writer: BitWriter;
  count = 0;
  lastMs = 0;
  lastValue = 0;
  deltaMs = 0;
  /** NO_WINDOW until a value has changed. */
  leading = NO_WINDOW;
  trailing = 0;

  /** @param bytes zero, MAX_SAMPLE_BYTES for each sample */
  constructor(bytes: Uint8Array) {
    this.writer = new BitWriter(bytes);
  }

  /** From the first sample on, wherever the writer is. */
  restart(): void {
    this.count = 0;
    this.leading = NO_WINDOW;
    this.trailing = 0;
  }

  /** @param timestampMs above that of the sample before */
  append(timestampMs: number, value: number): void {
    const { writer } = this;
    if (this.count === 0) {
      writer.writeVarint(timestampMs >= 0 ? timestampMs * 2 : -timestampMs * 2 - 1);
      number[0] = value;
      writer.write(bits[HIGH]!, 32);
      writer.write(bits[LOW]!, 32);
    } else {
      const deltaMs = timestampMs - this.lastMs;
      if (this.count === 1) writer.writeVarint(deltaMs);
      else writeChange(writer, deltaMs - this.deltaMs);
      this.deltaMs = deltaMs;
      this.#writeValue(value);
    }
    this.count++;
    this.lastMs = timestampMs;
    this.lastValue = value;
  }

  #writeValue(value: number): void {
    const { writer } = this;
    number[0] = this.lastValue;
    const lastHigh = bits[HIGH]!;
    const lastLow = bits[LOW]!;
    number[0] = value;
    const high = (bits[HIGH]! ^ lastHigh) >>> 0;
    const low = (bits[LOW]! ^ lastLow) >>> 0;
    if (high === 0 && low === 0) {
      writer.write(0, 1);
      return;
    }
    const zeros = high === 0 ? 32 + Math.clz32(low) : Math.clz32(high);
    // Five bits hold no more.
    const leading = zeros > 31 ? 31 : zeros;
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (this.leading !== NO_WINDOW && leading >= this.leading && trailing >= this.trailing) {
      writer.write(0b10, 2);
    } else {
      this.leading = leading;
      this.trailing = trailing;
      // 64 significant bits are written as 0: there is never none.
      writer.write((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13);
    }
    const significant = 64 - this.leading - this.trailing;
    const shift = this.trailing;
    if (significant > 32) {
      writer.write(shift === 0 ? high : high >>> shift, significant - 32);
      writer.write(shift === 0 ? low : (low >>> shift) | (high << (32 - shift)), 32);
    } else if (shift >= 32) {
      writer.write(high >>> (shift - 32), significant);
    } else {
      writer.write(shift === 0 ? low : (low >>> shift) | (high << (32 - shift)), significant);
    }
  }
}

/** Where decoded samples go: as many as the chunk has must fit behind `length`. */
export interface SampleColumns {
  timestampsMs: Float64Array;
  values: Float64Array;
  /** The memory of `values`. */
  valueWords: Uint32Array;
}

/** Decodes those of `count` samples that lie in [startMs, endMs].
 *  @param reader at the first bit; it is left behind the last sample that was looked at
 *  @param at where the first one is written to
 *  @returns where the next one would be
 *  Cost: some ns a sample from the first to the last that is wanted, less where neither value nor interval changes; no allocation. */
export function decodeXor(
  reader: BitReader,
  count: number,
  startMs: number,
  endMs: number,
  { timestampsMs, valueWords }: SampleColumns,
  at: number,
): number {
  const { view } = reader;
  // Only in a damaged chunk there is something behind it.
  const lastByte = view.byteLength - READ_AHEAD_BYTES;
  let to = at;
  if (count === 0) return to;
  const zigzag = reader.readVarint();
  let timeMs = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  let high = reader.read(32) | 0;
  let low = reader.read(32) | 0;
  let deltaMs = 0;
  // Of a changed value: zeros at the beginning, bits that are written, and which of the 64 may have changed.
  let leading = 0;
  let significant = 0;
  let highMask = 0;
  let lowMask = 0;
  let bit = reader.at;
  for (let index = 1; timeMs <= endMs; index++) {
    if (timeMs >= startMs) {
      timestampsMs[to] = timeMs;
      valueWords[2 * to + HIGH] = high;
      valueWords[2 * to + LOW] = low;
      to++;
    }
    if (index === count) break;
    let window: number;
    if (index === 1) {
      deltaMs = reader.readVarint();
      bit = reader.at;
      window = windowAt(view, bit, lastByte);
    } else {
      window = windowAt(view, bit, lastByte);
      if (window >= 0) {
        // Two zeros are a sample like the one before it, and seldom come alone.
        const same = Math.min(Math.clz32(window | 0x7f) >>> 1, count - index);
        if (same > 1) {
          bit += 2 * same;
          index += same - 1;
          for (let more = 1; more < same; more++) {
            timeMs += deltaMs;
            if (timeMs < startMs || timeMs > endMs) continue;
            timestampsMs[to] = timeMs;
            valueWords[2 * to + HIGH] = high;
            valueWords[2 * to + LOW] = low;
            to++;
          }
          timeMs += deltaMs;
          continue;
        }
        window <<= 1;
        bit++;
      } else {
        if ((window & 0x40000000) === 0) {
          const change = (window >>> 16) & 0x3fff;
          deltaMs += change > 0x2000 ? change - 0x4000 : change;
          bit += 16;
        } else {
          reader.at = bit;
          deltaMs += readChange(reader);
          bit = reader.at;
        }
        window = windowAt(view, bit, lastByte);
      }
    }
    timeMs += deltaMs;
    bit++;
    if (window >= 0) continue;
    bit++;
    if ((window & 0x40000000) !== 0) {
      leading = (window >>> 25) & 31;
      significant = (window >>> 19) & 63;
      if (significant === 0) significant = 64;
      bit += 11;
      // Below 0 in a damaged chunk only; any value will do there.
      const trailing = Math.max(0, 64 - leading - significant);
      highMask = trailing >= 32 ? -1 << (trailing - 32) : -1;
      lowMask = trailing >= 32 ? 0 : -1 << trailing;
    }
    const byte = Math.min(bit >>> 3, lastByte);
    const shift = bit & 7;
    const first = view.getInt32(byte);
    const second = view.getInt32(byte + 4);
    // The next 64 bits; `>>> 1 >>> 31 - n` is a shift by 32 - n for an n of 0 too.
    const nextHigh = (first << shift) | ((second >>> 1) >>> (31 - shift));
    const nextLow = (second << shift) | (view.getUint8(byte + 8) >>> (8 - shift));
    high ^= (nextHigh >>> leading) & highMask;
    low ^= ((nextLow >>> leading) | ((nextHigh << 1) << (31 - leading))) & lowMask;
    bit += significant;
  }
  reader.at = bit;
  return to;
}

/** The next 25 bits and more, from the highest down. */
function windowAt(view: DataView, bit: number, lastByte: number): number {
  return view.getInt32(Math.min(bit >>> 3, lastByte)) << (bit & 7);
}

/** Delta of deltas of time. Prometheus' ranges are lopsided by one: -(2^(n-1) - 1) to 2^(n-1). */
export function writeChange(writer: BitWriter, changeMs: number): void {
  if (changeMs === 0) {
    writer.write(0, 1);
  } else if (changeMs >= -8191 && changeMs <= 8192) {
    writer.write(0b10, 2);
    writer.write(changeMs, 14);
  } else if (changeMs >= -65_535 && changeMs <= 65_536) {
    writer.write(0b110, 3);
    writer.write(changeMs, 17);
  } else if (changeMs >= -524_287 && changeMs <= 524_288) {
    writer.write(0b1110, 4);
    writer.write(changeMs, 20);
  } else {
    writer.write(0b1111, 4);
    writer.write(Math.floor(changeMs / 2 ** 32) | 0, 32);
    writer.write(changeMs % 2 ** 32, 32);
  }
}

export function readChange(reader: BitReader): number {
  if (reader.readBit() === 0) return 0;
  let size = 14;
  if (reader.readBit() === 1) {
    size = 17;
    if (reader.readBit() === 1) {
      size = 20;
      if (reader.readBit() === 1) {
        const high = reader.read(32) | 0;
        return high * 2 ** 32 + reader.read(32);
      }
    }
  }
  const value = reader.read(size);
  return value > 2 ** (size - 1) ? value - 2 ** size : value;
}

function trailingZeros(value: number): number {
  return 31 - Math.clz32(value & -value);
}
