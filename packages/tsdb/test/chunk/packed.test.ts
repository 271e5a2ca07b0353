import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { BitReader } from '../../src/chunk/bits.ts';
import { decodePacked, Packer } from '../../src/chunk/packed.ts';
import { bitsOf, oddNumbers } from '../odd-numbers.ts';

const SAMPLES = 120;

function columnsOf(timestampsMs: readonly number[], values: readonly number[]) {
  const held = Float64Array.from(values);
  return { timestampsMs: Float64Array.from(timestampsMs), values: held, valueWords: new Uint32Array(held.buffer) };
}

/** @returns undefined where it cannot be packed */
function pack(timestampsMs: readonly number[], values: readonly number[]): Uint8Array | undefined {
  return new Packer(SAMPLES).pack(columnsOf(timestampsMs, values), values.length)?.slice();
}

function unpack(stream: Uint8Array, count: number, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY) {
  const columns = columnsOf(new Array<number>(SAMPLES).fill(0), new Array<number>(SAMPLES).fill(0));
  const length = decodePacked(new BitReader(stream), count, fromMs, toMs, columns, 0);
  return { timestampsMs: [...columns.timestampsMs.subarray(0, length)], values: columns.values.slice(0, length) };
}

/** A series that moves as one of a kind does. */
function values(random: () => number, count: number): number[] {
  const power = 10 ** Math.floor(random() * 10);
  const most = 10 ** (random() * 9);
  const changes = random();
  let whole = Math.floor((random() - 0.3) * 10 ** (random() * 12));
  const falls = random() < 0.5;
  return Array.from({ length: count }, () => {
    if (random() < changes) whole += Math.floor((random() - (falls ? 0.5 : 0)) * most);
    return whole / power;
  });
}

function times(random: () => number, count: number): number[] {
  const jitterMs = [0, 0, 2, 15_000][Math.floor(random() * 4)]!;
  let timeMs = Math.floor((random() - 0.2) * 2 ** 42);
  return Array.from({ length: count }, () => {
    timeMs += 15_000 + Math.floor(random() * jitterMs);
    return timeMs;
  });
}

describe('packed chunks', () => {
  it.each([1, 2, 3, 4, 5, 6])('give back every value and time, of all or of a range, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 400; round++) {
      const count = 1 + Math.floor(random() * SAMPLES);
      const [numbers, timestampsMs] = [values(random, count), times(random, count)];
      const stream = pack(timestampsMs, numbers);
      if (stream === undefined) throw new Error(`not packed: ${numbers.join()}`);
      expect(unpack(stream, count)).toEqual({ timestampsMs, values: Float64Array.from(numbers) });
      const one = (): number => timestampsMs[Math.floor(random() * count)]! + Math.floor(random() * 3) - 1;
      const [fromMs, toMs] = [one(), one()];
      const isWithin = (_: number, at: number): boolean => timestampsMs[at]! >= fromMs && timestampsMs[at]! <= toMs;
      const within = {
        timestampsMs: timestampsMs.filter(isWithin),
        values: Float64Array.from(numbers.filter(isWithin)),
      };
      expect(unpack(stream, count, fromMs, toMs)).toEqual(within);
    }
  });

  it.each([
    1, 2, 3,
  ])('are made of no other numbers, and give back every bit of those that are packed, seed %i', (seed) => {
    const random = seededRandom(seed);
    let packed = 0;
    for (let round = 0; round < 2_000; round++) {
      const count = 1 + Math.floor(random() * 4);
      const numbers = oddNumbers(random, count);
      const timestampsMs = times(random, count);
      const stream = pack(timestampsMs, [...numbers]);
      if (stream === undefined) continue;
      packed++;
      expect(bitsOf(unpack(stream, count).values)).toEqual(bitsOf(numbers));
    }
    expect(packed).toBeGreaterThan(0);
  });

  it.each([
    ['a fraction', [0.1 + 0.2]],
    ['minus zero', [1, -0]],
    ['a staleness marker', [1, Number.NaN]],
    ['an infinity', [Number.POSITIVE_INFINITY]],
    ['a whole number that is not exact', [2 ** 53]],
    ['steps too far apart', [0, 2 ** 40, 2 ** 40 + 1]],
  ])('hold no %s', (_what, numbers) => {
    expect(pack(times(seededRandom(1), numbers.length), numbers)).toBeUndefined();
  });

  it('take no bits for what does not change, nor for an even step', () => {
    const timestampsMs = Array.from({ length: SAMPLES }, (_, at) => 15_000 * at);
    const bytesOf = (value: (at: number) => number): number | undefined =>
      pack(
        timestampsMs,
        timestampsMs.map((_, at) => value(at)),
      )?.length;
    expect(bytesOf(() => 7)).toBe(8);
    expect(bytesOf((at) => 3 * at)).toBe(8);
    // A bit for each step, and eight for each of the twelve that there are.
    expect(bytesOf((at) => 1_000 + (at % 10 === 5 ? 250 : 0))).toBeLessThan(8 + (119 + 24 * 9) / 8 + 3);
  });

  it('that are damaged are read to some end, and nothing behind their memory', () => {
    const random = seededRandom(9);
    for (let round = 0; round < 2_000; round++) {
      const stream = Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256);
      const [fromMs, toMs] = random() < 0.5 ? [undefined, undefined] : [random() * 1e6, random() * 1e6];
      const { timestampsMs, values: numbers } = unpack(stream, SAMPLES, fromMs, toMs);
      expect(numbers.length).toBe(timestampsMs.length);
    }
  });
});
