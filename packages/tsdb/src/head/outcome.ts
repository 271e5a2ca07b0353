/** What can become of a sample, as one byte, and of a series. Names as in Prometheus, where it has one. */

export const ACCEPTED = 0;
/** The same value at the same time is there already: no error, for federation and retries send such. */
export const KNOWN = 1;
export const UNKNOWN_SERIES = 2;
export const BAD_TIMESTAMP = 3;
export const TOO_FAR_AHEAD = 4;
export const OUT_OF_BOUNDS = 5;
export const OUT_OF_ORDER = 6;
export const TOO_OLD = 7;
export const DUPLICATE = 8;
export const BAD_HISTOGRAM = 9;
export const NO_MEMORY = 10;

export const SAMPLE_REFUSALS = [
  /** The reference is of a series that has gone: ask for one by its labels again. */
  'unknown_series',
  /** No whole number of ms, or beyond what can be stored. */
  'bad_timestamp',
  /** Later than the clock and `maxAheadMs` say: one such sample would push all others out of retention. */
  'too_far_ahead',
  /** Before retention. */
  'out_of_bounds',
  /** Before the newest of its series, and there is no out-of-order window. */
  'out_of_order',
  /** Before the out-of-order window. */
  'too_old',
  /** Another value is there for the time. */
  'duplicate',
  /** Spans that do not fit its buckets, or too many of them. */
  'bad_histogram',
  /** The bound on memory is reached, and nothing is old enough to go. */
  'no_memory',
] as const;

export type SampleRefusal = (typeof SAMPLE_REFUSALS)[number];

/** @param outcome UNKNOWN_SERIES or above */
export function refusalOf(outcome: number): SampleRefusal {
  return SAMPLE_REFUSALS[outcome - UNKNOWN_SERIES]!;
}

export const SERIES_REFUSALS = [
  /** Names not ascending or twice, or an empty value. */
  'bad_labels',
  'series_limit',
  'job_budget',
  'namespace_budget',
  'no_memory',
] as const;

export type SeriesRefusal = (typeof SERIES_REFUSALS)[number];

export const EXEMPLAR_REFUSALS = ['unknown_series', 'bad_timestamp', 'out_of_order', 'too_long', 'disabled'] as const;

export type ExemplarRefusal = (typeof EXEMPLAR_REFUSALS)[number];
