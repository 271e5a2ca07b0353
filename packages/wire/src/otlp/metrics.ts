/** OTLP's requests and answers for metrics, as Protocol Buffers. Source: opentelemetry/proto/collector/metrics/v1/metrics_service.proto
 *  and opentelemetry/proto/metrics/v1/metrics.proto of opentelemetry-proto 1.9. */
import { LimitError } from '../errors.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { NO_SCOPE, readAttributes, readScope, type Scope } from './logs.ts';
import { Allowance, type KeyValue, readKeyValue } from './values.ts';

/** ExportMetricsServiceRequest. */
export interface MetricsRequest {
  readonly resourceMetrics: readonly ResourceMetrics[];
}

export interface ResourceMetrics {
  readonly resource: readonly KeyValue[];
  readonly scopeMetrics: readonly ScopeMetrics[];
}

export interface ScopeMetrics {
  readonly scope: Scope;
  readonly metrics: readonly Metric[];
  readonly schemaUrl: string;
}

export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly data: MetricPoints;
}

export type Temporality = 'unspecified' | 'delta' | 'cumulative';

/** `empty`: none, or of a kind that a later OpenTelemetry may have. */
export type MetricPoints =
  | { readonly kind: 'empty' }
  | { readonly kind: 'gauge'; readonly points: readonly NumberPoint[] }
  | {
      readonly kind: 'sum';
      readonly points: readonly NumberPoint[];
      readonly temporality: Temporality;
      readonly isMonotonic: boolean;
    }
  | { readonly kind: 'histogram'; readonly points: readonly HistogramPoint[]; readonly temporality: Temporality }
  | { readonly kind: 'exponential'; readonly points: readonly ExponentialPoint[]; readonly temporality: Temporality }
  | { readonly kind: 'summary'; readonly points: readonly SummaryPoint[] };

export interface PointTimes {
  /** 0: not known. */
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
}

export interface Point extends PointTimes {
  readonly attributes: readonly KeyValue[];
  /** The series has ended: there is no value. */
  readonly hasNoValue: boolean;
}

export interface NumberPoint extends Point {
  /** Integers beyond 2^53 are rounded, as they are in every series. */
  readonly value: number;
  readonly exemplars: readonly PointExemplar[];
}

/** Counts are whole, and exact below 2^53. */
export interface HistogramPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
  readonly exemplars: readonly PointExemplar[];
}

export interface ExponentialPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: readonly PointExemplar[];
}

