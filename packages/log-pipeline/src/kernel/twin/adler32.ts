/** Adler-32 (RFC 1950, section 8.2) of bytes in pieces. */

/** The largest prime below 65536. */
const MODULUS = 65_521;

/** a: the sum of the bytes, b: the sum of the sums after each byte; both modulo 65521. The checksum is b << 16 | a, and
 *  that of no bytes has a = 1. */
export interface AdlerSums {
  readonly a: number;
  readonly b: number;
}

/** The sums of the bytes from..to, counted from a = b = 0. */
export function sumBytes(bytes: Uint8Array, from: number, to: number): AdlerSums {
  let a = 0;
  let b = 0;
  for (let at = from; at < to; at++) {
    a = (a + bytes[at]!) % MODULUS;
    b = (b + a) % MODULUS;
  }
  return { a, b };
}

/** The sums of what `before` is of, followed by `length` bytes whose sums from 0 are `added`. */
export function addAdler(before: AdlerSums, added: AdlerSums, length: number): AdlerSums {
  return {
    a: (before.a + added.a) % MODULUS,
    b: (before.b + (length % MODULUS) * before.a + added.b) % MODULUS,
  };
}
