import type { Hold, Progress } from '../delivery/progress.ts';
import type { JoinedRow } from '../framing/join.ts';
import type { LogCursor } from './log-cursor.ts';
import type { Slot } from './slot.ts';

/** Rows framed from one read, waiting to be encoded. */
export interface PendingRows {
  readonly cursor: LogCursor;
  readonly progress: Progress;
  readonly rows: number;
  /** First row not encoded yet. */
  next: number;
  /** Keeps the checkpoint at the read's first byte. */
  readonly hold: Hold;
  /** In row order. */
  readonly joined: readonly JoinedRow[];
  nextJoined: number;
}

/** One record as a row of its own.
 *  @param hold keeps the checkpoint before it */
export function singleRow(cursor: LogCursor, hold: Hold): PendingRows {
  return { cursor, progress: hold.progress, rows: 1, next: 0, hold, joined: [], nextJoined: 0 };
}

/** Hands the claims of joined records that are encoded by now to the request that carries them: it keeps their first
 *  fragments. */
export function claimJoined(pending: PendingRows, slot: Slot): void {
  for (; pending.nextJoined < pending.joined.length; pending.nextJoined++) {
    const joined = pending.joined[pending.nextJoined];
    if (joined === undefined || joined.row >= pending.next) return;
    slot.holds.push(joined.hold);
  }
}