export interface ExponentialBuckets {
  /** Index of the first count's bucket. */
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface SummaryPoint extends Point {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface PointExemplar {
  readonly timeUnixNano: bigint;
  readonly value: number;
  readonly attributes: readonly KeyValue[];
  /** Hexadecimal; '' for none. */
  readonly traceId: string;
  readonly spanId: string;
}

/** ExportMetricsServiceResponse: the zero values are a full success. */
export interface MetricsResponse {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

/** What a request may hold; its size alone bounds too little. */
export interface MetricsLimits {
  /** Data points. */
  readonly records: number;
  /** Attributes, values in them, and objects. */
  readonly values: number;
  /** Arrays and lists within each other. */
  readonly depth: number;
  /** Buckets, bounds and quantiles, over the whole request. */
  readonly buckets: number;
}

export const DEFAULT_METRICS_LIMITS: MetricsLimits = {
  records: 200_000,
  values: 1_000_000,
  depth: 32,
  buckets: 4_000_000,
};

export const NO_BUCKETS: ExponentialBuckets = { offset: 0, counts: [] };
const TEMPORALITIES: readonly Temporality[] = ['unspecified', 'delta', 'cumulative'];
const NO_RECORDED_VALUE = 1;

export function temporalityOf(number: number): Temporality {
  return TEMPORALITIES[number] ?? 'unspecified';
}

/** @param flags of a data point */
export function hasNoValue(flags: number): boolean {
  return (flags & NO_RECORDED_VALUE) !== 0;
}

/** What is left of the limits while one request is read. */
export class MetricsAllowance extends Allowance {
  readonly #maxBuckets: number;
  #buckets = 0;

  constructor(limits: MetricsLimits) {
    super(limits, 'data points');
    this.#maxBuckets = limits.buckets;
  }

  /** @throws {LimitError} */
  takeBucket(): void {
    if (++this.#buckets > this.#maxBuckets) throw new LimitError('buckets', this.#maxBuckets);
  }
}

/** @throws {MalformedError | LimitError} */
export function decodeMetricsRequest(bytes: Buffer, limits: MetricsLimits = DEFAULT_METRICS_LIMITS): MetricsRequest {
  const reader = new ProtoReader(bytes);
  const allowance = new MetricsAllowance(limits);
  const resourceMetrics: ResourceMetrics[] = [];
  while (reader.next()) {
    if (reader.field === 1) resourceMetrics.push(readResourceMetrics(reader.message(), allowance));
    else reader.skip();
  }
  return { resourceMetrics };
}

function readResourceMetrics(reader: ProtoReader, allowance: MetricsAllowance): ResourceMetrics {
  allowance.takeValue(0);
  const resource: KeyValue[] = [];
  const scopeMetrics: ScopeMetrics[] = [];
  while (reader.next()) {
    if (reader.field === 1) readAttributes(reader.message(), 1, resource, allowance);
    else if (reader.field === 2) scopeMetrics.push(readScopeMetrics(reader.message(), allowance));
    else reader.skip();
  }
  return { resource, scopeMetrics };
}

function readScopeMetrics(reader: ProtoReader, allowance: MetricsAllowance): ScopeMetrics {
  allowance.takeValue(0);
  let scope = NO_SCOPE;
  const metrics: Metric[] = [];
  let schemaUrl = '';
  while (reader.next()) {
    if (reader.field === 1) scope = readScope(reader.message(), allowance);
    else if (reader.field === 2) metrics.push(readMetric(reader.message(), allowance));
    else if (reader.field === 3) schemaUrl = reader.string();
    else reader.skip();
  }
  return { scope, metrics, schemaUrl };
}

function readMetric(reader: ProtoReader, allowance: MetricsAllowance): Metric {
  allowance.takeValue(0);
  let name = '';
  let description = '';
  let unit = '';
  let data: MetricPoints = { kind: 'empty' };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        description = reader.string();
        break;
      case 3:
        unit = reader.string();
        break;
      case 5:
        data = { kind: 'gauge', points: readPoints(reader.message(), readNumberPoint, allowance).points };
        break;
      case 7:
        data = { kind: 'sum', ...readPoints(reader.message(), readNumberPoint, allowance) };
        break;
      case 9: {
        const { points, temporality } = readPoints(reader.message(), readHistogramPoint, allowance);
        data = { kind: 'histogram', points, temporality };
        break;
      }
      case 10: {
        const { points, temporality } = readPoints(reader.message(), readExponentialPoint, allowance);
        data = { kind: 'exponential', points, temporality };
        break;
      }
      case 11:
        data = { kind: 'summary', points: readPoints(reader.message(), readSummaryPoint, allowance).points };
        break;
      default:
        reader.skip();
    }
  }
  return { name, description, unit, data };
}

/** Of the message of any kind: all have their points first. */
function readPoints<P>(
  reader: ProtoReader,
  readPoint: (reader: ProtoReader, allowance: MetricsAllowance) => P,
  allowance: MetricsAllowance,
): { readonly points: readonly P[]; readonly temporality: Temporality; readonly isMonotonic: boolean } {
  const points: P[] = [];
  let temporality: Temporality = 'unspecified';
  let isMonotonic = false;
  while (reader.next()) {
    if (reader.field === 1) {
      allowance.takeRecord();
      points.push(readPoint(reader.message(), allowance));
    } else if (reader.field === 2) temporality = temporalityOf(reader.uint32());
    else if (reader.field === 3) isMonotonic = reader.bool();
    else reader.skip();
  }
  return { points, temporality, isMonotonic };
}

function readNumberPoint(reader: ProtoReader, allowance: MetricsAllowance): NumberPoint {
  const attributes: KeyValue[] = [];
  const exemplars: PointExemplar[] = [];
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let value = 0;
  let flags = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        startTimeUnixNano = reader.fixed64();
        break;
      case 3:
        timeUnixNano = reader.fixed64();
        break;
      case 4:
        value = reader.double();
        break;
      case 5:
        exemplars.push(readExemplar(reader.message(), allowance));
        break;
      case 6:
        value = signed(reader.fixed64());
        break;
      case 7:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      case 8:
        flags = reader.uint32();
        break;
      default:
        reader.skip();
    }
  }
  return { attributes, startTimeUnixNano, timeUnixNano, value, exemplars, hasNoValue: hasNoValue(flags) };
}

function readHistogramPoint(reader: ProtoReader, allowance: MetricsAllowance): HistogramPoint {
  const attributes: KeyValue[] = [];
  const exemplars: PointExemplar[] = [];
  const bucketCounts: number[] = [];
  const explicitBounds: number[] = [];
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum: number | undefined;
  let flags = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        startTimeUnixNano = reader.fixed64();
        break;
      case 3:
        timeUnixNano = reader.fixed64();
        break;
      case 4:
        count = Number(reader.fixed64());
        break;
      case 5:
        sum = reader.double();
        break;
      case 6:
        reader.numbers('fixed64', (bucket) => push(bucketCounts, bucket, allowance));
        break;
      case 7:
        reader.numbers('double', (bound) => push(explicitBounds, bound, allowance));
        break;
      case 8:
        exemplars.push(readExemplar(reader.message(), allowance));
        break;
      case 9:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      case 10:
        flags = reader.uint32();
        break;
      default:
        reader.skip();
    }
  }
  return {
    attributes,
    startTimeUnixNano,
    timeUnixNano,
    count,
    sum,
    bucketCounts,
    explicitBounds,
    exemplars,
    hasNoValue: hasNoValue(flags),
  };
}

