/** The columns that scrapes are read into, and those that they are appended from. One for all targets: both are synchronous, and the database
 *  keeps nothing of them. */

import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import { ScrapeColumns } from '@vigie/wire/exposition/scrape-columns';

export class AppendRows {
  readonly scraped = new ScrapeColumns();
  count = 0;
  refs = new Uint32Array(0);
  timestampsMs = new Float64Array(0);
  values = new Float64Array(0);
  /** Of each row, once it is appended. */
  outcomes = new Uint8Array(0);
  #words = new Uint32Array(0);

  /** Empties it, with room for so many. */
  clear(capacity: number): void {
    this.count = 0;
    if (capacity <= this.refs.length) return;
    const size = Math.max(1024, 2 ** Math.ceil(Math.log2(capacity)));
    this.refs = new Uint32Array(size);
    this.timestampsMs = new Float64Array(size);
    this.values = new Float64Array(size);
    this.outcomes = new Uint8Array(size);
    this.#words = new Uint32Array(this.values.buffer);
  }

  add(ref: number, timestampMs: number, value: number): void {
    const row = this.count++;
    this.refs[row] = ref;
    this.timestampsMs[row] = timestampMs;
    this.values[row] = value;
  }

  addStale(ref: number, timestampMs: number): void {
    const row = this.count++;
    this.refs[row] = ref;
    this.timestampsMs[row] = timestampMs;
    this.#words[2 * row] = STALE_LOW;
    this.#words[2 * row + 1] = STALE_HIGH;
  }
}
