/** Shards that this replica gives to others. Where those who have less do not take one, whoever is there does, so that it is somebody's; and as long
 *  as that goes on, shards are given less and less often, for each time nobody owns one for a while. */
import type { Clock } from '@vigie/core/clock';

/** Two renewals: by then another has heard of it, and asked for it. */
const GIVEN_MS = 4000;
/** After a hand-over that was in vain. */
const SHORTEST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 20_000;

interface Given {
  readonly atMs: number;
  /** What the replica with the least had then. */
  readonly fewest: number;
}

export class HandOvers {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By shard. */
  readonly #given = new Map<number, Given>();
  #inVain = 0;
  #mayGiveFromMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Those that are for others still. */
  given(): ReadonlySet<number> {
    const nowMs = this.#clock.monotonicMs();
    return new Set([...this.#given].flatMap(([shard, { atMs }]) => (nowMs - atMs < GIVEN_MS ? [shard] : [])));
  }

  mayGive(): boolean {
    return this.#clock.monotonicMs() >= this.#mayGiveFromMs;
  }

  /** @param fewest shards that one of the others has */
  gave(shard: number, fewest: number): void {
    this.#given.set(shard, { atMs: this.#clock.monotonicMs(), fewest });
  }

  /** Another replica owns it.
   *  @param theirs how many that one has now */
  taken(shard: number, theirs: number): void {
    const given = this.#given.get(shard);
    if (given === undefined) return;
    this.#given.delete(shard);
    // With it, and one more that came at the same time.
    if (theirs <= given.fewest + 2) this.#inVain = 0;
    else this.#pause();
  }

  /** This replica owns it, although others live.
   *  @param isSpare whether it had enough without it */
  kept(shard: number, isSpare: boolean): void {
    if (this.#given.delete(shard) || isSpare) this.#pause();
  }

  #pause(): void {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#inVain);
    this.#inVain += 1;
    this.#mayGiveFromMs = this.#clock.monotonicMs() + pauseMs;
  }
}