function readExponentialPoint(reader: ProtoReader, allowance: MetricsAllowance): ExponentialPoint {
  const attributes: KeyValue[] = [];
  const exemplars: PointExemplar[] = [];
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum: number | undefined;
  let scale = 0;
  let zeroCount = 0;
  let zeroThreshold = 0;
  let positive = NO_BUCKETS;
  let negative = NO_BUCKETS;
  let flags = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      case 2:
        startTimeUnixNano = reader.fixed64();
        break;
      case 3:
        timeUnixNano = reader.fixed64();
        break;
      case 4:
        count = Number(reader.fixed64());
        break;
      case 5:
        sum = reader.double();
        break;
      case 6:
        scale = reader.sint() | 0;
        break;
      case 7:
        zeroCount = Number(reader.fixed64());
        break;
      case 8:
        positive = readBuckets(reader.message(), allowance);
        break;
      case 9:
        negative = readBuckets(reader.message(), allowance);
        break;
      case 10:
        flags = reader.uint32();
        break;
      case 11:
        exemplars.push(readExemplar(reader.message(), allowance));
        break;
      case 14:
        zeroThreshold = reader.double();
        break;
      default:
        reader.skip();
    }
  }
  return {
    attributes,
    startTimeUnixNano,
    timeUnixNano,
    count,
    sum,
    scale,
    zeroCount,
    zeroThreshold,
    positive,
    negative,
    exemplars,
    hasNoValue: hasNoValue(flags),
  };
}

function readBuckets(reader: ProtoReader, allowance: MetricsAllowance): ExponentialBuckets {
  let offset = 0;
  const counts: number[] = [];
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint() | 0;
    else if (reader.field === 2) reader.numbers('uint', (bucket) => push(counts, bucket, allowance));
    else reader.skip();
  }
  return { offset, counts };
}

function readSummaryPoint(reader: ProtoReader, allowance: MetricsAllowance): SummaryPoint {
  const attributes: KeyValue[] = [];
  const quantiles: { quantile: number; value: number }[] = [];
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum = 0;
  let flags = 0;
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        startTimeUnixNano = reader.fixed64();
        break;
      case 3:
        timeUnixNano = reader.fixed64();
        break;
      case 4:
        count = Number(reader.fixed64());
        break;
      case 5:
        sum = reader.double();
        break;
      case 6:
        allowance.takeBucket();
        quantiles.push(readQuantile(reader.message()));
        break;
      case 7:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      case 8:
        flags = reader.uint32();
        break;
      default:
        reader.skip();
    }
  }
  return { attributes, startTimeUnixNano, timeUnixNano, count, sum, quantiles, hasNoValue: hasNoValue(flags) };
}

function readQuantile(reader: ProtoReader): { quantile: number; value: number } {
  let quantile = 0;
  let value = 0;
  while (reader.next()) {
    if (reader.field === 1) quantile = reader.double();
    else if (reader.field === 2) value = reader.double();
    else reader.skip();
  }
  return { quantile, value };
}

function readExemplar(reader: ProtoReader, allowance: MetricsAllowance): PointExemplar {
  allowance.takeValue(0);
  const attributes: KeyValue[] = [];
  let timeUnixNano = 0n;
  let value = 0;
  let traceId = '';
  let spanId = '';
  while (reader.next()) {
    switch (reader.field) {
      case 2:
        timeUnixNano = reader.fixed64();
        break;
      case 3:
        value = reader.double();
        break;
      case 4:
        spanId = idText(reader.bytes().toString('hex'));
        break;
      case 5:
        traceId = idText(reader.bytes().toString('hex'));
        break;
      case 6:
        value = signed(reader.fixed64());
        break;
      case 7:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      default:
        reader.skip();
    }
  }
  return { timeUnixNano, value, attributes, traceId, spanId };
}

/** An id of zeros is none. */
export function idText(hex: string): string {
  return /^0*$/.test(hex) ? '' : hex.toLowerCase();
}

function signed(bits: bigint): number {
  return Number(BigInt.asIntN(64, bits));
}

function push(to: number[], value: number, allowance: MetricsAllowance): void {
  allowance.takeBucket();
  to.push(value);
}

export function encodeMetricsResponse({ rejectedDataPoints, errorMessage }: MetricsResponse): Buffer {
  const writer = new ProtoWriter();
  if (rejectedDataPoints > 0 || errorMessage !== '') {
    writer.message(1, () => {
      if (rejectedDataPoints > 0) writer.uint(1, rejectedDataPoints);
      if (errorMessage !== '') writer.string(2, errorMessage);
    });
  }
  return writer.finish();
}
