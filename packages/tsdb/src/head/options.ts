/** What bounds the head. Each has a default that suits a collector of some 100,000 series. */

export interface HeadOptions {
  /** How far back samples are kept, from the newest one. Infinity keeps all. */
  readonly retentionMs: number;
  /** Memory for series and samples: beyond it the oldest chunks go, however young, and then new samples are refused. */
  readonly maxBytes: number;
  /** How far before the newest sample of all a late one may be. 0 takes only what is newer than its series' newest. */
  readonly outOfOrderWindowMs: number;
  /** How far ahead of the clock a sample may be. */
  readonly maxAheadMs: number;
  /** A series without a sample for so long is compressed whole, and takes no hot block any more. */
  readonly coldAfterMs: number;
  readonly maxSeries: number;
  /** Series that one value of the label `job` may have, those within retention included. */
  readonly maxSeriesPerJob: number;
  readonly maxSeriesPerNamespace: number;
  /** Values of the label `job` that maxSeriesPerJob does not bound. */
  readonly unbudgetedJobs: ReadonlySet<string>;
  /** Of all series together; 0 keeps none. */
  readonly maxExemplars: number;
  /** Metrics whose type and help are remembered. */
  readonly maxMetadata: number;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_HEAD_OPTIONS: HeadOptions = {
  retentionMs: 6 * HOUR_MS,
  maxBytes: 2 * 1024 ** 3,
  // As in Prometheus: what is late is mostly a second scraper of the same target, and the window would hide it.
  outOfOrderWindowMs: 0,
  // As Prometheus' scrapes have it.
  maxAheadMs: 10 * 60_000,
  // PromQL's look-back: a series that is silent for longer is in no instant answer.
  coldAfterMs: 5 * 60_000,
  maxSeries: 2_000_000,
  maxSeriesPerJob: 500_000,
  maxSeriesPerNamespace: 500_000,
  unbudgetedJobs: new Set(),
  maxExemplars: 100_000,
  maxMetadata: 20_000,
};
