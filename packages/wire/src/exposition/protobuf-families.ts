/** io.prometheus.client.MetricFamily messages, each behind its length: the exposition in Protocol Buffers, which alone carries
 *  native histograms. Source: prometheus/client_model v0.6.2, io/prometheus/client/metrics.proto, and prometheus v0.315.0,
 *  model/textparse/protobufparse.go. */
import { isUtf8 } from 'node:buffer';
import { quoteGo } from '@vigie/core/go-quote';
import { LimitError, MalformedError } from '../errors.ts';
import { type BucketSpan, bucketMismatch, countsOfDeltas, type NativeHistogram } from '../native-histogram.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED } from '../protobuf/writer.ts';
import type { Exemplar, MetricType } from './entry.ts';
import { formatOpenMetricsFloat } from './open-metrics-float.ts';
import type { FamilyMetadata } from './scrape.ts';
import { type SeriesLabels, sortLabels } from './series-labels.ts';

export interface FamilyLimits {
  readonly labels: number;
  /** Buckets, quantiles, spans and exemplars of one metric. */
  readonly parts: number;
}

/** Takes what a body holds, in its order. */
export interface FamilySink {
  metadata(metadata: FamilyMetadata): void;
  /** @param timestampMs NaN where there is none, @param startTimestampMs 0 where there is none */
  sample(
    labels: SeriesLabels,
    type: MetricType,
    value: number,
    timestampMs: number,
    startTimestampMs: number,
    exemplar: Exemplar | undefined,
  ): void;
  histogram(
    labels: SeriesLabels,
    type: MetricType,
    histogram: NativeHistogram,
    timestampMs: number,
    startTimestampMs: number,
    exemplars: readonly Exemplar[],
  ): void;
}

/** What is taken of a histogram that is both. Without a native part it is classic whatever is wanted, and one without buckets of its own
 *  has a classic form too: count, sum, and the bucket that counts all. */
export type HistogramForms = 'native' | 'classic' | 'both';

const TYPES: readonly MetricType[] = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];

/** @throws {MalformedError | LimitError} */
export function readFamilies(
  body: Buffer,
  limits: FamilyLimits,
  sink: FamilySink,
  histograms: HistogramForms = 'native',
): void {
  let at = 0;
  while (at < body.length) {
    const lengthBytes = new ProtoReader(body, at);
    const length = lengthBytes.varint();
    const start = lengthBytes.at;
    if (length > body.length - start) {
      throw new MalformedError(
        `protobuf message length ${length} exceeds the ${body.length - start} bytes left in the body`,
        at,
      );
    }
    at = start + length;
    new FamilyReader(body, start, at, limits, sink, histograms).read();
  }
}

class FamilyReader {
  readonly #body: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #limits: FamilyLimits;
  readonly #sink: FamilySink;
  readonly #histograms: HistogramForms;
  #name = '';
  #type: MetricType = 'counter';

  constructor(
    body: Buffer,
    start: number,
    end: number,
    limits: FamilyLimits,
    sink: FamilySink,
    histograms: HistogramForms,
  ) {
    this.#body = body;
    this.#start = start;
    this.#end = end;
    this.#limits = limits;
    this.#sink = sink;
    this.#histograms = histograms;
  }

