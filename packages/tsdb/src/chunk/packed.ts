/** Floats that are whole numbers, or whole numbers of some decimal place, in as many bits as their steps need: counters and gauges that
 *  exporters derive from ticks, bytes and nanoseconds take half of what XOR makes of them, for its bits follow the binary fraction. A
 *  chunk is packed once it is full, so that all steps are known. Layout: docs/formats/tsdb-snapshot.md. */
import { type BitReader, BitWriter, READ_AHEAD_BYTES } from './bits.ts';
import { MAX_SAMPLE_BYTES, type SampleColumns } from './xor.ts';

/** Beyond, a nanosecond counter of a year is no safe integer. */
const MAX_SCALE = 9;
const POWERS = Array.from({ length: MAX_SCALE + 1 }, (_, scale) => 10 ** scale);
/** Zigzag doubles what must stay a safe integer. */
const MAX_WHOLE = 2 ** 52;
/** Of a step: one read of the bit reader. */
const MAX_WIDTH = 32;

export class Packer {
  readonly #writer: BitWriter;
  readonly #wholes: Float64Array;

  /** @param samples the most that are packed at once */
  constructor(samples: number) {
    this.#writer = new BitWriter(new Uint8Array((samples + 1) * MAX_SAMPLE_BYTES));
    this.#wholes = new Float64Array(samples);
  }

