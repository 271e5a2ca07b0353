/** A native histogram as evaluation and storage share it: counts as floats, buckets sparse in spans.
 *  Source: Prometheus, model/histogram. */

/** Whether the sample before it in its series had a higher count, as far as is known; `gauge` for what is no counter. */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Schema of histograms whose bounds are given: `customValues`, the `le` of a classic histogram without +Inf. */
export const CUSTOM_BUCKETS_SCHEMA = -53;

/** `length` buckets in a row, `offset` buckets after the end of the span before; for the first span, its index. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Whatever hands one out never changes it again. */
export interface Histogram {
  readonly counterResetHint: CounterResetHint;
  /** -4 to 8: bucket i ends at 2^(i * 2^-schema). Or CUSTOM_BUCKETS_SCHEMA. */
  readonly schema: number;
  /** Width of the zero bucket; 0 for custom buckets. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Observations in each bucket, absolute, in the order of the spans. */
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds, ascending; empty unless the schema is CUSTOM_BUCKETS_SCHEMA. */
  readonly customValues: readonly number[];
}
