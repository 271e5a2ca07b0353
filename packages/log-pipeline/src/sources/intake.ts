import type { Clock } from '@vigie/core/clock';
import type { PushedGroup } from '../lane/push-lane.ts';

/** One that records are pushed to; see `PushLane.push`. */
export interface Outlet {
  push(groups: readonly PushedGroup[]): Promise<boolean>;
}

export interface IntakeOptions {
  /** Bytes of requests that may wait for their sinks at once. */
  readonly maxPendingBytes: number;
  /** How long a sender waits for the sinks. */
  readonly timeoutMs: number;
}

/** `full`: come again, nothing of it was taken. `late`: the sinks have not answered in time; they may yet get it, so that
 *  whoever sends it again sends it twice. `ended`: the agent ends. */
export type IntakeOutcome = 'delivered' | 'full' | 'late' | 'ended';

/** Where the records of a source without files come in: as many as the sinks keep up with, and no more. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #clock: Clock;
  #outlets: readonly Outlet[] = [];
  #pendingBytes = 0;

  constructor(options: IntakeOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** From now on records go there. */
  connect(outlets: readonly Outlet[]): void {
    this.#outlets = outlets;
  }

  /** Resolves when every sink, or its buffer on the disk, has all the records.
   *  @param bytes what the groups take in memory, about; one alone may be larger than the limit */
  async take(groups: readonly PushedGroup[], bytes: number): Promise<IntakeOutcome> {
    const { maxPendingBytes, timeoutMs } = this.#options;
    if (this.#outlets.length === 0) return 'ended';
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > maxPendingBytes) return 'full';
    this.#pendingBytes += bytes;
    const delivered = Promise.all(this.#outlets.map((outlet) => outlet.push(groups))).then((answers) => {
      // Also where nobody waits any more: the memory is the records' until here.
      this.#pendingBytes -= bytes;
      return answers.every((answer) => answer) ? 'delivered' : 'ended';
    });
    const late = new AbortController();
    const timeout = this.#clock.sleep(timeoutMs, late.signal).then(
      () => 'late' as const,
      () => 'ended' as const,
    );
    try {
      return await Promise.race([delivered, timeout]);
    } finally {
      late.abort();
    }
  }
}