  /** @param count of samples in the columns, at least 1
   *  @returns the stream, valid until the next call; undefined where they are other numbers, or too far apart */
  pack({ timestampsMs, values }: SampleColumns, count: number): Uint8Array | undefined {
    const scale = this.#scale(values, count);
    if (scale === undefined) return undefined;
    const { bytes } = this.#writer;
    bytes.fill(0, 0, (this.#writer.at + 7) >>> 3);
    this.#writer.at = 0;
    const isPacked = this.#packTimes(timestampsMs, count) && this.#packValues(scale, count);
    return isPacked ? bytes.subarray(0, (this.#writer.at + 7) >>> 3) : undefined;
  }

  /** The places that all of them have at most; leaves the whole numbers behind. */
  #scale(values: Float64Array, count: number): number | undefined {
    let scale = 0;
    for (let index = 0; index < count; index++) {
      while (!isWhole(values[index]!, scale)) if (++scale > MAX_SCALE) return undefined;
    }
    for (let index = 0; index < count; index++) {
      if (!isWhole(values[index]!, scale)) return undefined;
      this.#wholes[index] = Math.round(values[index]! * POWERS[scale]!);
    }
    return scale;
  }

  #packTimes(timestampsMs: Float64Array, count: number): boolean {
    const writer = this.#writer;
    writer.writeVarint(zigzag(timestampsMs[0]!));
    if (count === 1) return true;
    const firstDeltaMs = timestampsMs[1]! - timestampsMs[0]!;
    writer.writeVarint(firstDeltaMs);
    let most = 0;
    for (let index = 2; index < count; index++) most = Math.max(most, zigzag(changeAt(timestampsMs, index)));
    const width = bitsOf(most);
    if (width > MAX_WIDTH) return false;
    writer.write(width, 6);
    if (width > 0)
      for (let index = 2; index < count; index++) writer.write(zigzag(changeAt(timestampsMs, index)), width);
    return true;
  }

  #packValues(scale: number, count: number): boolean {
    const writer = this.#writer;
    const wholes = this.#wholes;
    writer.write(scale, 4);
    writer.writeVarint(zigzag(wholes[0]!));
    let least = Number.POSITIVE_INFINITY;
    let leastChange = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    let mostChange = Number.NEGATIVE_INFINITY;
    let changes = 0;
    for (let index = 1; index < count; index++) {
      const step = wholes[index]! - wholes[index - 1]!;
      least = Math.min(least, step);
      most = Math.max(most, step);
      if (step === 0) continue;
      changes++;
      leastChange = Math.min(leastChange, step);
      mostChange = Math.max(mostChange, step);
    }
    if (changes === 0) least = leastChange = most = mostChange = 0;
    const width = bitsOf(most - least);
    const changeWidth = bitsOf(mostChange - leastChange);
    if (changeWidth > MAX_WIDTH) return false;
    // A bit for each step that says whether there is one, where that is less.
    const isSparse = width > MAX_WIDTH || count - 1 + changes * changeWidth < (count - 1) * width;
    const base = isSparse ? leastChange : least;
    const bits = isSparse ? changeWidth : width;
    if (Math.abs(base) >= MAX_WHOLE) return false;
    writer.write(isSparse ? 1 : 0, 1);
    writer.writeVarint(zigzag(base));
    writer.write(bits, 6);
    if (!isSparse && bits === 0) return true;
    for (let index = 1; index < count; index++) {
      const step = wholes[index]! - wholes[index - 1]!;
      if (isSparse) writer.write(step === 0 ? 0 : 1, 1);
      if (!isSparse || step !== 0) writer.write(step - base, bits);
    }
    return true;
  }
}

/** Decodes those of `count` samples that lie in [startMs, endMs].
 *  @param reader at the first bit
 *  @param at where the first one is written to
 *  @returns where the next one would be
 *  Cost: some ns a sample from the first to the last that is wanted; no allocation. */
export function decodePacked(
  reader: BitReader,
  count: number,
  startMs: number,
  endMs: number,
  { timestampsMs, values }: SampleColumns,
  at: number,
): number {
  // Times ascend, but in a damaged chunk: what is kept of them are the samples from the first that is not too early.
  const { first, end } = decodeTimes(reader, count, startMs, endMs, timestampsMs, at);
  const { view } = reader;
  const lastByte = view.byteLength - READ_AHEAD_BYTES;
  const power = POWERS[Math.min(reader.read(4), MAX_SCALE)]!;
  let whole = fromZigzag(reader.readVarint());
  const isSparse = reader.readBit() === 1;
  const base = fromZigzag(reader.readVarint());
  const width = Math.min(reader.read(6), MAX_WIDTH);
  let bit = reader.at;
  let to = at;
  for (let index = 0; index < end; index++) {
    if (index > 0) {
      let isChange = true;
      if (isSparse) {
        isChange = view.getInt32(Math.min(bit >>> 3, lastByte)) << (bit & 7) < 0;
        bit++;
      }
      if (isChange) {
        if (width === 0) whole += base;
        else if (width <= 24) {
          whole += base + ((view.getInt32(Math.min(bit >>> 3, lastByte)) << (bit & 7)) >>> (32 - width));
          bit += width;
        } else {
          reader.at = bit;
          whole += base + reader.read(width);
          bit += width;
        }
      }
    }
    if (index >= first) values[to++] = whole / power;
  }
  return to;
}

interface Extent {
  /** Of the first sample that is wanted, and the one behind the last. */
  readonly first: number;
  readonly end: number;
}

/** Leaves the reader behind the times. */
function decodeTimes(
  reader: BitReader,
  count: number,
  startMs: number,
  endMs: number,
  timestampsMs: Float64Array,
  at: number,
): Extent {
  let timeMs = fromZigzag(reader.readVarint());
  if (count === 1) {
    if (timeMs < startMs || timeMs > endMs) return { first: 0, end: 0 };
    timestampsMs[at] = timeMs;
    return { first: 0, end: 1 };
  }
  let deltaMs = reader.readVarint();
  const width = Math.min(reader.read(6), MAX_WIDTH);
  const afterBits = reader.at + (count - 2) * width;
  let first = 0;
  let to = at;
  let index = 0;
  for (; index < count; index++) {
    if (index > 0) {
      if (index > 1 && width > 0) deltaMs += fromZigzag(reader.read(width));
      timeMs += deltaMs;
    }
    if (timeMs > endMs) break;
    if (timeMs >= startMs) timestampsMs[to++] = timeMs;
    else if (to === at) first = index + 1;
  }
  reader.at = afterBits;
  return { first, end: Math.min(index, first + (to - at)) };
}

function isWhole(value: number, scale: number): boolean {
  const power = POWERS[scale]!;
  const whole = Math.round(value * power);
  return whole / power === value && Math.abs(whole) < MAX_WHOLE && !Object.is(value, -0);
}

function changeAt(timestampsMs: Float64Array, index: number): number {
  return timestampsMs[index]! - 2 * timestampsMs[index - 1]! + timestampsMs[index - 2]!;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Of a whole number from 0; more than MAX_WIDTH where that is not enough. */
function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : MAX_WIDTH + 1;
}
