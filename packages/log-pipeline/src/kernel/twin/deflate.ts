/** Rows of the table into JSON lines within a zlib stream that is compressed by construction: `beforeOffset`, which every
 *  record of a container repeats, is a reference to where it stood last, and all the rest is stored as it is. Nothing is
 *  searched for.
 *
 *  A stream is 78 01, then runs of literal bytes with references between them, then an empty last block and the Adler-32.
 *  A run is one stored block, or several when it is too long for one; a reference is one block with fixed Huffman codes,
 *  which ends where the header of the next run's stored block ends. Runs do not reach from one call into the next.
 *  Source: RFC 1950 (zlib), RFC 1951 (deflate). */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';
import { addAdler, sumBytes } from './adler32.ts';
import { constantBound, copyPart, jsonBound, writeFromOffset, writeUpToConstant } from './encode.ts';
import { writeReference } from './reference.ts';

/** Contract: `Kernel.beginDeflate`. */
export function beginDeflate({ bytes, view }: TwinMemory, out: number): void {
  bytes.set([0x78, 0x01], out);
  const start = view.getFloat64(layout.DEFLATE_POSITION, true) + layout.DEFLATE_WINDOW_BYTES + 1;
  view.setFloat64(layout.DEFLATE_POSITION, start, true);
  view.setFloat64(layout.DEFLATE_STREAM_START, start, true);
  view.setUint32(layout.DEFLATE_ADLER_A, 1, true);
  view.setUint32(layout.DEFLATE_ADLER_B, 0, true);
}

/** Contract: `Kernel.encodeDeflate`. */
export function encodeDeflate(
  memory: TwinMemory,
  first: number,
  end: number,
  shape: number,
  outStart: number,
  softEnd: number,
  hardEnd: number,
): number {
  const { view } = memory;
  const shapeBound = constantBound(memory, shape);
  const constantLength = view.getUint32(shape + layout.SHAPE_BEFORE_OFFSET + 4, true);
  let out = outStart;
  let run = 0;
  let row = first;
  let records = 0;
  for (; row < end; row++) {
    const bound = jsonBound(memory, row, shapeBound);
    if (bound === undefined) continue;
    const headers = layout.STORED_HEADER_BYTES * Math.floor(bound / layout.STORED_BLOCK_BYTES);
    if (out >= softEnd || bound + headers + layout.DEFLATE_RECORD_BYTES > hardEnd - out) break;
    const isRunLong = records > 0 && out - run >= layout.LITERAL_RUN_BYTES;
    if (isRunLong) out = closeRun(memory, run, out);
    if (isRunLong || records === 0) run = out = openRun(memory, out);
    out = writeUpToConstant(memory, out, row, shape);
    const position = view.getFloat64(layout.DEFLATE_POSITION, true) + (out - run);
    const distance = position - view.getFloat64(shape + layout.SHAPE_LAST_POSITION, true);
    if (constantLength >= layout.MIN_REFERENCE_BYTES && distance <= layout.DEFLATE_WINDOW_BYTES) {
      out = closeRun(memory, run, out);
      run = out = writeReference(memory, out, constantLength, distance);
      addToStream(
        memory,
        constantLength,
        view.getUint32(shape + layout.SHAPE_SUM_A, true),
        view.getUint32(shape + layout.SHAPE_SUM_B, true),
      );
    } else {
      const constant = out;
      out = copyPart(memory, out, shape + layout.SHAPE_BEFORE_OFFSET);
      const { a, b } = sumBytes(memory.bytes, constant, out);
      view.setUint32(shape + layout.SHAPE_SUM_A, a, true);
      view.setUint32(shape + layout.SHAPE_SUM_B, b, true);
    }
    view.setFloat64(shape + layout.SHAPE_LAST_POSITION, position, true);
    out = writeFromOffset(memory, out, row, shape);
    records += 1;
  }
  if (records > 0) out = closeRun(memory, run, out);
  view.setUint32(layout.RESULT_RECORDS, records, true);
  view.setUint32(layout.RESULT_WRITTEN_BYTES, out - outStart, true);
  return row;
}

/** Contract: `Kernel.endDeflate`. */
export function endDeflate({ bytes, view }: TwinMemory, out: number): number {
  bytes[out] = 1; // the last block
  writeStoredLength(view, out + 1, 0);
  view.setUint16(out + layout.STORED_HEADER_BYTES, view.getUint32(layout.DEFLATE_ADLER_B, true));
  view.setUint16(out + layout.STORED_HEADER_BYTES + 2, view.getUint32(layout.DEFLATE_ADLER_A, true));
  return layout.DEFLATE_END_BYTES;
}

/** @returns where the run's bytes begin; its header is written when it is closed */
function openRun({ bytes }: TwinMemory, out: number): number {
  bytes[out] = 0;
  return out + layout.STORED_HEADER_BYTES;
}

/** Writes the headers of the run's stored blocks, moving apart those behind the first.
 *  @returns the end of the last block */
function closeRun(memory: TwinMemory, run: number, end: number): number {
  const { bytes, view } = memory;
  const { a, b } = sumBytes(bytes, run, end);
  addToStream(memory, end - run, a, b);
  const size = layout.STORED_BLOCK_BYTES;
  const last = Math.max(0, Math.ceil((end - run) / size) - 1);
  for (let block = last; block > 0; block--) {
    const from = run + block * size;
    const to = from + block * layout.STORED_HEADER_BYTES;
    const length = Math.min(size, end - from);
    bytes.copyWithin(to, from, from + length);
    bytes[to - layout.STORED_HEADER_BYTES] = 0;
    writeStoredLength(view, to - 4, length);
  }
  writeStoredLength(view, run - 4, Math.min(size, end - run));
  return end + last * layout.STORED_HEADER_BYTES;
}

/** The four bytes that stand directly before a stored block's own. */
function writeStoredLength(view: DataView, at: number, length: number): void {
  view.setUint16(at, length, true);
  view.setUint16(at + 2, length ^ 0xffff, true);
}

/** Counts bytes of which these are the sums into the stream's position and Adler-32. */
function addToStream({ view }: TwinMemory, length: number, a: number, b: number): void {
  const before = { a: view.getUint32(layout.DEFLATE_ADLER_A, true), b: view.getUint32(layout.DEFLATE_ADLER_B, true) };
  const after = addAdler(before, { a, b }, length);
  view.setUint32(layout.DEFLATE_ADLER_A, after.a, true);
  view.setUint32(layout.DEFLATE_ADLER_B, after.b, true);
  view.setFloat64(layout.DEFLATE_POSITION, view.getFloat64(layout.DEFLATE_POSITION, true) + length, true);
}
