/** What alerts are known by. Source: Prometheus, common/model/signature.go. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { compareBytes } from '../matchers/byte-order.ts';

/** FNV-1a of 64 bits, in halves: a product with the prime 2^40 + 0x1b3 stays below 2^53 in each. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;
const SEPARATOR = 0xff;

/** 16 hexadecimal digits, the same as Alertmanager's for the same labels.
 *  Cost: O(bytes of the labels). */
export function fingerprintOf(labels: LabelSet): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  const add = (byte: number): void => {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    high = (high * PRIME_LOW + low * 256 + Math.floor(product / 2 ** 32)) % 2 ** 32;
    low = product % 2 ** 32;
  };
  for (const [name, value] of [...labels.entries()].sort(([a], [b]) => compareBytes(a, b))) {
    for (const byte of Buffer.from(name)) add(byte);
    add(SEPARATOR);
    for (const byte of Buffer.from(value)) add(byte);
    add(SEPARATOR);
  }
  return `${hex(high)}${hex(low)}`;
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
