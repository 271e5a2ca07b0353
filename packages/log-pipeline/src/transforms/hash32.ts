/** Hashes for decisions that must come out the same whenever a record is read again. Not for adversaries. */

/** FNV-1a over UTF-16 units, its bits spread; unsigned. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return spread(hash);
}

/** @param number a whole one below 2^53 */
export function hashNumber(number: number, seed: number): number {
  return spread(Math.imul(spread((number % 0x1_0000_0000) ^ seed), 0x9e3779b1) ^ Math.floor(number / 0x1_0000_0000));
}

/** The last step of MurmurHash3: each bit of the input reaches each bit of the result. */
function spread(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
