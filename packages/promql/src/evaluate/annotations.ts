/** What a user should know about an answer: warnings and infos, each with the place in the query. Source: Prometheus,
 *  util/annotations. */
import type { PositionRange } from '../syntax/position.ts';
import { lineAndColumn } from '../syntax/position.ts';
import { formatGeneral } from '../text/float.ts';
import { quote } from '../text/quote.ts';

export interface AnnotationTexts {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export interface Annotation {
  readonly kind: 'warning' | 'info';
  readonly text: string;
}

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

/** Data may have any number of names in them. */
const MAX_ANNOTATIONS = 1000;

/** Each text once, with the place where it came up last, as in Prometheus. */
export class Annotations {
  readonly #warnings = new Map<string, PositionRange | undefined>();
  readonly #infos = new Map<string, PositionRange | undefined>();
  readonly #monotonicity = new Map<string, ForcedMonotonicity>();

  tell({ kind, text }: Annotation, range: PositionRange): void {
    if (kind === 'warning') this.warn(text, range);
    else this.info(text, range);
  }

  warn(text: string, range: PositionRange): void {
    remember(this.#warnings, `PromQL warning: ${text}`, range);
  }

  info(text: string, range: PositionRange): void {
    remember(this.#infos, `PromQL info: ${text}`, range);
  }

  /** As it is, from a storage. */
  storageWarning(text: string): void {
    remember(this.#warnings, text, undefined);
  }

  /** Counts of one histogram fell with a higher bound, at a time in ms. The place is that of the first. */
  forcedMonotonicity(name: string, range: PositionRange, timestampMs: number, forced: Forced): void {
    const known = this.#monotonicity.get(name);
    if (known === undefined) {
      if (this.#monotonicity.size < MAX_ANNOTATIONS) {
        this.#monotonicity.set(name, { ...forced, range, count: 1, fromMs: timestampMs, toMs: timestampMs });
      }
      return;
    }
    known.count += 1;
    known.from = Math.min(known.from, forced.from);
    known.to = Math.max(known.to, forced.to);
    known.maxDiff = Math.max(known.maxDiff, forced.maxDiff);
    known.fromMs = Math.min(known.fromMs, timestampMs);
    known.toMs = Math.max(known.toMs, timestampMs);
  }

  /** @param query its text, for positions */
  texts(query: string): AnnotationTexts {
    const infos = textsOf(this.#infos, query);
    for (const [name, forced] of this.#monotonicity) infos.push(describeForced(name, forced, query));
    return { warnings: textsOf(this.#warnings, query), infos };
  }
}

interface Forced {
  readonly from: number;
  readonly to: number;
  readonly maxDiff: number;
}

interface ForcedMonotonicity {
  readonly range: PositionRange;
  count: number;
  from: number;
  to: number;
  maxDiff: number;
  fromMs: number;
  toMs: number;
}

function remember(into: Map<string, PositionRange | undefined>, text: string, range: PositionRange | undefined): void {
  if (into.has(text) || into.size < MAX_ANNOTATIONS) into.set(text, range);
}

function textsOf(from: ReadonlyMap<string, PositionRange | undefined>, query: string): string[] {
  return [...from].map(([text, range]) =>
    range === undefined ? text : `${text} (${lineAndColumn(query, range.start)})`,
  );
}

function describeForced(name: string, forced: ForcedMonotonicity, query: string): string {
  const text = `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(name)}`;
  const where = `from buckets ${formatGeneral(forced.from)} to ${formatGeneral(forced.to)}`;
  const diff = formatGeneral(Number(forced.maxDiff.toPrecision(2)));
  const when = `over ${forced.count} samples from ${secondsText(forced.fromMs)} to ${secondsText(forced.toMs)}`;
  return `${text}, ${where}, with a max diff of ${diff}, ${when} (${lineAndColumn(query, forced.range.start)})`;
}

function secondsText(timestampMs: number): string {
  return new Date(Math.trunc(timestampMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function forMetric(name: string): string {
  return name === '' ? '' : ` for metric name ${quote(name)}`;
}

export const TEXT = {
  invalidQuantile: (q: number) => `quantile value should be between 0 and 1, got ${formatGeneral(q)}`,
  invalidRatio: (ratio: number, capped: number) =>
    `ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${formatGeneral(capped)}`,
  badBucketLabel: (name: string, label: string) =>
    `bucket label "le" is missing or has a malformed value of ${quote(label)}${forMetric(name)}`,
  mixedFloatsHistograms: (name: string) => `encountered a mix of histograms and floats for metric name ${quote(name)}`,
  mixedFloatsHistogramsAggregation: 'encountered a mix of histograms and floats for aggregation',
  mixedClassicNative: (name: string) => `vector contains a mix of classic and native histograms${forMetric(name)}`,
  notCounter: (name: string) => `this native histogram metric is not a counter: ${quote(name)}`,
  notGauge: (name: string) => `this native histogram metric is not a gauge: ${quote(name)}`,
  mixedSchemas: (name: string) =>
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(name)}`,
  incompatibleLayout: (operator: string) => `incompatible bucket layout encountered for binary operator ${operator}`,
  possibleNonCounter: (name: string) =>
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
  incompatibleTypes: (left: string, operator: string, right: string) =>
    `incompatible sample types encountered for binary operator ${quote(operator)}: ${left} ${operator} ${right}`,
  ignoredInAggregation: (aggregation: string) => `ignored histogram in ${aggregation} aggregation`,
  ignoredInMixedRange: (name: string) =>
    `ignored histograms in a range containing both floats and histograms for metric name ${quote(name)}`,
  quantileIsNan: (name: string) => `input to histogram_quantile has NaN observations, result is NaN${forMetric(name)}`,
  quantileIsSkewed: (name: string) =>
    `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(name)}`,
  fractionExcludesNan: (name: string) =>
    `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(name)}`,
  resetCollision: (operation: HistogramOperation) => `conflicting counter resets during histogram ${operation}`,
  boundsReconciled: (operation: HistogramOperation) => `mismatched custom buckets were reconciled during ${operation}`,
  startTimeOverlap: (name: string) =>
    `sample has start time that overlaps with previous sample timestamp for metric ${quote(name)}`,
  sortInRange: 'sort is ineffective for range queries since results are always ordered by labels',
} as const;
