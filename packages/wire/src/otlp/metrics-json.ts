/** OTLP's metrics in JSON; json.ts says how its JSON is. */
import { MalformedError } from '../errors.ts';
import { arrayAt, integerAt, type JsonObject, objectAt, parseJson, textAt } from '../json-text.ts';
import { doubleOf, idOf, keyValuesOf, scopeOf } from './json.ts';
import {
  DEFAULT_METRICS_LIMITS,
  type ExponentialBuckets,
  type ExponentialPoint,
  type HistogramPoint,
  hasNoValue,
  idText,
  type Metric,
  type MetricPoints,
  MetricsAllowance,
  type MetricsLimits,
  type MetricsRequest,
  type MetricsResponse,
  type NumberPoint,
  type Point,
  type PointExemplar,
  type ResourceMetrics,
  type ScopeMetrics,
  type SummaryPoint,
  type Temporality,
  temporalityOf,
} from './metrics.ts';

/** @throws {MalformedError | LimitError} */
export function parseMetricsRequest(text: string, limits: MetricsLimits = DEFAULT_METRICS_LIMITS): MetricsRequest {
  const allowance = new MetricsAllowance(limits);
  const request = objectAt(parseJson(text), 'request');
  return {
    resourceMetrics: objectsAt(request, 'resourceMetrics', '', (json, path) =>
      resourceMetricsOf(json, path, allowance),
    ),
  };
}

/** What `read` makes of each object of an array. */
function objectsAt<T>(
  json: JsonObject,
  name: string,
  path: string,
  read: (item: JsonObject, path: string) => T,
): readonly T[] {
  const at = path === '' ? name : `${path}.${name}`;
  return arrayAt(json[name], at).map((item, index) => read(objectAt(item, `${at}[${index}]`), `${at}[${index}]`));
}

function resourceMetricsOf(json: JsonObject, path: string, allowance: MetricsAllowance): ResourceMetrics {
  allowance.takeValue(0);
  const resource = objectAt(json.resource ?? {}, `${path}.resource`);
  return {
    resource: keyValuesOf(resource.attributes, `${path}.resource.attributes`, allowance, 0),
    scopeMetrics: objectsAt(json, 'scopeMetrics', path, (item, at) => scopeMetricsOf(item, at, allowance)),
  };
}

function scopeMetricsOf(json: JsonObject, path: string, allowance: MetricsAllowance): ScopeMetrics {
  allowance.takeValue(0);
  return {
    scope: scopeOf(objectAt(json.scope ?? {}, `${path}.scope`), `${path}.scope`, allowance),
    metrics: objectsAt(json, 'metrics', path, (item, at) => metricOf(item, at, allowance)),
    schemaUrl: textAt(json.schemaUrl, `${path}.schemaUrl`),
  };
}

function metricOf(json: JsonObject, path: string, allowance: MetricsAllowance): Metric {
  allowance.takeValue(0);
  return {
    name: textAt(json.name, `${path}.name`),
    description: textAt(json.description, `${path}.description`),
    unit: textAt(json.unit, `${path}.unit`),
    data: pointsOf(json, path, allowance),
  };
}

function pointsOf(json: JsonObject, path: string, allowance: MetricsAllowance): MetricPoints {
  if (json.gauge !== undefined) {
    const [gauge, at] = [objectAt(json.gauge, `${path}.gauge`), `${path}.gauge`];
    return { kind: 'gauge', points: dataPoints(gauge, at, numberPointOf, allowance) };
  }
  if (json.sum !== undefined) {
    const [sum, at] = [objectAt(json.sum, `${path}.sum`), `${path}.sum`];
    const points = dataPoints(sum, at, numberPointOf, allowance);
    return { kind: 'sum', points, temporality: temporalityAt(sum, at), isMonotonic: flagAt(sum.isMonotonic, at) };
  }
  if (json.histogram !== undefined) {
    const [histogram, at] = [objectAt(json.histogram, `${path}.histogram`), `${path}.histogram`];
    const points = dataPoints(histogram, at, histogramPointOf, allowance);
    return { kind: 'histogram', points, temporality: temporalityAt(histogram, at) };
  }
  if (json.exponentialHistogram !== undefined) {
    const at = `${path}.exponentialHistogram`;
    const histogram = objectAt(json.exponentialHistogram, at);
    const points = dataPoints(histogram, at, exponentialPointOf, allowance);
    return { kind: 'exponential', points, temporality: temporalityAt(histogram, at) };
  }
  if (json.summary !== undefined) {
    const [summary, at] = [objectAt(json.summary, `${path}.summary`), `${path}.summary`];
    return { kind: 'summary', points: dataPoints(summary, at, summaryPointOf, allowance) };
  }
  return { kind: 'empty' };
}

function dataPoints<P>(
  json: JsonObject,
  path: string,
  read: (json: JsonObject, path: string, allowance: MetricsAllowance) => P,
  allowance: MetricsAllowance,
): readonly P[] {
  return objectsAt(json, 'dataPoints', path, (item, at) => {
    allowance.takeRecord();
    return read(item, at, allowance);
  });
}

const TEMPORALITY_NAME = /^AGGREGATION_TEMPORALITY_(UNSPECIFIED|DELTA|CUMULATIVE)$/;

