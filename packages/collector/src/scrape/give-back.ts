/** Frees what a body takes, as soon as nobody reads it any more. It lies outside of V8's heap, which is collected for it: a hundred KiB of
 *  every scrape bring about a collection of all that the collector keeps, every few seconds. Node 20 has no way to; there it waits.
 *  @param body not read any more, nor any view of it */
export function giveBack({ buffer: memory }: Buffer): void {
  // Small ones share theirs.
  if (!(memory instanceof ArrayBuffer) || memory.byteLength <= Buffer.poolSize) return;
  if (hasTransfer(memory)) memory.transfer(0);
}

/** ECMAScript 2024, which Node has from 22 on. */
function hasTransfer(memory: ArrayBuffer): memory is ArrayBuffer & { transfer(byteLength: number): ArrayBuffer } {
  return 'transfer' in memory;
}
