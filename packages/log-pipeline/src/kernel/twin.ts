/** The kernel in plain TypeScript: the oracle of the property tests, and what runs where WebAssembly SIMD is missing.
 *  Written to be obviously right, a byte at a time. */
import type { KernelFunctions } from './kernel.ts';
import { beginDeflate, encodeDeflate, endDeflate } from './twin/deflate.ts';
import { digitShapes } from './twin/digit-shapes.ts';
import { encodeJsonLines } from './twin/encode.ts';
import { extract, writeGroups } from './twin/extract.ts';
import { frameCri, frameLines } from './twin/frame.ts';
import { hash64 } from './twin/hash64.ts';
import { scanObject } from './twin/scan.ts';
import { findSeverities } from './twin/severity.ts';

/** The twin's view of its memory. */
export interface TwinMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly tableStart: number;
}

/** The twin's answer over another kernel's memory, for documents that one cannot judge. */
export function scanByTwin(buffer: ArrayBuffer, start: number, length: number): number {
  return scanObject({ bytes: new Uint8Array(buffer), view: new DataView(buffer), tableStart: 0 }, start, length);
}

/** Reserves memory and binds the functions to it. Cost: pages are zero until touched. */
export function createTwin(
  totalBytes: number,
  tableStart: number,
): { readonly buffer: ArrayBuffer; readonly functions: KernelFunctions } {
  const buffer = new ArrayBuffer(totalBytes);
  const memory: TwinMemory = { bytes: new Uint8Array(buffer), view: new DataView(buffer), tableStart };
  return {
    buffer,
    functions: {
      frameCri: (...args) => frameCri(memory, ...args),
      frameLines: (...args) => frameLines(memory, ...args),
      encodeJsonLines: (...args) => encodeJsonLines(memory, ...args),
      beginDeflate: (out) => beginDeflate(memory, out),
      encodeDeflate: (...args) => encodeDeflate(memory, ...args),
      endDeflate: (out) => endDeflate(memory, out),
      hash64: (start, length) => hash64(memory.bytes, start, length),
      scanObject: (start, length) => scanObject(memory, start, length),
      findSeverities: (first, end, fallback) => findSeverities(memory, first, end, fallback),
      extract: (...args) => extract(memory, ...args),
      writeGroups: (...args) => writeGroups(memory, ...args),
      digitShapes: (start, length) => digitShapes(memory, start, length),
    },
  };
}
