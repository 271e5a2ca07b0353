/** Values of samples as they come, and as nobody expects them. */
import type { Random } from '@vigie/core/random';

const ODD_BITS: readonly (readonly [high: number, low: number])[] = [
  [0x7ff00000, 0x00000002], // the staleness marker
  [0x7ff80000, 0x00000001], // Prometheus' ordinary NaN
  [0xfff80000, 0xdeadbeef],
  [0x7ff00000, 0x00000000], // +Inf
  [0xfff00000, 0x00000000],
  [0x80000000, 0x00000000], // -0
  [0x00000000, 0x00000000],
  [0x00000000, 0x00000001],
  [0x7fefffff, 0xffffffff],
  [0xffffffff, 0xffffffff],
];

/** Mostly small steps, as counters have; one in four anything at all. */
export function oddNumbers(random: Random, count: number): Float64Array {
  const values = new Float64Array(count);
  const words = new Uint32Array(values.buffer);
  let counter = Math.floor(random() * 1e6);
  for (let index = 0; index < count; index++) {
    const kind = random();
    counter += Math.floor(random() * 10);
    if (kind < 0.6) values[index] = counter;
    else if (kind < 0.75) values[index] = random() * 1000;
    else if (kind < 0.9) {
      const [high, low] = ODD_BITS[Math.floor(random() * ODD_BITS.length)]!;
      words[2 * index] = low;
      words[2 * index + 1] = high;
    } else {
      words[2 * index] = Math.floor(random() * 2 ** 32);
      words[2 * index + 1] = Math.floor(random() * 2 ** 32);
    }
  }
  return values;
}

export function bitsOf(values: Float64Array): string[] {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  return Array.from(values, (_, index) => `${words[2 * index + 1]!.toString(16)}.${words[2 * index]!.toString(16)}`);
}
