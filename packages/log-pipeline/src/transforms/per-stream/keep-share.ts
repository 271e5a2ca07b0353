import type { Batch } from '../../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_STDERR } from '../../kernel/layout.ts';
import type { Transform, TransformContext } from '../transform.ts';

/** The share of each stream's records that is kept, from 0 to 1. */
export interface KeptShares {
  readonly stdout: number;
  readonly stderr: number;
}

/** Keeps a share of a container's records. Which ones follows from where they stand in their file, so that a record sent
 *  again is kept again, and every sink gets the same. */
export class KeepShare implements Transform {
  readonly type = 'keep_share';
  readonly #stdoutBelow: number;
  readonly #stderrBelow: number;
  readonly #seed: number;
  readonly #reason: string;

  /** @param seed another one for each container, or the same offsets would be kept of all
   *  @param reason under which the others are counted */
  constructor(shares: KeptShares, seed: number, reason: string) {
    this.#stdoutBelow = shares.stdout * 2 ** 32;
    this.#stderrBelow = shares.stderr * 2 ** 32;
    this.#seed = seed;
    this.#reason = reason;
  }

  apply({ table, rowCount }: Batch, context: TransformContext): void {
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const below = (flags & FLAG_STDERR) === 0 ? this.#stdoutBelow : this.#stderrBelow;
      if (mixed(table.offset(row), this.#seed) < below) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records++;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped(this.#reason, records, rawBytes);
  }
}

/** 32 bits that look random of an offset below 2^53. Source: the finaliser of MurmurHash3 (A. Appleby, public domain). */
function mixed(offset: number, seed: number): number {
  let hash = (offset ^ Math.imul(Math.floor(offset / 2 ** 32), 0x9e3779b1) ^ seed) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
