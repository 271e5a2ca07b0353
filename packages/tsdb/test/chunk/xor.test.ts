import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { BitReader } from '../../src/chunk/bits.ts';
import { decodeXor, MAX_SAMPLE_BYTES, MAX_TIMESTAMP_MS, XorEncoder } from '../../src/chunk/xor.ts';
import { bitsOf, oddNumbers } from '../odd-numbers.ts';

function encode(timestampsMs: readonly number[], values: Float64Array): Uint8Array {
  const encoder = new XorEncoder(new Uint8Array((values.length + 1) * MAX_SAMPLE_BYTES));
  for (const [index, timestampMs] of timestampsMs.entries()) encoder.append(timestampMs, values[index]!);
  return encoder.writer.bytes.subarray(0, (encoder.writer.at + 7) >>> 3);
}

function decode(stream: Uint8Array, count: number, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY) {
  const values = new Float64Array(count);
  const columns = { timestampsMs: new Float64Array(count), values, valueWords: new Uint32Array(values.buffer) };
  const length = decodeXor(new BitReader(stream), count, fromMs, toMs, columns, 0);
  return { timestampsMs: [...columns.timestampsMs.subarray(0, length)], values: columns.values.slice(0, length) };
}

describe('XOR chunks', () => {
  it("are bit for bit Prometheus' own", () => {
    // What tsdb/chunkenc/xor.go writes for these samples, worked out by hand from its rules.
    const stream = encode([1000, 2000, 3000, 4001], Float64Array.of(1, 1, 2, 2));
    expect(Buffer.from(stream).toString('hex')).toBe(
      // varint(2000) = d00f, bits of 1.0, uvarint(1000) = e807, then bits:
      // 0 (same) | 0 (dod 0) 11 00001(1 leading) 001011(11 bits) 11111111111 | 10 00000000000001 0
      `d00f3ff0000000000000e807${bitsToHex('0' + '0' + '11' + '00001' + '001011' + '11111111111' + '10' + '00000000000001' + '0')}`,
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('give back every bit of every value and time, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 300; round++) {
      const count = 1 + Math.floor(random() * 130);
      const values = oddNumbers(random, count);
      const timestampsMs = times(random, count);
      const decoded = decode(encode(timestampsMs, values), count);
      expect(decoded.timestampsMs).toEqual(timestampsMs);
      expect(bitsOf(decoded.values)).toEqual(bitsOf(values));
    }
  });

  it('hold the first and last possible time side by side', () => {
    const timestampsMs = [-MAX_TIMESTAMP_MS, -1, 0, 1, MAX_TIMESTAMP_MS - 1, MAX_TIMESTAMP_MS];
    expect(decode(encode(timestampsMs, new Float64Array(6)), 6).timestampsMs).toEqual(timestampsMs);
  });

  it.each([1, 2, 3])('give back runs of samples that do not change, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 100; round++) {
      const values = new Float64Array(1 + Math.floor(random() * 120));
      for (let at = 1; at < values.length; at++) values[at] = random() < 0.9 ? values[at - 1]! : random();
      const timestampsMs = Array.from(values, (_, at) => 15_000 * at + (random() < 0.05 ? 1 : 0));
      const stream = encode(timestampsMs, values);
      const [fromMs, toMs] = [random() * 2e6, random() * 2e6];
      const isWithin = (_: number, at: number): boolean => timestampsMs[at]! >= fromMs && timestampsMs[at]! <= toMs;
      const decoded = decode(stream, values.length, fromMs, toMs);
      expect(decoded.timestampsMs).toEqual(timestampsMs.filter(isWithin));
      expect([...decoded.values]).toEqual([...values].filter(isWithin));
      expect([...decode(stream, values.length).values]).toEqual([...values]);
    }
  });

  it('that are damaged are read to some end, and nothing behind their memory', () => {
    const random = seededRandom(9);
    for (let round = 0; round < 2_000; round++) {
      const stream = Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256);
      expect(decode(stream, 120).values.length).toBeLessThanOrEqual(120);
    }
  });

  it('are read within a range of time', () => {
    const timestampsMs = [10, 20, 30, 40];
    const stream = encode(timestampsMs, Float64Array.of(1, 2, 3, 4));
    expect(decode(stream, 4, 20, 30)).toEqual({ timestampsMs: [20, 30], values: Float64Array.of(2, 3) });
    expect(decode(stream, 4, 11, 19).timestampsMs).toEqual([]);
  });
});

function times(random: () => number, count: number): number[] {
  const steps = [1, 15_000, 15_000, 15_001, 14_990, 8_192, 66_000, 600_000, 2 ** 40];
  let timeMs = Math.floor((random() - 0.5) * 2 ** 44);
  return Array.from({ length: count }, () => {
    timeMs += steps[Math.floor(random() * steps.length)]!;
    return timeMs;
  });
}

function bitsToHex(bits: string): string {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0')).join('');
}
