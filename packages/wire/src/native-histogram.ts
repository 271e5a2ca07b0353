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