  read(): void {
    const reader = new ProtoReader(this.#body, this.#start, this.#end);
    let help: Buffer = Buffer.alloc(0);
    let unit = '';
    let typeNumber = 0;
    let metrics = 0;
    while (reader.next()) {
      if (reader.field === 1) this.#name = reader.string();
      else if (reader.field === 2) help = reader.bytes();
      else if (reader.field === 3) typeNumber = reader.uint32();
      else if (reader.field === 5) unit = reader.string();
      else {
        if (reader.field === 4) metrics++;
        reader.skip();
      }
    }
    if (metrics === 0) return;
    if (this.#name === '') throw new MalformedError('invalid metric name: ', this.#start);
    if (!isUtf8(help)) throw new MalformedError(`invalid help for metric ${quoteGo(this.#name)}`, this.#start);
    const type = TYPES[typeNumber];
    if (type === undefined) {
      throw new MalformedError(`unknown metric type for metric ${quoteGo(this.#name)}: ${typeNumber}`, this.#start);
    }
    this.#type = type;
    const family = this.#name;
    this.#sink.metadata({ family, kind: 'help', text: help.toString() });
    this.#sink.metadata({ family, kind: 'type', text: type });
    if (unit !== '') this.#sink.metadata({ family, kind: 'unit', text: unit });
    const again = new ProtoReader(this.#body, this.#start, this.#end);
    while (again.next()) {
      if (again.field === 4) this.#metric(again.message());
      else again.skip();
    }
  }

  #metric(reader: ProtoReader): void {
    const pairs: string[] = [];
    let timestampMs = Number.NaN;
    let content: ProtoReader | undefined;
    const wanted = CONTENT_FIELD[this.#type];
    while (reader.next()) {
      if (reader.field === 1) {
        if (pairs.length === 2 * this.#limits.labels) throw new LimitError('labels of a series', this.#limits.labels);
        readPair(reader.message(), pairs);
      } else if (reader.field === 6) {
        // No time and the time 0 look the same.
        const time = reader.int();
        timestampMs = time === 0 ? Number.NaN : time;
      } else if (reader.field === wanted && reader.wireType === LENGTH_DELIMITED) content = reader.message();
      else reader.skip();
    }
    const metric = new MetricReader(content ?? new ProtoReader(Buffer.alloc(0)), this.#limits.parts);
    if (this.#type === 'summary') this.#summary(pairs, timestampMs, metric);
    else if (this.#type === 'histogram' || this.#type === 'gaugehistogram') this.#histogram(pairs, timestampMs, metric);
    else {
      metric.readValue();
      this.#emit('', pairs, metric.value, timestampMs, metric);
    }
  }

  #summary(pairs: readonly string[], timestampMs: number, metric: MetricReader): void {
    metric.readSummary();
    this.#emit('_count', pairs, metric.count, timestampMs, metric);
    this.#emit('_sum', pairs, metric.sum, timestampMs, metric);
    for (const { bound, value } of metric.buckets) {
      const labels = [...pairs, 'quantile', formatOpenMetricsFloat(bound)];
      this.#emit('', labels, value, timestampMs, metric);
    }
  }

  #histogram(pairs: readonly string[], timestampMs: number, metric: MetricReader): void {
    metric.readHistogram();
    const native = this.#histograms === 'classic' ? undefined : metric.native(this.#type === 'gaugehistogram');
    if (native !== undefined) {
      const mismatch = bucketMismatch(native);
      if (mismatch !== undefined) {
        throw new MalformedError(`histogram ${quoteGo(this.#name)}: ${mismatch}`, this.#start);
      }
      this.#sink.histogram(
        this.#labels('', pairs),
        this.#type,
        native,
        timestampMs,
        metric.startTimestampMs,
        metric.nativeExemplars(),
      );
      if (this.#histograms === 'native' || metric.buckets.length === 0) return;
    }
    this.#emit('_count', pairs, metric.count, timestampMs, metric);
    this.#emit('_sum', pairs, metric.sum, timestampMs, metric);
    let isComplete = false;
    for (const { bound, value, exemplar } of metric.buckets) {
      const labels = [...pairs, 'le', formatOpenMetricsFloat(bound)];
      this.#emit('_bucket', labels, value, timestampMs, metric, exemplar);
      isComplete = bound === Number.POSITIVE_INFINITY;
      if (isComplete) break;
    }
    if (!isComplete) this.#emit('_bucket', [...pairs, 'le', '+Inf'], metric.count, timestampMs, metric);
  }

  #emit(
    suffix: string,
    pairs: readonly string[],
    value: number,
    timestampMs: number,
    { startTimestampMs, exemplar: own }: MetricReader,
    exemplar: Exemplar | undefined = own,
  ): void {
    this.#sink.sample(this.#labels(suffix, pairs), this.#type, value, timestampMs, startTimestampMs, exemplar);
  }

  #labels(suffix: string, pairs: readonly string[]): SeriesLabels {
    const labels = ['__name__', this.#name + suffix, ...pairs];
    const twice = sortLabels(labels);
    if (twice === undefined) return labels;
    throw new MalformedError(`label name ${quoteGo(twice)} is not unique: invalid sample`, this.#start);
  }
}

const CONTENT_FIELD: Readonly<Partial<Record<MetricType, number>>> = {
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: 7,
  gaugehistogram: 7,
};

interface Bucket {
  /** Upper bound, or quantile. */
  readonly bound: number;
  readonly value: number;
  readonly exemplar: Exemplar | undefined;
}

/** What stands in Counter, Gauge, Untyped, Summary or Histogram. */
class MetricReader {
  value = 0;
  count = 0;
  sum = 0;
  startTimestampMs = 0;
  /** Of a counter. */
  exemplar: Exemplar | undefined;
  readonly buckets: Bucket[] = [];
  readonly #reader: ProtoReader;
  readonly #maxParts: number;
  #parts = 0;
  #floatCount = 0;
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount = 0;
  #floatZeroCount = 0;
  readonly #positiveSpans: BucketSpan[] = [];
  readonly #negativeSpans: BucketSpan[] = [];
  readonly #positiveDeltas: number[] = [];
  readonly #negativeDeltas: number[] = [];
  readonly #positiveCounts: number[] = [];
  readonly #negativeCounts: number[] = [];
  readonly #exemplars: Exemplar[] = [];

  constructor(reader: ProtoReader, maxParts: number) {
    this.#reader = reader;
    this.#maxParts = maxParts;
  }

  readValue(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.field === 1) this.value = reader.double();
      else if (reader.field === 2) this.exemplar = readExemplar(reader.message());
      else if (reader.field === 3) this.startTimestampMs = readTime(reader.message());
      else reader.skip();
    }
  }

  readSummary(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.field === 1) this.count = reader.uint();
      else if (reader.field === 2) this.sum = reader.double();
      else if (reader.field === 3) this.#add(this.buckets, readQuantile(reader.message()));
      else if (reader.field === 4) this.startTimestampMs = readTime(reader.message());
      else reader.skip();
    }
  }

  readHistogram(): void {
    const reader = this.#reader;
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          this.count = reader.uint();
          break;
        case 2:
          this.sum = reader.double();
          break;
        case 3:
          this.#add(this.buckets, readBucket(reader.message()));
          break;
        case 4:
          this.#floatCount = reader.double();
          break;
        case 5:
          this.#schema = reader.sint();
          break;
        case 6:
          this.#zeroThreshold = reader.double();
          break;
        case 7:
          this.#zeroCount = reader.uint();
          break;
        case 8:
          this.#floatZeroCount = reader.double();
          break;
        case 9:
          this.#add(this.#negativeSpans, readSpan(reader.message()));
          break;
        case 10:
          this.#addNumbers(this.#negativeDeltas, 'sint');
          break;
        case 11:
          this.#addNumbers(this.#negativeCounts, 'double');
          break;
        case 12:
          this.#add(this.#positiveSpans, readSpan(reader.message()));
          break;
        case 13:
          this.#addNumbers(this.#positiveDeltas, 'sint');
          break;
        case 14:
          this.#addNumbers(this.#positiveCounts, 'double');
          break;
        case 15:
          this.startTimestampMs = readTime(reader.message());
          break;
        case 16:
          this.#add(this.#exemplars, readExemplar(reader.message()));
          break;
        default:
          reader.skip();
      }
    }
    if (this.#floatCount !== 0) this.count = this.#floatCount;
  }

  /** @returns undefined for a histogram that has classic buckets only */
  native(isGauge: boolean): NativeHistogram | undefined {
    const isNative =
      this.#positiveSpans.length > 0 ||
      this.#negativeSpans.length > 0 ||
      this.#zeroThreshold > 0 ||
      this.#zeroCount > 0;
    if (!isNative) return undefined;
    const isFloat = this.#floatCount > 0 || this.#floatZeroCount > 0;
    return {
      isFloat,
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: isFloat ? this.#floatZeroCount : this.#zeroCount,
      count: isFloat ? this.#floatCount : this.count,
      sum: this.sum,
      positiveSpans: this.#positiveSpans,
      positiveCounts: isFloat ? this.#positiveCounts : countsOfDeltas(this.#positiveDeltas),
      negativeSpans: this.#negativeSpans,
      negativeCounts: isFloat ? this.#negativeCounts : countsOfDeltas(this.#negativeDeltas),
      customValues: [],
      resetHint: isGauge ? 'gauge' : 'unknown',
      isStale: false,
    };
  }

  /** Those with a time, of the histogram itself, or of its classic buckets where it has none. */
  nativeExemplars(): readonly Exemplar[] {
    const all = this.#exemplars.length > 0 ? this.#exemplars : this.buckets.flatMap(({ exemplar }) => exemplar ?? []);
    return all.filter(({ timestampMs }) => timestampMs !== undefined);
  }

  #add<T>(parts: T[], part: T): void {
    if (this.#parts++ === this.#maxParts) throw new LimitError('parts of a metric', this.#maxParts);
    parts.push(part);
  }

  #addNumbers(numbers: number[], kind: 'sint' | 'double'): void {
    this.#reader.numbers(kind, (value) => this.#add(numbers, value));
  }
}

function readPair(reader: ProtoReader, pairs: string[]): void {
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  pairs.push(name, value);
}

function readQuantile(reader: ProtoReader): Bucket {
  let bound = 0;
  let value = 0;
  while (reader.next()) {
    if (reader.field === 1) bound = reader.double();
    else if (reader.field === 2) value = reader.double();
    else reader.skip();
  }
  return { bound, value, exemplar: undefined };
}

function readBucket(reader: ProtoReader): Bucket {
  let bound = 0;
  let whole = 0;
  let fraction = 0;
  let exemplar: Exemplar | undefined;
  while (reader.next()) {
    if (reader.field === 1) whole = reader.uint();
    else if (reader.field === 2) bound = reader.double();
    else if (reader.field === 3) exemplar = readExemplar(reader.message());
    else if (reader.field === 4) fraction = reader.double();
    else reader.skip();
  }
  return { bound, value: fraction === 0 ? whole : fraction, exemplar };
}

function readSpan(reader: ProtoReader): BucketSpan {
  let offset = 0;
  let length = 0;
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint();
    else if (reader.field === 2) length = reader.uint32();
    else reader.skip();
  }
  return { offset, length };
}

function readExemplar(reader: ProtoReader): Exemplar {
  const labels: string[] = [];
  let value = 0;
  let timestampMs: number | undefined;
  while (reader.next()) {
    if (reader.field === 1) readPair(reader.message(), labels);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestampMs = readTime(reader.message());
    else reader.skip();
  }
  sortLabels(labels);
  return { labels, value, timestampMs };
}

/** google.protobuf.Timestamp, in ms. */
function readTime(reader: ProtoReader): number {
  let seconds = 0;
  let nanos = 0;
  while (reader.next()) {
    if (reader.field === 1) seconds = reader.int();
    else if (reader.field === 2) nanos = reader.int();
    else reader.skip();
  }
  return seconds * 1000 + Math.trunc(nanos / 1e6);
}
