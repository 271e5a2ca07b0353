/** Keeps native histograms within what a job takes, at the cost of their resolution: each step halves it. Source: Prometheus 3,
 *  scrape/target.go, maxSchemaAppender and bucketLimitAppender; model/histogram/generic.go, reduceResolution. */
import { CUSTOM_BUCKETS_SCHEMA } from '@vigie/promql/histogram/histogram';
import type { BucketSpan, NativeHistogram } from '@vigie/wire/native-histogram';
import type { HistogramLimits } from '../config/collector-config.ts';

const FINEST_SCHEMA = 8;
const COARSEST_SCHEMA = -4;
/** Exponential schemas that may come to be, and are made coarser as those that there are. */
const RESERVED = { coarsest: -9, finest: 52 };

export const NO_HISTOGRAM_LIMITS: HistogramLimits = { buckets: undefined, maxSchema: FINEST_SCHEMA };

/** The finest schema whose buckets grow by the factor, or more.
 *  @param factor 1 or less: the finest that there is
 *  Source: pickSchema in Prometheus 3, scrape/scrape.go. */
export function schemaOfFactor(factor: number): number {
  if (factor <= 1) return FINEST_SCHEMA;
  const schema = -Math.ceil(Math.log2(Math.log2(factor)));
  // Not -0, which a schema is not.
  return Math.min(FINEST_SCHEMA, Math.max(COARSEST_SCHEMA, schema)) || 0;
}

/** @param histogram whose buckets fit its spans
 *  @returns the same where it is within the limits, undefined where no resolution has so few buckets: custom buckets have but one */
export function withinLimits(
  histogram: NativeHistogram,
  { buckets = Number.POSITIVE_INFINITY, maxSchema }: HistogramLimits,
): NativeHistogram | undefined {
  // What is none is refused for that, and not for its size.
  if (histogram.isStale || !areAscending(histogram.positiveSpans) || !areAscending(histogram.negativeSpans))
    return histogram;
  const { schema } = histogram;
  const isCapped = schema >= RESERVED.coarsest && schema <= RESERVED.finest && maxSchema < FINEST_SCHEMA;
  const coarsened = isCapped && schema > maxSchema ? atSchema(histogram, maxSchema) : histogram;
  if (bucketCountOf(coarsened) <= buckets) return coarsened;
  let kept = atSchema(coarsened, coarsened.schema);
  while (bucketCountOf(kept) > buckets) {
    if (kept.schema > FINEST_SCHEMA || kept.schema <= COARSEST_SCHEMA) return undefined;
    kept = atSchema(kept, kept.schema - 1);
  }
  return kept;
}

/** Of both signs. Prometheus has gaps of one or two buckets as buckets, where classic histograms of whole counts became native ones. */
function bucketCountOf({ schema, isFloat, positiveSpans, positiveCounts, negativeCounts }: NativeHistogram): number {
  const gaps = schema === CUSTOM_BUCKETS_SCHEMA && !isFloat ? positiveSpans.slice(1).map(({ offset }) => offset) : [];
  const filled = gaps.reduce((sum, gap) => sum + (gap <= 2 ? gap : 0), 0);
  return positiveCounts.length + negativeCounts.length + filled;
}

function areAscending(spans: readonly BucketSpan[]): boolean {
  return spans.every(({ offset }, index) => index === 0 || offset >= 0);
}

/** Without buckets that count nothing, which Prometheus does not keep either. */
function atSchema(histogram: NativeHistogram, schema: number): NativeHistogram {
  const width = 2 ** (histogram.schema - schema);
  const positive = merged(histogram.positiveSpans, histogram.positiveCounts, width);
  const negative = merged(histogram.negativeSpans, histogram.negativeCounts, width);
  return {
    ...histogram,
    schema,
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
  };
}

/** @param width how many buckets become one */
function merged(
  spans: readonly BucketSpan[],
  counts: readonly number[],
  width: number,
): { readonly spans: readonly BucketSpan[]; readonly counts: readonly number[] } {
  const wide: { readonly offset: number; length: number }[] = [];
  const sums: number[] = [];
  let index = 0;
  let at = 0;
  /** After the last of the wide buckets. */
  let next = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let left = length; left > 0; left--, index++) {
      const count = counts[at++]!;
      if (count === 0) continue;
      const target = Math.floor((index - 1) / width) + 1;
      const span = wide.at(-1);
      if (span !== undefined && target === next - 1) {
        sums[sums.length - 1]! += count;
        continue;
      }
      if (span !== undefined && target === next) span.length++;
      else wide.push({ offset: target - next, length: 1 });
      sums.push(count);
      next = target + 1;
    }
  }
  return { spans: wide, counts: sums };
}
