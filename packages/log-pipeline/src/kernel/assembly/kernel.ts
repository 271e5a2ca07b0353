/** The kernel's WebAssembly half: what ../kernel.ts calls. */
import { setUpEscapes } from './escape';
import { setTable } from './state';

export { beginDeflate, encodeDeflate, endDeflate } from './deflate';
export { encodeJsonLines } from './encode';
export { digitShapes } from './digit-shapes';
export { extract, writeGroups } from './extract';
export { frameCri, frameLines } from './frame';
export { hash64 } from './hash64';
export { scanObject } from './scan';
export { findSeverities } from './severity';

/** Once per instance, before any other call. */
export function setUp(tableStart: usize): void {
  setTable(tableStart);
  setUpEscapes();
}
