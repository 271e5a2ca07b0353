/** xxHash64, seed 0. Source: xxHash specification 0.1.1, "XXH64 algorithm description". */

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

// @ts-ignore: decorator
@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

// @ts-ignore: decorator
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

// @ts-ignore: decorator
@inline
function mixByte(hash: u64, byte: u8): u64 {
  return rotl<u64>(hash ^ (<u64>byte * PRIME_5), 11) * PRIME_1;
}

export function hash64(start: usize, length: usize): u64 {
  const end = start + length;
  let at = start;
  let hash: u64;
  if (length >= 32) {
    let lane1: u64 = PRIME_1 + PRIME_2;
    let lane2: u64 = PRIME_2;
    let lane3: u64 = 0;
    let lane4: u64 = 0 - PRIME_1;
    const stripes = end - 32;
    while (at <= stripes) {
      lane1 = round(lane1, load<u64>(at));
      lane2 = round(lane2, load<u64>(at, 8));
      lane3 = round(lane3, load<u64>(at, 16));
      lane4 = round(lane4, load<u64>(at, 24));
      at += 32;
    }
    hash = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18);
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
  } else {
    hash = PRIME_5;
  }
  hash += <u64>length;
  while (at + 8 <= end) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
    at += 8;
  }
  // The last seven bytes by selects: their number is random, and a branch on it is mispredicted half the time. The
  // loads may reach beyond the end.
  const four = rotl<u64>(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
  const hasFour = at + 4 <= end;
  hash = select<u64>(four, hash, hasFour);
  at += <usize>hasFour << 2;
  const rest = end - at;
  hash = select<u64>(mixByte(hash, load<u8>(at)), hash, rest > 0);
  hash = select<u64>(mixByte(hash, load<u8>(at, 1)), hash, rest > 1);
  hash = select<u64>(mixByte(hash, load<u8>(at, 2)), hash, rest > 2);
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}