/** A number; some senders write its name. */
function temporalityAt({ aggregationTemporality: value }: JsonObject, path: string): Temporality {
  const name = typeof value === 'string' ? TEMPORALITY_NAME.exec(value)?.[1] : undefined;
  switch (name) {
    case 'DELTA':
      return 'delta';
    case 'CUMULATIVE':
      return 'cumulative';
    case 'UNSPECIFIED':
      return 'unspecified';
    default:
      return temporalityOf(Number(integerAt(value, `${path}.aggregationTemporality`, 32, false)));
  }
}

function flagAt(value: unknown, path: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new MalformedError(`${path}.isMonotonic: not true or false`);
}

function pointOf(json: JsonObject, path: string, allowance: MetricsAllowance): Point {
  return {
    attributes: keyValuesOf(json.attributes, `${path}.attributes`, allowance, 0),
    startTimeUnixNano: integerAt(json.startTimeUnixNano, `${path}.startTimeUnixNano`, 64, false),
    timeUnixNano: integerAt(json.timeUnixNano, `${path}.timeUnixNano`, 64, false),
    hasNoValue: hasNoValue(Number(integerAt(json.flags, `${path}.flags`, 32, false))),
  };
}

function numberPointOf(json: JsonObject, path: string, allowance: MetricsAllowance): NumberPoint {
  return {
    ...pointOf(json, path, allowance),
    value: valueAt(json, path),
    exemplars: exemplarsOf(json, path, allowance),
  };
}

function histogramPointOf(json: JsonObject, path: string, allowance: MetricsAllowance): HistogramPoint {
  return {
    ...pointOf(json, path, allowance),
    count: countAt(json.count, `${path}.count`),
    sum: doubleAt(json.sum, `${path}.sum`),
    bucketCounts: countsAt(json.bucketCounts, `${path}.bucketCounts`, allowance),
    explicitBounds: arrayAt(json.explicitBounds, `${path}.explicitBounds`).map((bound, index) => {
      allowance.takeBucket();
      return doubleOf(bound, `${path}.explicitBounds[${index}]`);
    }),
    exemplars: exemplarsOf(json, path, allowance),
  };
}

function exponentialPointOf(json: JsonObject, path: string, allowance: MetricsAllowance): ExponentialPoint {
  return {
    ...pointOf(json, path, allowance),
    count: countAt(json.count, `${path}.count`),
    sum: doubleAt(json.sum, `${path}.sum`),
    scale: Number(integerAt(json.scale, `${path}.scale`, 32, true)),
    zeroCount: countAt(json.zeroCount, `${path}.zeroCount`),
    zeroThreshold: doubleAt(json.zeroThreshold, `${path}.zeroThreshold`) ?? 0,
    positive: bucketsAt(json.positive, `${path}.positive`, allowance),
    negative: bucketsAt(json.negative, `${path}.negative`, allowance),
    exemplars: exemplarsOf(json, path, allowance),
  };
}

function summaryPointOf(json: JsonObject, path: string, allowance: MetricsAllowance): SummaryPoint {
  return {
    ...pointOf(json, path, allowance),
    count: countAt(json.count, `${path}.count`),
    sum: doubleAt(json.sum, `${path}.sum`) ?? 0,
    quantiles: objectsAt(json, 'quantileValues', path, (item, at) => {
      allowance.takeBucket();
      return {
        quantile: doubleAt(item.quantile, `${at}.quantile`) ?? 0,
        value: doubleAt(item.value, `${at}.value`) ?? 0,
      };
    }),
  };
}

function bucketsAt(value: unknown, path: string, allowance: MetricsAllowance): ExponentialBuckets {
  const json = objectAt(value ?? {}, path);
  return {
    offset: Number(integerAt(json.offset, `${path}.offset`, 32, true)),
    counts: countsAt(json.bucketCounts, `${path}.bucketCounts`, allowance),
  };
}

function exemplarsOf(json: JsonObject, path: string, allowance: MetricsAllowance): readonly PointExemplar[] {
  return objectsAt(json, 'exemplars', path, (item, at) => {
    allowance.takeValue(0);
    return {
      timeUnixNano: integerAt(item.timeUnixNano, `${at}.timeUnixNano`, 64, false),
      value: valueAt(item, at),
      attributes: keyValuesOf(item.filteredAttributes, `${at}.filteredAttributes`, allowance, 0),
      traceId: idText(Buffer.from(idOf(item.traceId, `${at}.traceId`)).toString('hex')),
      spanId: idText(Buffer.from(idOf(item.spanId, `${at}.spanId`)).toString('hex')),
    };
  });
}

/** `asDouble` or `asInt`; without either 0. */
function valueAt({ asDouble, asInt }: JsonObject, path: string): number {
  if (asDouble !== undefined && asDouble !== null) return doubleOf(asDouble, `${path}.asDouble`);
  return Number(integerAt(asInt, `${path}.asInt`, 64, true));
}

function doubleAt(value: unknown, path: string): number | undefined {
  return value === undefined || value === null ? undefined : doubleOf(value, path);
}

function countAt(value: unknown, path: string): number {
  return Number(integerAt(value, path, 64, false));
}

function countsAt(value: unknown, path: string, allowance: MetricsAllowance): readonly number[] {
  return arrayAt(value, path).map((item, index) => {
    allowance.takeBucket();
    return countAt(item, `${path}[${index}]`);
  });
}

export function formatMetricsResponse({ rejectedDataPoints, errorMessage }: MetricsResponse): string {
  if (rejectedDataPoints === 0 && errorMessage === '') return '{}';
  return JSON.stringify({ partialSuccess: { rejectedDataPoints: String(rejectedDataPoints), errorMessage } });
}
