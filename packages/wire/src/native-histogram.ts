/** Native histograms as exposition and remote write carry them. Source: prometheus v0.315.0, model/histogram. */

export interface BucketSpan {
  /** To the span before, or the index of the first bucket. */
  readonly offset: number;
  readonly length: number;
}

/** Whether counts began anew since the sample before. */
export type ResetHint = 'unknown' | 'yes' | 'no' | 'gauge';

export interface NativeHistogram {
  /** Whether counts are floats; else they are whole, exact below 2^53. */
  readonly isFloat: boolean;
  /** Exponential from -4 to 8; -53 is that of custom buckets, whose bounds are in `customValues`. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly BucketSpan[];
  /** Absolute, one for each bucket that the spans have. */
  readonly positiveCounts: readonly number[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeCounts: readonly number[];
  /** Upper bounds of custom buckets, without +Inf. */
  readonly customValues: readonly number[];
  readonly resetHint: ResetHint;
  /** It says that its series has ended, and nothing else; a number cannot carry the bits that say so. */
  readonly isStale: boolean;
}

/** @param deltas of each count to the one before */
export function countsOfDeltas(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => {
    count += delta;
    return count;
  });
}

/** The reverse of countsOfDeltas, for whole counts. */
export function deltasOfCounts(counts: readonly number[]): number[] {
  return counts.map((count, index) => count - (counts[index - 1] ?? 0));
}

/** @returns what is wrong, in Prometheus' words: spans that have not as many buckets as there are counts */
export function bucketMismatch({
  positiveSpans,
  positiveCounts,
  negativeSpans,
  negativeCounts,
}: NativeHistogram): string | undefined {
  return (
    sideMismatch('positive', positiveSpans, positiveCounts) ?? sideMismatch('negative', negativeSpans, negativeCounts)
  );
}

function sideMismatch(side: string, spans: readonly BucketSpan[], counts: readonly number[]): string | undefined {
  const total = spans.reduce((sum, { length }) => sum + length, 0);
  return total === counts.length ? undefined : `${side} side: spans require ${total} buckets, have ${counts.length}`;
}

const CUSTOM_BUCKETS = -53;

/** @returns what is wrong with a histogram whose buckets fit its spans, in Prometheus' words: what its storage refuses.
 *  Source: prometheus v0.315.0, model/histogram, Validate of Histogram and FloatHistogram. */
export function histogramFlaw(histogram: NativeHistogram): string | undefined {
  const { isFloat, schema, zeroCount, count, sum, isStale, positiveCounts, negativeCounts, customValues } = histogram;
  if (isStale) return undefined;
  const spanFlaw =
    negativeOffset('positive', histogram.positiveSpans) ?? negativeOffset('negative', histogram.negativeSpans);
  if (spanFlaw !== undefined) return spanFlaw;
  if (schema === CUSTOM_BUCKETS) {
    const flaw = customFlaw(histogram);
    if (flaw !== undefined) return flaw;
  } else {
    if (!Number.isInteger(schema) || schema < -4 || schema > 8) return `invalid histogram schema ${schema}`;
    if (customValues.length > 0) return 'histogram with exponential schema must not have custom bounds';
  }
  if (!(zeroCount >= 0))
    return `zero bucket has observation count of ${zeroCount}: histogram has a bucket whose observation count is negative`;
  const negative = [...positiveCounts, ...negativeCounts].find((bucket) => !(bucket >= 0));
  if (negative !== undefined)
    return `bucket with observation count of ${negative}: histogram has a bucket whose observation count is negative`;
  // Floats do not add up exactly.
  if (isFloat)
    return count >= 0 ? undefined : `observation count of ${count}: histogram has a negative observation count`;
  const inBuckets = [...positiveCounts, ...negativeCounts].reduce((total, bucket) => total + bucket, zeroCount);
  if (Number.isNaN(sum) ? inBuckets <= count : inBuckets === count) return undefined;
  const problem = Number.isNaN(sum)
    ? "histogram's observation count should be at least the number of observations found in the buckets"
    : "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)";
  return `${inBuckets} observations found in buckets, but the Count field is ${count}: ${problem}`;
}

function negativeOffset(side: string, spans: readonly BucketSpan[]): string | undefined {
  const at = spans.findIndex(({ offset }, index) => index > 0 && offset < 0);
  if (at < 0) return undefined;
  return `${side} side: span number ${at + 1} with offset ${spans[at]?.offset}: histogram has a span whose offset is negative`;
}

function customFlaw(histogram: NativeHistogram): string | undefined {
  const { customValues, positiveSpans, negativeSpans, negativeCounts, zeroCount, zeroThreshold } = histogram;
  for (const [index, bound] of customValues.entries()) {
    const isAscending = index === 0 || bound > customValues[index - 1]!;
    if (!isAscending || !Number.isFinite(bound))
      return 'custom buckets: histogram custom bounds must be finite and in strictly increasing order';
  }
  const reach = positiveSpans.reduce((end, { offset, length }) => end + offset + length, 0);
  if (reach > customValues.length + 1)
    return `custom buckets: only ${customValues.length} custom bounds defined which is insufficient to cover total span length of ${reach}: histogram custom bounds are too few`;
  if ((positiveSpans[0]?.offset ?? 0) < 0) return 'custom buckets: histogram has a span whose offset is negative';
  if (zeroCount !== 0) return 'custom buckets: must have zero count of 0';
  if (zeroThreshold !== 0) return 'custom buckets: must have zero threshold of 0';
  if (negativeSpans.length > 0 || negativeCounts.length > 0) return 'custom buckets: must not have negative buckets';
  return undefined;
}
