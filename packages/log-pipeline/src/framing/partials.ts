import type { Hold } from '../delivery/progress.ts';

/** The beginning of a record whose end has not been read: CRI lines tagged P, or docker chunks without
 *  a newline. Belongs to a container's stream, not to a file: rotation may fall in between. */
export interface OpenPartial {
  /** Timestamp of the first fragment, as written. */
  readonly time: Uint8Array;
  /** Offset of the first fragment in the generation it began in. */
  readonly offset: number;
  /** Keeps the checkpoint before the first fragment until the whole record is acknowledged. */
  readonly hold: Hold;
  readonly openedAtMs: number;
  bytes: Uint8Array;
  length: number;
  /** Input bytes of the fragments kept so far. */
  rawBytes: number;
  truncated: boolean;
  /** Bytes were lost behind it: what comes next is not its continuation. */
  interrupted: boolean;
}

/** Bytes of all open partials of one lane, bounded: 10,000 containers must not hold 1 MiB each. */
export class PartialBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

/** What the two streams of one container have open. */
export class Partials {
  readonly #budget: PartialBudget;
  readonly #maxBytes: number;
  #stdout: OpenPartial | undefined;
  #stderr: OpenPartial | undefined;

  constructor(maxBytes: number, budget: PartialBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#stdout === undefined && this.#stderr === undefined;
  }

  get heldBytes(): number {
    return (this.#stdout?.rawBytes ?? 0) + (this.#stderr?.rawBytes ?? 0);
  }

  get(stderr: boolean): OpenPartial | undefined {
    return stderr ? this.#stderr : this.#stdout;
  }

  open(stderr: boolean, time: Uint8Array, offset: number, hold: Hold, nowMs: number): OpenPartial {
    const partial: OpenPartial = {
      time: Uint8Array.from(time),
      offset,
      hold,
      openedAtMs: nowMs,
      bytes: new Uint8Array(0),
      length: 0,
      rawBytes: 0,
      truncated: false,
      interrupted: false,
    };
    if (stderr) this.#stderr = partial;
    else this.#stdout = partial;
    return partial;
  }

  /** Adds a fragment as far as the limits allow.
   *  @returns message bytes cut off */
  append(partial: OpenPartial, message: Uint8Array): number {
    const room = Math.max(
      0,
      Math.min(this.#maxBytes - partial.length, this.#budget.limitBytes - this.#budget.usedBytes),
    );
    const kept = Math.min(room, message.length);
    if (partial.length + kept > partial.bytes.length) {
      const grown = new Uint8Array(Math.max(partial.length + kept, partial.bytes.length * 2));
      grown.set(partial.bytes.subarray(0, partial.length));
      partial.bytes = grown;
    }
    partial.bytes.set(message.subarray(0, kept), partial.length);
    partial.length += kept;
    this.#budget.usedBytes += kept;
    if (kept < message.length) partial.truncated = true;
    return message.length - kept;
  }

  close(stderr: boolean): void {
    const partial = this.get(stderr);
    if (partial === undefined) return;
    this.#budget.usedBytes -= partial.length;
    if (stderr) this.#stderr = undefined;
    else this.#stdout = undefined;
  }

  /** The stream whose partial will never be continued, if there is one. */
  get interrupted(): boolean | undefined {
    if (this.#stdout?.interrupted === true) return false;
    return this.#stderr?.interrupted === true ? true : undefined;
  }

  /** The stream whose partial was opened first, if it is older than `beforeMs`. */
  expired(beforeMs: number): boolean | undefined {
    const out = this.#stdout !== undefined && this.#stdout.openedAtMs <= beforeMs;
    const err = this.#stderr !== undefined && this.#stderr.openedAtMs <= beforeMs;
    if (!out && !err) return undefined;
    if (out && err) return (this.#stderr?.openedAtMs ?? 0) < (this.#stdout?.openedAtMs ?? 0);
    return err;
  }
}
