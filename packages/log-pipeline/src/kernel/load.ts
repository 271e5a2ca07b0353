/** From the bytes of kernel.wasm to a compiled module: once per process, instantiated per lane. */
import { readFileSync } from 'node:fs';

/** The smallest module that uses SIMD: one function, `i32.const 0; i8x16.splat; i8x16.popcnt; drop`. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version 1
  ...[1, 4, 1, 0x60, 0, 0], // type section: () -> ()
  ...[3, 2, 1, 0], // function section: one, of type 0
  ...[10, 11, 1, 9, 0, 0x41, 0, 0xfd, 15, 0xfd, 98, 0x1a, 0x0b], // code section
);

/** @returns the module, or undefined where this runtime has no WebAssembly SIMD and the TypeScript twin has to do
 *  @throws {WebAssembly.CompileError} when the bytes are not a module: the installation is damaged */
export function compileKernel(bytes: Uint8Array): WebAssembly.Module | undefined {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROBE)) return undefined;
  return new WebAssembly.Module(bytes);
}

/** @param path of kernel.wasm: beside the bundle for the commands, `dist/` of this package for tests. The caller names
 *  it because a CommonJS bundle has no `import.meta.url` and source has no `__dirname`. */
export function loadKernel(path: string): WebAssembly.Module | undefined {
  return compileKernel(readFileSync(path));
}
