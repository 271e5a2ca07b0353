/** Kernels for tests: the compiled one and its twin. */
import { fileURLToPath } from 'node:url';
import { createKernel, type Kernel, type KernelSizes } from '../../src/kernel/kernel.ts';
import { loadKernel } from '../../src/kernel/load.ts';

/** Written by `npm run build`. */
export const KERNEL_PATH = fileURLToPath(new URL('../../dist/kernel.wasm', import.meta.url));

export const SIZES: KernelSizes = {
  inputBytes: 65_536,
  maxRows: 1024,
  arenaBytes: 16_384,
  slots: 2,
  slotBytes: 524_288,
};

const wasm = loadKernel(KERNEL_PATH);

export function twinKernel(sizes: KernelSizes = SIZES): Kernel {
  return createKernel(sizes);
}

export function simdKernel(sizes: KernelSizes = SIZES): Kernel {
  return createKernel({ ...sizes, wasm });
}

/** The two implementations, for `describe.each`. */
export const KERNELS: readonly (readonly [kind: string, create: (sizes?: KernelSizes) => Kernel])[] = [
  ['simd', simdKernel],
  ['typescript', twinKernel],
];

/** Writes bytes where a read would put them, so that they end at `endGap` bytes before the region's end or, without it,
 *  begin at its start. @returns their position */
export function putInput(kernel: Kernel, bytes: Uint8Array, endGap?: number): number {
  const { start, end } = kernel.regions.input;
  const at = endGap === undefined ? start : end - endGap - bytes.length;
  kernel.memory.set(bytes, at);
  return at;
}

export const READ_TIME = '2026-11-21T10:00:00.000000001Z';

/** @returns position and length of the read time */
export function putReadTime(kernel: Kernel): readonly [start: number, length: number] {
  const { start } = kernel.regions.readTime;
  return [start, kernel.memory.write(READ_TIME, start, 'latin1')];
}

/** One row, read out: text as latin1 so that every byte shows. */
export interface RowSnapshot {
  readonly line: string;
  readonly time: string;
  readonly message: string;
  readonly flags: number;
  readonly rawBytes: number;
  readonly offset: number;
  readonly extra: string;
}

export function snapshotRow(kernel: Kernel, row: number): RowSnapshot {
  const { table, memory } = kernel;
  const text = (start: number, length: number) => memory.toString('latin1', start, start + length);
  return {
    line: memory.toString('latin1', table.lineStart(row), table.lineEnd(row)),
    time: text(table.timeStart(row), table.timeLength(row)),
    message: text(table.messageStart(row), table.messageLength(row)),
    flags: table.flags(row),
    rawBytes: table.rawBytes(row),
    offset: table.offset(row),
    extra: text(table.extraStart(row), table.extraLength(row)),
  };
}
