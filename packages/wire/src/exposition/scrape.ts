/** What reading an exposition gives: columns, so that a sample costs no object. */
import type { NativeHistogram } from '../native-histogram.ts';
import type { Exemplar, MetricType } from './entry.ts';
import type { SeriesLabels } from './series-labels.ts';

/** A series that the scraper wants nothing of: its lines cost a compare, and give no row. */
export const DROPPED = -1;

/** Gives a series its number.
 *  @param labels as the target wrote them: labels without a value among them
 *  @returns a reference below 2^31, the same for the same labels, or DROPPED
 *  Called once for a line that the last scrape of the target did not have. */
export type ResolveSeries = (labels: SeriesLabels, type: MetricType) => number;

export interface FamilyMetadata {
  readonly family: string;
  readonly kind: 'help' | 'type' | 'unit';
  readonly text: string;
}

/** Everything is valid until the reader reads again. The columns are longer than `count`. */
export interface Scrape {
  readonly count: number;
  readonly refs: Int32Array;
  readonly values: Float64Array;
  /** Unix ms; NaN where the target gives none, and the time of the scrape holds. */
  readonly timestampsMs: Float64Array;
  /** Unix ms; 0 where the target gives none. */
  readonly startTimestampsMs: Float64Array;
  readonly histograms: readonly HistogramSample[];
  readonly exemplars: readonly SeriesExemplar[];
  /** What was not in the last scrape. */
  readonly metadata: readonly FamilyMetadata[];
  /** Series of the last scrape that are not in this one: a staleness marker is due. */
  readonly gone: readonly number[];
  /** Samples of series that were DROPPED. */
  readonly droppedCount: number;
}

export interface HistogramSample {
  readonly ref: number;
  readonly timestampMs: number;
  readonly startTimestampMs: number;
  readonly histogram: NativeHistogram;
}

export interface SeriesExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
}

export interface ScrapeLimits {
  readonly bodyBytes: number;
  /** Samples of one scrape, dropped ones included. */
  readonly samples: number;
  /** Of one line, or one metric. */
  readonly lineBytes: number;
  /** Of one series. */
  readonly labels: number;
}

export const DEFAULT_SCRAPE_LIMITS: ScrapeLimits = {
  bodyBytes: 256 * 1024 ** 2,
  samples: 2_000_000,
  lineBytes: 1024 ** 2,
  labels: 512,
};
