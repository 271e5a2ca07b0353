/** Binds the compiled AssemblyScript kernel to a memory of its own. */
import { bug } from '@vigie/core/errors';
import type { KernelFunctions } from './kernel.ts';

const PAGE_BYTES = 65_536;

/** @throws {RangeError} when the memory cannot be reserved */
export function instantiateSimd(
  module: WebAssembly.Module,
  totalBytes: number,
  tableStart: number,
): { readonly buffer: ArrayBuffer; readonly functions: KernelFunctions } {
  const pages = totalBytes / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernel(exports)) throw bug('kernel.wasm lacks an export; build it again');
  exports.setUp(tableStart);
  return { buffer: memory.buffer, functions: exports };
}

/** `setUp` writes the kernel's lookup tables and tells it where the row table lies. */
type KernelExports = KernelFunctions & {
  setUp(tableStart: number): void;
};

function isKernel(exports: object): exports is KernelExports {
  const names: readonly (keyof KernelExports)[] = [
    'setUp',
    'frameCri',
    'frameLines',
    'encodeJsonLines',
    'beginDeflate',
    'encodeDeflate',
    'endDeflate',
    'hash64',
    'scanObject',
    'findSeverities',
    'extract',
    'writeGroups',
    'digitShapes',
  ];
  return names.every((name) => typeof Reflect.get(exports, name) === 'function');
}
