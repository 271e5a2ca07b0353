/** How far the log has been sent: the first record of which something is still under way. */
import type { LogPosition } from '@vigie/tsdb/wal/follow';

/** One record, of which samples are under way. */
export interface Mark {
  readonly position: LogPosition;
  underWay: number;
}

export class Progress {
  /** In the order of the log; those before `#from` are done. */
  #marks: Mark[] = [];
  #from = 0;

  /** The record that is read now: it counts as one until that is settled, too. */
  begin(position: LogPosition): Mark {
    this.#trim();
    const mark = { position, underWay: 1 };
    this.#marks.push(mark);
    return mark;
  }

  read(mark: Mark): void {
    mark.underWay--;
  }

  /** Nothing before it is wanted any more. @param next the record that will be read next */
  sentBefore(next: LogPosition): LogPosition {
    this.#trim();
    return this.#marks[this.#from]?.position ?? next;
  }

  #trim(): void {
    while (this.#from < this.#marks.length && this.#marks[this.#from]?.underWay === 0) this.#from++;
    if (this.#from < 1024 || this.#from * 2 < this.#marks.length) return;
    this.#marks = this.#marks.slice(this.#from);
    this.#from = 0;
  }
}
