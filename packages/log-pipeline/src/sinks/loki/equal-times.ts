/** Loki takes two entries of a stream with the same time and line for one that was sent twice. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { UnixTime } from '../../kernel/unix-time.ts';

const NANOS_PER_SECOND = 1_000_000_000;
/** A log of which so many lines have one time is a log without times: beyond this its equal lines may become one. */
const MAX_LINES = 65_536;
const NO_ROW = -1;

/** Tells apart the records of one stream of one log: of those with the same time and message the second gets a nanosecond more,
 *  the third two. What is sent again after a crash has the times that it had, except where the records with that time lie on
 *  both sides of what was acknowledged. */
export class EqualTimes {
  #seconds = NO_ROW;
  #nanos = 0;
  /** How many records of that time had this message, by hash. */
  readonly #lines = new Map<bigint, number>();
  /** The first of them, whose message is hashed when there is a second. */
  #firstRow = NO_ROW;

  /** Changes the time where it has to be told apart. @param row whose message it is
   *  Cost: a comparison; a hash of the message where the record before had the same time */
  apply(kernel: Kernel, row: number, time: UnixTime): void {
    if (time.seconds !== this.#seconds || time.nanos !== this.#nanos) {
      this.#seconds = time.seconds;
      this.#nanos = time.nanos;
      if (this.#lines.size > 0) this.#lines.clear();
      this.#firstRow = row;
      return;
    }
    this.settle(kernel);
    const hash = messageHash(kernel, row);
    const before = this.#lines.get(hash) ?? 0;
    if (before > 0 || this.#lines.size < MAX_LINES) this.#lines.set(hash, before + 1);
    time.nanos += before;
    if (time.nanos < NANOS_PER_SECOND) return;
    time.seconds += Math.floor(time.nanos / NANOS_PER_SECOND);
    time.nanos %= NANOS_PER_SECOND;
  }

  /** Before the table holds other rows. */
  settle(kernel: Kernel): void {
    if (this.#firstRow === NO_ROW) return;
    this.#lines.set(messageHash(kernel, this.#firstRow), 1);
    this.#firstRow = NO_ROW;
  }
}

function messageHash({ table, hash64 }: Kernel, row: number): bigint {
  return hash64(table.messageStart(row), table.messageLength(row));
}
