/** Whether digits stand so that a card number or an IPv4 address may be there, a block at a time. */
import { CARD_DIGITS, DIGITS_CARD, DIGITS_IPV4, IPV4_DOTS } from '../layout';

/** Contract: `Kernel.digitShapes`. Loads up to 16 bytes beyond the end, and one before the start. */
export function digitShapes(start: usize, length: usize): i32 {
  const end = start + length;
  const zeros = i8x16.splat(0x30);
  const tens = i8x16.splat(10);
  const spaces = i8x16.splat(0x20);
  const dashes = i8x16.splat(0x2d);
  const dots = i8x16.splat(0x2e);
  let shapes = 0;
  let dotted = 0;
  /** Digits so far in a run of digits, spaces and dashes. */
  let run = 0;
  /** Whether the byte in front of the block is a digit. */
  let before = 0;
  for (let at = start; at < end; at += 16) {
    const block = v128.load(at);
    const within = end - at < 16 ? (1 << <i32>(end - at)) - 1 : 0xffff;
    const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(block, zeros), tens)) & within;
    const points = i8x16.bitmask(i8x16.eq(block, dots)) & within;
    if (points != 0) {
      const after = at + 16 < end ? <i32>(<u8>(load<u8>(at, 16) - 0x30) < 10) : 0;
      dotted += popcnt<i32>(points & ((digits << 1) | before) & ((digits >> 1) | (after << 15)));
      if (dotted >= IPV4_DOTS) shapes |= DIGITS_IPV4;
    }
    before = digits >> 15;
    const parted = i8x16.bitmask(v128.or(i8x16.eq(block, spaces), i8x16.eq(block, dashes))) & within;
    const others = ~(digits | parted) & 0xffff;
    if (others == 0) {
      run += popcnt<i32>(digits);
      if (run >= CARD_DIGITS) shapes |= DIGITS_CARD;
      continue;
    }
    // The run that goes on from before, those within the block (of which only one can be long enough), the one at its end.
    const first = (1 << ctz<i32>(others)) - 1;
    if (run + popcnt<i32>(digits & first) >= CARD_DIGITS || popcnt<i32>(digits) >= CARD_DIGITS) shapes |= DIGITS_CARD;
    const last = 31 - clz<i32>(others);
    run = popcnt<i32>(digits >> (last + 1));
  }
  return shapes;
}
