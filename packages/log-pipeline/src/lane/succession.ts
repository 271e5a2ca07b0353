import type { Clock } from '@vigie/core/clock';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { Progress } from '../delivery/progress.ts';
import { type ContainerLog, type Generation, type GoneReason, isSealed } from '../tail/generation.ts';
import type { LogCursor } from './log-cursor.ts';
import type { Gap } from './resume.ts';

export type NextGeneration =
  | {
      readonly status: 'generation';
      readonly progress: Progress;
      /** Nothing will be added behind its last byte. */
      readonly endsHere: boolean;
    }
  /** Not before then, whatever is heard of the log meanwhile. */
  | { readonly status: 'wait'; readonly untilMs: number }
  /** Not before something is heard of the log. */
  | { readonly status: 'nothing' };

/** What a lane knows of its logs from before. */
export interface SuccessionOrigin {
  begin(cursor: LogCursor, generation: Generation): Progress;
  gapBetween(log: ContainerLog, before: Generation, after: Generation): Gap;
}

/** A writer that was told to reopen still ends the line it is at: containerd within a few ms. */
const SETTLE_MS = 100;

/** The order in which the generations of a log are read: oldest first, each once nothing is added to the one before it.
 *  What is gone unread is counted here, and tells records that are open that their rest will not come. */
export class Succession {
  readonly #clock: Clock;
  readonly #once: boolean;
  readonly #ledger: LaneLedger;
  readonly #origin: SuccessionOrigin;

  /** @param once nothing is added to any file any more */
  constructor(clock: Clock, once: boolean, ledger: LaneLedger, origin: SuccessionOrigin) {
    this.#clock = clock;
    this.#once = once;
    this.#ledger = ledger;
    this.#origin = origin;
  }

  next(cursor: LogCursor): NextGeneration {
    const nowMs = this.#clock.monotonicMs();
    let waitMs: number | undefined;
    for (const generation of cursor.log.generations) {
      const progress = cursor.find(generation) ?? this.#origin.begin(cursor, generation);
      if (progress.abandoned) continue;
      if (generation.gone !== undefined) {
        this.#abandon(cursor, progress, generation.gone);
        continue;
      }
      const endsHere = this.#once || isSealed(generation, nowMs);
      if (progress.readOffset < generation.sizeBytes) {
        const stuck = progress.stuckAtBytes === generation.sizeBytes;
        if (!stuck || endsHere) return { status: 'generation', progress, endsHere };
        if (generation.live) continue;
        // What completes the line comes before what is in the next file.
        if (nowMs - generation.grownAtMs < SETTLE_MS) {
          return { status: 'wait', untilMs: generation.grownAtMs + SETTLE_MS };
        }
        waitMs = Math.min(waitMs ?? Infinity, nowMs + SETTLE_MS * 10);
        continue;
      }
      if (generation.cutFromBytes !== undefined) this.#countCut(cursor, progress, generation.cutFromBytes);
      if (!generation.live && !this.#once && nowMs - generation.grownAtMs < SETTLE_MS) {
        return { status: 'wait', untilMs: generation.grownAtMs + SETTLE_MS };
      }
    }
    return waitMs === undefined ? { status: 'nothing' } : { status: 'wait', untilMs: waitMs };
  }

  /** What is open goes on in the next generation, but not in the one after a generation that vanished.
   *  @returns false while nobody can tell */
  heedGap(cursor: LogCursor, next: Generation): boolean {
    const { lastRead, log } = cursor;
    if (!cursor.isWaiting || lastRead === undefined || lastRead === next) return true;
    const gap = this.#origin.gapBetween(log, lastRead, next);
    if (gap === 'unsure') return false;
    if (gap === 'none') return true;
    for (const open of cursor.waiting()) open.interrupted = true;
    return true;
  }

  /** Its unread bytes are gone: counted, never silent. */
  #abandon(cursor: LogCursor, progress: Progress, gone: GoneReason): void {
    const { generation } = progress;
    if (generation.cutFromBytes !== undefined) this.#countCut(cursor, progress, generation.cutFromBytes);
    this.#lose(cursor, generation, gone, generation.sizeBytes - progress.readOffset);
    progress.abandoned = true;
    if (progress.skipping !== undefined) progress.release(progress.skipping);
    progress.skipping = undefined;
  }

  /** Bytes beyond the end of the copy that took its place. */
  #countCut(cursor: LogCursor, progress: Progress, cutFromBytes: number): void {
    if (progress.cutCounted) return;
    progress.cutCounted = true;
    const { generation, readOffset } = progress;
    this.#lose(cursor, generation, 'truncated', cutFromBytes - Math.max(readOffset, generation.sizeBytes));
  }

  #lose(cursor: LogCursor, generation: Generation, reason: GoneReason, bytes: number): void {
    if (bytes <= 0) return;
    this.#ledger.lost(reason, bytes);
    const { generations } = cursor.log;
    const at = generations.indexOf(generation);
    for (const open of cursor.waiting()) {
      if (generations.indexOf(open.hold.progress.generation) <= at) open.interrupted = true;
    }
  }
}
