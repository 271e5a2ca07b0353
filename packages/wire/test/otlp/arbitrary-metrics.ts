/** OTLP requests for metrics in JSON, with everything in them. */
import fc from 'fast-check';

const text = fc.string({ maxLength: 12 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const count = fc.nat({ max: 2 ** 31 });
const counts = fc.array(count.map(String), { maxLength: 6 });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const attributes = fc.array(
  fc.record({
    key: text,
    value: fc.oneof(
      fc.record({ stringValue: text }),
      fc.record({ boolValue: fc.boolean() }),
      fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
      fc.record({ doubleValue: double }),
    ),
  }),
  { maxLength: 3 },
);
const times = { startTimeUnixNano: uint64, timeUnixNano: uint64, attributes, flags: fc.nat({ max: 3 }) };
const value = fc.oneof(
  fc.record({ asDouble: double }),
  fc.record({ asInt: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
);
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const exemplars = fc.array(
  fc
    .record({ timeUnixNano: uint64, filteredAttributes: attributes, traceId: hex(16), spanId: hex(8) })
    .chain((exemplar) => value.map((number) => ({ ...exemplar, ...number }))),
  { maxLength: 2 },
);
const sum = { sum: double };
const buckets = fc.record({ offset: fc.integer(), bucketCounts: counts });

const numberPoint = fc
  .record({ ...times, exemplars })
  .chain((point) => value.map((number) => ({ ...point, ...number })));
const histogramPoint = fc.record(
  { ...times, count: count.map(String), bucketCounts: counts, explicitBounds: fc.array(double), exemplars, ...sum },
  { requiredKeys: ['timeUnixNano', 'count'] },
);
const exponentialPoint = fc.record(
  {
    ...times,
    count: count.map(String),
    scale: fc.integer({ min: -20, max: 20 }),
    zeroCount: count.map(String),
    zeroThreshold: double,
    positive: buckets,
    negative: buckets,
    exemplars,
    ...sum,
  },
  { requiredKeys: ['timeUnixNano'] },
);
const summaryPoint = fc.record({
  ...times,
  count: count.map(String),
  sum: double,
  quantileValues: fc.array(fc.record({ quantile: double, value: double }), { maxLength: 3 }),
});
const aggregationTemporality = fc.nat({ max: 2 });
const points = (point: fc.Arbitrary<object>): fc.Arbitrary<object[]> => fc.array(point, { maxLength: 3 });
const data = fc.oneof(
  fc.record({ gauge: fc.record({ dataPoints: points(numberPoint) }) }),
  fc.record({
    sum: fc.record({ dataPoints: points(numberPoint), aggregationTemporality, isMonotonic: fc.boolean() }),
  }),
  fc.record({ histogram: fc.record({ dataPoints: points(histogramPoint), aggregationTemporality }) }),
  fc.record({ exponentialHistogram: fc.record({ dataPoints: points(exponentialPoint), aggregationTemporality }) }),
  fc.record({ summary: fc.record({ dataPoints: points(summaryPoint) }) }),
);
const metric = fc
  .record({ name: text, description: text, unit: text })
  .chain((named) => data.map((one) => ({ ...named, ...one })));

export const metricsRequest = fc.record({
  resourceMetrics: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeMetrics: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, attributes }),
          metrics: fc.array(metric, { maxLength: 3 }),
          schemaUrl: text,
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
});
