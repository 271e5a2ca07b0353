/** Copying short pieces. */

/** Copies 16 bytes at a time, so up to 15 bytes behind `to + length` are overwritten and up to 15 behind
 *  `from + length` are read.
 *  @returns `to + length` */
// @ts-ignore: decorator
@inline
export function copy(to: usize, from: usize, length: usize): usize {
  for (let done: usize = 0; done < length; done += 16) v128.store(to + done, v128.load(from + done));
  return to + length;
}
