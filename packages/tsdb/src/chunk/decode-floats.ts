/** The floats of a chunk, however they are encoded. */
import type { BlockRef } from '../arena.ts';
import type { BitReader } from './bits.ts';
import { type Chunks, PACKED } from './chunks.ts';
import { decodePacked } from './packed.ts';
import { decodeXor, type SampleColumns } from './xor.ts';

/** Those that lie in [startMs, endMs].
 *  @param at where the first one is written to
 *  @returns where the next one would be */
export function decodeFloats(
  chunks: Chunks,
  reader: BitReader,
  chunk: BlockRef,
  startMs: number,
  endMs: number,
  into: SampleColumns,
  at: number,
): number {
  chunks.seek(reader, chunk);
  const decode = chunks.encodingOf(chunk) === PACKED ? decodePacked : decodeXor;
  return decode(reader, chunks.samplesOf(chunk), startMs, endMs, into, at);
}
