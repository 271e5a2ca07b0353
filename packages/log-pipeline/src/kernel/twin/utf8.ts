/** UTF-8 as the WHATWG decoder reads it. */

/** Looks at the bytes from `at` on, which must be below `end`.
 *  @returns n > 0: a well-formed sequence of n bytes stands there; -n: n ill-formed bytes (the maximal subpart) that
 *  decode to one U+FFFD. Source: Encoding Standard, "utf-8 decoder" (its lower and upper boundaries). */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  let needed: number;
  let lower = 0x80;
  let upper = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    needed = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    needed = 2;
    if (lead === 0xe0) lower = 0xa0;
    if (lead === 0xed) upper = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    needed = 3;
    if (lead === 0xf0) lower = 0x90;
    if (lead === 0xf4) upper = 0x8f;
  } else {
    return -1;
  }
  for (let seen = 1; seen <= needed; seen++) {
    const byte = at + seen < end ? bytes[at + seen]! : 0;
    if (byte < lower || byte > upper) return -seen;
    lower = 0x80;
    upper = 0xbf;
  }
  return needed + 1;
}
