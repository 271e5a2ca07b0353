import type { Hold } from '../delivery/progress.ts';

/** From a record's first byte to its last line. */
interface Extent {
  /** -Infinity where it began in an earlier read: then `hold` keeps its beginning. */
  readonly start: number;
  readonly end: number;
  readonly hold: Hold | undefined;
}

/** The records of one read that span several lines: reading must not begin again in the middle of one. */
export class Extents {
  #extents: Extent[] = [];
  #sorted = true;

  add(start: number, end: number): void {
    this.#extents.push({ start, end, hold: undefined });
    this.#sorted = false;
  }

  /** One that began in an earlier read. */
  addHeld(hold: Hold, end: number): void {
    this.#extents.push({ start: -Infinity, end, hold });
    this.#sorted = false;
  }

  /** @param at where reading might begin again
   *  @param keep told what has to be held as well, because it began before this read and ends behind that place
   *  @returns the last place at or before `at` that lies inside no record of this read */
  cleanCut(at: number, keep: (hold: Hold) => void): number {
    if (!this.#sorted) {
      this.#extents.sort((a, b) => b.start - a.start);
      this.#sorted = true;
    }
    let cut = at;
    for (const { start, end, hold } of this.#extents) {
      if (start >= cut || end < cut) continue;
      if (hold === undefined) cut = start;
      else keep(hold);
    }
    return cut;
  }
}
