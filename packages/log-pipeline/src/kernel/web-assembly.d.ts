/** The part of the WebAssembly interface that the kernel uses: the compiler's `es` libraries leave it to `dom`, and
 *  nothing else of `dom` exists here. */
// biome-ignore lint/style/noNamespace: ambient types of a global can be written no other way
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  function validate(bytes: Uint8Array): boolean;
}
