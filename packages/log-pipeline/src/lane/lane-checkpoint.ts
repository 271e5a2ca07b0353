import type { Clock } from '@vigie/core/clock';
import type { CheckpointEntry } from '../checkpoint/format.ts';
import type { CheckpointStore, FlushOutcome } from '../checkpoint/store.ts';
import type { Hold, Progress } from '../delivery/progress.ts';
import { type ContainerLog, type Generation, isSealed } from '../tail/generation.ts';
import type { LogCursor } from './log-cursor.ts';

/** A generation, or what is known of one that was not found yet. */
export type CheckpointKey = Generation | CheckpointEntry;

export interface CheckpointReports {
  checkpoint(outcome: FlushOutcome): void;
}

export interface LaneCheckpointDeps {
  readonly store: CheckpointStore<CheckpointKey>;
  readonly clock: Clock;
  readonly reports: CheckpointReports;
}

/** Lets a lane's checkpoint follow what is acknowledged: progress that moved is noted, and from time to time put in the
 *  file. */
export class LaneCheckpoint {
  readonly #intervalMs: number;
  readonly #cursors: ReadonlyMap<ContainerLog, LogCursor>;
  readonly #deps: LaneCheckpointDeps;
  /** Progress that the file does not show yet. */
  readonly #moved = new Set<Progress>();
  /** The last write has failed: the file lacks what had moved then. */
  #isBehind = false;
  #each: (() => boolean) | undefined;
  /** Only while there is something to do: a lane at rest wakes nobody up. */
  #timer: { cancel(): void } | undefined;
  #closed = false;

  /** @param cursors of the lane, as they come and go */
  constructor(intervalMs: number, cursors: ReadonlyMap<ContainerLog, LogCursor>, deps: LaneCheckpointDeps) {
    this.#intervalMs = intervalMs;
    this.#cursors = cursors;
    this.#deps = deps;
  }

  /** @param each called every time, for what else is done now and then; says whether there is more of that to come */
  start(each: () => boolean): void {
    this.#each = each;
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#each === undefined || this.#closed) return;
    this.#timer ??= this.#deps.clock.setTimer(this.#intervalMs, () => {
      this.#timer = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const isMore = this.#each?.() === true;
    const isMoving = this.#moved.size > 0 || this.#isBehind;
    if (isMoving) await this.flush();
    else this.#deps.store.letGo();
    if (isMore || isMoving) this.#lookLater();
  }

  /** From now on it is written only by `flush`. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  moved(progress: Progress): void {
    this.#moved.add(progress);
    this.#lookLater();
  }

  /** Gives up one use of a hold, and notes whom that lets move. */
  release(hold: Hold): void {
    for (const progress of hold.progress.release(hold)) this.moved(progress);
  }

  /** What an earlier process wrote of a generation that was not found yet, for the next one. */
  keep(entry: CheckpointEntry): void {
    this.#deps.store.put(entry, entry);
  }

  /** It was found, or is counted as gone. */
  drop(entry: CheckpointEntry): void {
    this.#deps.store.delete(entry);
  }

  /** The log is gone for good. */
  remove({ all }: LogCursor): void {
    for (const progress of all) {
      this.#deps.store.delete(progress.generation);
      this.#moved.delete(progress);
    }
  }

  async flush(): Promise<FlushOutcome> {
    this.#put();
    const outcome = await this.#deps.store.flush();
    this.#isBehind = outcome.status === 'failed';
    this.#deps.reports.checkpoint(outcome);
    return outcome;
  }

  #put(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const progress of this.#moved) {
      const { generation } = progress;
      const cursor = this.#cursors.get(generation.log);
      const known = generation.log.generations.includes(generation);
      if (cursor !== undefined && known && !(progress.settled && progress.abandoned)) {
        this.#deps.store.put(generation, entryOf(progress, nowMs));
        continue;
      }
      if (!progress.settled) continue;
      this.#deps.store.delete(generation);
      if (!known) cursor?.forget(generation);
    }
    this.#moved.clear();
  }
}

function entryOf({ generation, ackedOffset }: Progress, monotonicMs: number): CheckpointEntry {
  const [dev = '0', ino = '0'] = (generation.inode ?? '0:0').split(':');
  return {
    log: generation.log.key,
    path: generation.path ?? generation.log.key,
    dev,
    ino,
    head: generation.head === undefined ? undefined : { length: generation.head.length, hash: generation.head.hash },
    offset: ackedOffset,
    size: generation.sizeBytes,
    done: ackedOffset >= generation.sizeBytes && isSealed(generation, monotonicMs),
  };
}
