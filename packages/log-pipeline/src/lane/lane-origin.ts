import type { Clock } from '@vigie/core/clock';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { Progress } from '../delivery/progress.ts';
import { type ContainerLog, type Generation, isSealed } from '../tail/generation.ts';
import type { LaneCheckpoint } from './lane-checkpoint.ts';
import type { LogCursor } from './log-cursor.ts';
import type { Gap, Resume } from './resume.ts';

export interface OriginReports {
  lost(log: string, bytes: number, reason: string): void;
}

/** A scan while files are being renamed may miss one; what a checkpoint knows counts as gone only after this. */
const VANISHED_AFTER_MS = 1_000;

/** Takes up a lane's logs where the one before it ended: each generation at its place in the checkpoint, and what the
 *  checkpoint knows but no file answers to is counted as lost. */
export class LaneOrigin {
  readonly #resume: Resume;
  readonly #checkpoint: LaneCheckpoint;
  readonly #clock: Clock;
  readonly #ledger: LaneLedger;
  readonly #reports: OriginReports;
  #timer: { cancel(): void } | undefined;

  constructor(
    resume: Resume,
    checkpoint: LaneCheckpoint,
    { clock, ledger, reports }: { readonly clock: Clock; readonly ledger: LaneLedger; readonly reports: OriginReports },
  ) {
    this.#resume = resume;
    this.#checkpoint = checkpoint;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#reports = reports;
  }

  /** Logs that are known from before. */
  get logs(): Iterable<string> {
    return this.#resume.logs;
  }

  begin(cursor: LogCursor, generation: Generation): Progress {
    const nowMs = this.#clock.monotonicMs();
    const { offset, entry } = this.#resume.placeOf(generation, nowMs);
    if (entry !== undefined) {
      this.#checkpoint.drop(entry);
      // What is shorter now is a copy: one that is still being made, or one that lacks the rest.
      if (!generation.live && entry.size > generation.sizeBytes) {
        if (isSealed(generation, nowMs)) generation.cutFromBytes ??= entry.size;
        else generation.sizeBytes = entry.size;
      }
    }
    const progress = cursor.begin(generation, offset);
    this.#checkpoint.moved(progress);
    return progress;
  }

  gapBetween(log: ContainerLog, before: Generation, after: Generation): Gap {
    return this.#resume.gapBetween(log, before, after);
  }

  /** Everything that was found has begun: the rest is gone if it does not turn up soon.
   *  @param atOnce nothing will turn up any more */
  countVanished(atOnce: boolean): void {
    this.#resume.allBegun();
    // Until they are counted: a process that is killed before leaves them to the next one.
    for (const entry of this.#resume.unclaimed) this.#checkpoint.keep(entry);
    if (atOnce) this.#countVanished();
    else this.#timer = this.#clock.setTimer(VANISHED_AFTER_MS, () => this.#countVanished());
  }

  close(): void {
    this.#timer?.cancel();
  }

  #countVanished(): void {
    for (const { entry, lostBytes } of this.#resume.takeVanished()) {
      this.#checkpoint.drop(entry);
      if (lostBytes === 0) continue;
      this.#ledger.lost('deleted_while_down', lostBytes);
      this.#reports.lost(entry.path, lostBytes, 'deleted_while_down');
    }
  }
}
