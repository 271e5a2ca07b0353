/** Unix time as OTLP has it. */
import type { UnixTime } from '../kernel/unix-time.ts';

const SECOND = 1_000_000_000n;
/** Below it, seconds times 5^9 are exact in a double: the year 2116. */
const EXACT_SECONDS = 4_611_686_018;

/** Writes nanoseconds since 1970 as a fixed64, without a bigint.
 *  @returns one past the last byte */
export function putUnixNanos(bytes: Buffer, at: number, { seconds, nanos }: UnixTime): number {
  if (seconds >= EXACT_SECONDS) {
    return bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(seconds) * SECOND + BigInt(nanos)), at);
  }
  // 10^9 is 5^9 times 2^9: the upper bits of the first factor become the upper word.
  const product = seconds * 1_953_125;
  const upper = Math.floor(product / 2 ** 23);
  const lower = (product - upper * 2 ** 23) * 512 + nanos;
  const carry = lower >= 2 ** 32 ? 1 : 0;
  bytes.writeUInt32LE(lower - carry * 2 ** 32, at);
  return bytes.writeUInt32LE(upper + carry, at + 4);
}
