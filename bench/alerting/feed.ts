/** Keeps one database up to date: a sample of every series each 15 s, those that it missed while it was stopped among them. */
import { type ClusterSeries, ClusterValues } from '../promql/cluster-series.ts';
import { offsetMs, write } from '../promql/ingest.ts';
import { WriteBodies } from '../promql/write-bodies.ts';

export const INTERVAL_MS = 15_000;

export class Feed {
  readonly #url: string;
  readonly #bodies: WriteBodies;
  readonly #values: ClusterValues;
  #nextMs: number;

  /** @param startMs Unix ms, of the first scrape */
  constructor(url: string, series: readonly ClusterSeries[], startMs: number) {
    this.#url = url;
    this.#bodies = new WriteBodies(series);
    this.#values = new ClusterValues(series);
    this.#nextMs = startMs;
  }

  /** Unix ms, of the next scrape. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Writes all that is due. */
  async catchUp(nowMs: number): Promise<void> {
    while (this.#nextMs <= nowMs) {
      const scrapeMs = this.#nextMs;
      this.#nextMs += INTERVAL_MS;
      const timeOf = (target: number): number => scrapeMs - offsetMs(target, INTERVAL_MS);
      for (const body of this.#bodies.at(this.#values.advance(), timeOf)) await write(this.#url, body);
    }
  }
}
