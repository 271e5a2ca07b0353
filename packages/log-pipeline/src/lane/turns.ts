import { RoundRobin, type Turn } from '../schedule/round-robin.ts';
import type { ContainerLog } from '../tail/generation.ts';
import type { LogCursor } from './log-cursor.ts';
import type { LogPlans } from './log-plan.ts';

/** Whose turn it is to be read: the log that has waited longest, if nothing that is asked for it stands against that:
 *  the rate of its pod, what is still to be learnt of the pod, or records of it in flight that its next ones must not
 *  overtake. */
export class Turns {
  readonly #ready: RoundRobin<LogCursor>;
  readonly #plans: Pick<LogPlans, 'heldUntilMs'> | undefined;
  /** Of an ordered sink: logs with records in flight, and cursors whose turn came meanwhile. */
  readonly #underway = new Set<ContainerLog>();
  readonly #heldBack = new Set<LogCursor>();

  constructor(readBytes: number, plans: Pick<LogPlans, 'heldUntilMs'> | undefined) {
    this.#ready = new RoundRobin(readBytes);
    this.#plans = plans;
  }

  /** Logs that would be read but for what stands against it. */
  get waiting(): number {
    return this.#ready.parked + this.#heldBack.size;
  }

  /** When the first of them may go on by the clock alone; Infinity if none does. */
  get nextWakeMs(): number {
    return this.#ready.nextWakeMs() ?? Infinity;
  }

  /** There may be something to read. */
  offer(cursor: LogCursor): void {
    this.#ready.offer(cursor);
  }

  remove(cursor: LogCursor): void {
    this.#ready.remove(cursor);
    this.#heldBack.delete(cursor);
  }

  next(nowMs: number): Turn<LogCursor> | undefined {
    return this.#ready.next(nowMs);
  }

  /** @returns whether the one whose turn it is may be read; if not its turn is over, and it comes again in time */
  admits(cursor: LogCursor, nowMs: number): boolean {
    if (this.#underway.has(cursor.log)) {
      this.#ready.used(cursor, 0, false);
      this.#heldBack.add(cursor);
      return false;
    }
    cursor.heldUntilMs = this.#plans?.heldUntilMs(cursor.log, nowMs) ?? 0;
    let waitMs = Math.max(0, cursor.heldUntilMs - nowMs);
    for (const bucket of cursor.buckets) waitMs = Math.max(waitMs, bucket.waitMs(nowMs));
    if (waitMs === 0) return true;
    this.#ready.park(cursor, nowMs + waitMs);
    return false;
  }

  /** Ends a turn. @param more whether there is more to read now */
  used(cursor: LogCursor, bytes: number, more: boolean): void {
    this.#ready.used(cursor, bytes, more);
  }

  /** Ends a turn by a wait. */
  park(cursor: LogCursor, untilMs: number): void {
    this.#ready.park(cursor, untilMs);
  }

  /** What was to be learnt of its pod is known. */
  release(cursor: LogCursor): void {
    cursor.heldUntilMs = 0;
    this.#ready.unpark(cursor);
  }

  /** Records of it are in flight, and the next ones are to wait for them. */
  isUnderway(log: ContainerLog): boolean {
    return this.#underway.has(log);
  }

  /** @param logs those of a request, where the sink wants them in order */
  sent(logs: ReadonlySet<ContainerLog>): void {
    for (const log of logs) this.#underway.add(log);
  }

  /** What of these logs comes next may go now. */
  arrived(logs: ReadonlySet<ContainerLog>): void {
    for (const log of logs) this.#underway.delete(log);
    for (const cursor of this.#heldBack) {
      if (this.#underway.has(cursor.log)) continue;
      this.#heldBack.delete(cursor);
      this.#ready.offer(cursor);
    }
  }
}
