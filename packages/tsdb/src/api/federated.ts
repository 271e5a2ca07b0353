/** The newest sample of each series asked for, as an exposition: what another Prometheus scrapes of this one. */
import { setImmediate } from 'node:timers/promises';
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { CUSTOM_BUCKETS_SCHEMA } from '@vigie/promql/histogram/histogram';
import { type LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier, StoredSeries, TimeRange } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { encodeFamily, type WrittenFamilyType, type WrittenMetric } from '@vigie/wire/exposition/protobuf-writer';
import { compareUtf8, type SeriesLabels } from '@vigie/wire/exposition/series-labels';
import {
  formatFamily,
  formatOpenMetricsSample,
  formatSample,
  OPEN_METRICS_END,
  underscored,
} from '@vigie/wire/exposition/text-writer';
import type { ChosenFormat } from './federate-format.ts';

export interface FederatedCounts {
  federatedSamples: number;
  leftOutHistograms: number;
}

export interface Federation {
  readonly matcherSets: readonly (readonly Matcher[])[];
  /** Where the newest sample is looked for. */
  readonly range: TimeRange;
  readonly chosen: ChosenFormat;
  /** Added where a series does not have them. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Sent at once; also how much is made between two looks at the event loop. */
const PIECE_BYTES = 64 * 1024;
/** Of one message: a family of more is sent as several, which Prometheus reads as one. */
const METRICS_PER_MESSAGE = 1_000;
const HINTS = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };

interface NewestSample {
  readonly labels: SeriesLabels;
  readonly timestampMs: number;
  readonly value: number | Histogram;
}

/** Families in the order of their names, series in that of their labels, in pieces.
 *  Cost: some 2 us a series. */
export async function* federated(
  querier: Querier,
  federation: Federation,
  counts: FederatedCounts,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { chosen } = federation;
  const families = await familiesOf(querier, federation, signal);
  const external = externalOf(federation.externalLabels);
  let pieces: Buffer[] = [];
  let bytes = 0;
  for (const [name, series] of families) {
    series.sort((a, b) => a.labels.compare(b.labels));
    const samples = newestOf(series, federation, external);
    for (const piece of formatted(chosen.allowsUtf8 ? name : underscored(name), samples, chosen, counts)) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      bytes = 0;
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  if (chosen.format === 'openmetrics') pieces.push(Buffer.from(OPEN_METRICS_END));
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

/** Without those that have no name. */
async function familiesOf(
  querier: Querier,
  { matcherSets, range }: Federation,
  signal: AbortSignal,
): Promise<readonly (readonly [string, StoredSeries[]])[]> {
  // By identity, which is that of the series: a key would cost each of them a text for good.
  const found = new Map<LabelSet, StoredSeries>();
  for (const matchers of matcherSets) {
    const { series } = await querier.select({ matchers, range, hints: HINTS }, signal);
    for (const one of series) found.set(one.labels, one);
  }
  const byName = new Map<string, StoredSeries[]>();
  for (const one of found.values()) {
    const name = one.labels.get(METRIC_NAME);
    const family = byName.get(name);
    if (family !== undefined) family.push(one);
    else if (name !== '') byName.set(name, [one]);
  }
  return [...byName].sort(([a], [b]) => compareUtf8(a, b));
}

/** Without an instance of their own, series get an empty one: else the scrape would give them this server's. */
function externalOf(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries({ instance: '', ...labels }).sort(([a], [b]) => compareUtf8(a, b));
}

/** Without series whose newest sample says that they have ended, which the formats cannot say. */
function* newestOf(
  series: readonly StoredSeries[],
  { range, chosen }: Federation,
  external: readonly (readonly [string, string])[],
): Generator<NewestSample> {
  const columns = new SampleColumns();
  for (const one of series) {
    columns.clear();
    one.read(range, columns);
    const last = columns.length - 1;
    if (last < 0) continue;
    const histogram = columns.histograms?.[last];
    if (histogram === undefined && columns.isStale(last)) continue;
    const labels: string[] = [];
    for (const [name, value] of one.labels.entries()) {
      if (chosen.allowsUtf8) labels.push(name, value);
      else labels.push(underscored(name), name === METRIC_NAME ? underscored(value) : value);
    }
    for (const [name, value] of external) if (!one.labels.has(name)) labels.push(name, value);
    yield { labels, timestampMs: columns.timestampsMs[last]!, value: histogram ?? columns.values[last]! };
  }
}

function formatted(
  name: string,
  samples: Iterable<NewestSample>,
  { format }: ChosenFormat,
  counts: FederatedCounts,
): Iterable<Buffer> {
  return format === 'protobuf' ? messages(name, samples, counts) : lines(name, samples, format, counts);
}

/** These formats have no native histograms. */
function* lines(
  name: string,
  samples: Iterable<NewestSample>,
  format: 'text' | 'openmetrics',
  counts: FederatedCounts,
): Generator<Buffer> {
  const isText = format === 'text';
  let text = formatFamily(name, isText ? 'untyped' : 'unknown');
  let isEmpty = true;
  for (const { labels, timestampMs, value } of samples) {
    if (typeof value !== 'number') {
      counts.leftOutHistograms++;
      continue;
    }
    text += isText ? formatSample(labels, value, timestampMs) : formatOpenMetricsSample(labels, value, timestampMs);
    isEmpty = false;
    counts.federatedSamples++;
    if (text.length < PIECE_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (!isEmpty && text !== '') yield Buffer.from(text);
}

/** A message for those in a row that are of one type. The protocol has no place for bounds of custom buckets. */
function* messages(name: string, samples: Iterable<NewestSample>, counts: FederatedCounts): Generator<Buffer> {
  let type: WrittenFamilyType = 'untyped';
  let metrics: WrittenMetric[] = [];
  for (const sample of samples) {
    const { value } = sample;
    if (typeof value !== 'number' && value.schema === CUSTOM_BUCKETS_SCHEMA) {
      counts.leftOutHistograms++;
      continue;
    }
    const wanted = typeOf(value);
    if (metrics.length > 0 && (wanted !== type || metrics.length === METRICS_PER_MESSAGE)) {
      yield encodeFamily(name, type, metrics);
      metrics = [];
    }
    type = wanted;
    metrics.push({ ...sample, value: typeof value === 'number' ? value : nativeOf(value) });
    counts.federatedSamples++;
  }
  if (metrics.length > 0) yield encodeFamily(name, type, metrics);
}

function typeOf(value: number | Histogram): WrittenFamilyType {
  if (typeof value === 'number') return 'untyped';
  return value.counterResetHint === 'gauge' ? 'gaugehistogram' : 'histogram';
}

function nativeOf({ positiveBuckets, negativeBuckets, ...histogram }: Histogram) {
  return {
    ...histogram,
    isFloat: true,
    isStale: false,
    resetHint: 'unknown' as const,
    positiveCounts: positiveBuckets,
    negativeCounts: negativeBuckets,
  };
}
