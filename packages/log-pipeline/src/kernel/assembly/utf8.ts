/** UTF-8 validation. Source of the block form: Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per
 *  Byte" (2020), section 6; here each block begins at a character's first byte, so nothing is carried between blocks. */

const TOO_SHORT: u8 = 1; // lead byte followed by a lead or ASCII byte
const TOO_LONG: u8 = 2; // ASCII followed by a continuation
const OVERLONG_3: u8 = 4;
const TOO_LARGE: u8 = 8;
const SURROGATE: u8 = 16;
const OVERLONG_2: u8 = 32;
const TOO_LARGE_1000: u8 = 64;
const OVERLONG_4: u8 = 64;
const TWO_CONTS: u8 = 128; // two continuations, right only inside a longer sequence
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTS;

/** Whether the block, which starts at a character's first byte, holds ill-formed UTF-8. A sequence cut by the block's
 *  end is not ill-formed yet. */
// @ts-ignore: decorator
@inline
export function isInvalid(block: v128): bool {
  const zero = i8x16.splat(0);
  const before1 = i8x16.shuffle(zero, block, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  const before2 = i8x16.shuffle(zero, block, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  const before3 = i8x16.shuffle(zero, block, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const firstHigh = i8x16.swizzle(
    i8x16(
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      TOO_LONG,
      <i8>TWO_CONTS,
      <i8>TWO_CONTS,
      <i8>TWO_CONTS,
      <i8>TWO_CONTS,
      TOO_SHORT | OVERLONG_2,
      TOO_SHORT,
      TOO_SHORT | OVERLONG_3 | SURROGATE,
      TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
    ),
    i8x16.shr_u(before1, 4),
  );
  const firstLow = i8x16.swizzle(
    i8x16(
      <i8>(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4),
      <i8>(CARRY | OVERLONG_2),
      <i8>CARRY,
      <i8>CARRY,
      <i8>(CARRY | TOO_LARGE),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
      <i8>(CARRY | TOO_LARGE | TOO_LARGE_1000),
    ),
    v128.and(before1, i8x16.splat(15)),
  );
  const secondHigh = i8x16.swizzle(
    i8x16(
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      <i8>(TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4),
      <i8>(TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE),
      <i8>(TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE),
      <i8>(TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE),
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
      TOO_SHORT,
    ),
    i8x16.shr_u(block, 4),
  );
  const special = v128.and(v128.and(firstHigh, firstLow), secondHigh);
  // Bytes two behind a three-byte lead or three behind a four-byte lead have the top bit set here.
  const third = i8x16.sub_sat_u(before2, i8x16.splat(0x60));
  const fourth = i8x16.sub_sat_u(before3, i8x16.splat(0x70));
  const mustContinue = v128.and(v128.or(third, fourth), i8x16.splat(<i8>0x80));
  return v128.any_true(v128.xor(mustContinue, special));
}

/** Bytes of a valid block before the sequence that its end cuts: 13 to 16. */
// @ts-ignore: decorator
@inline
export function completeBytes(block: v128): usize {
  const longest = i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, <i8>0xef, <i8>0xdf, <i8>0xbf);
  return <usize>ctz<i32>(i8x16.bitmask(i8x16.gt_u(block, longest)) | 0x10000);
}

/** One sequence; same answer as the twin's `sequenceLength`. */
export function scalarSequence(at: usize, end: usize): i32 {
  const lead = load<u8>(at);
  let needed: i32;
  let lower: u8 = 0x80;
  let upper: u8 = 0xbf;
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return -1;
  if (lead < 0xe0) {
    needed = 1;
  } else if (lead < 0xf0) {
    needed = 2;
    if (lead == 0xe0) lower = 0xa0;
    else if (lead == 0xed) upper = 0x9f;
  } else if (lead < 0xf5) {
    needed = 3;
    if (lead == 0xf0) lower = 0x90;
    else if (lead == 0xf4) upper = 0x8f;
  } else {
    return -1;
  }
  for (let seen = 1; seen <= needed; seen++) {
    if (at + seen >= end) return -seen;
    const byte = load<u8>(at + seen);
    if (byte < lower || byte > upper) return -seen;
    lower = 0x80;
    upper = 0xbf;
  }
  return needed + 1;
}
