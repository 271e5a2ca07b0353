/** Held against the encoder that is generated from the official proto files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_METRICS_LIMITS,
  decodeMetricsRequest,
  encodeMetricsResponse,
  type MetricsLimits,
} from '../../src/otlp/metrics.ts';
import { formatMetricsResponse, parseMetricsRequest } from '../../src/otlp/metrics-json.ts';
import { SEEDED } from '../seeded.ts';
import { metricsRequest } from './arbitrary-metrics.ts';
import { ExportMetricsServiceRequest, ExportMetricsServiceResponse } from './official.ts';

/** What the official encoder makes of the JSON: ids are hexadecimal in it, and nothing else is bytes. */
function officialBytes(json: object): Buffer {
  const withIds = JSON.parse(JSON.stringify(json), (key, value) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value, 'hex').toString('base64') : value,
  );
  const message = ExportMetricsServiceRequest.fromObject(withIds);
  return Buffer.from(ExportMetricsServiceRequest.encode(message).finish());
}

const oneGauge = (dataPoints: readonly object[]): object => ({
  resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints } }] }] }],
});

function limited(limits: Partial<MetricsLimits>): MetricsLimits {
  return { ...DEFAULT_METRICS_LIMITS, ...limits };
}

describe('OTLP metrics', () => {
  it('are the same in JSON and as the official encoder writes them', () => {
    fc.assert(
      fc.property(metricsRequest, (json) => {
        expect(decodeMetricsRequest(officialBytes(json))).toEqual(parseMetricsRequest(JSON.stringify(json)));
      }),
      { ...SEEDED, numRuns: 300 },
    );
  });

  it('have times in nanoseconds, numbers of both kinds, and traces in hexadecimal', () => {
    const request = parseMetricsRequest(
      JSON.stringify(
        oneGauge([
          {
            timeUnixNano: '1795255200123456789',
            asInt: '-3',
            flags: 1,
            exemplars: [{ asDouble: 0.5, traceId: 'AB'.repeat(16), spanId: '00'.repeat(8) }],
          },
        ]),
      ),
    );
    expect(request.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.data).toMatchObject({
      kind: 'gauge',
      points: [
        {
          timeUnixNano: 1_795_255_200_123_456_789n,
          startTimeUnixNano: 0n,
          value: -3,
          hasNoValue: true,
          exemplars: [{ value: 0.5, traceId: 'ab'.repeat(16), spanId: '' }],
        },
      ],
    });
  });

  it('take the names of temporalities, and NaN and infinities as texts', () => {
    const sum = { aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA', dataPoints: [{ asDouble: '-Infinity' }] };
    const json = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 's', sum }] }] }] };
    expect(
      parseMetricsRequest(JSON.stringify(json)).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.data,
    ).toMatchObject({
      kind: 'sum',
      temporality: 'delta',
      isMonotonic: false,
      points: [{ value: Number.NEGATIVE_INFINITY }],
    });
  });

  it.each([
    ['more than 1 data points', { records: 1 }],
    ['more than 3 attributes and values', { values: 3 }],
  ])('are refused with %s', (message, limits) => {
    const json = oneGauge([{ asInt: 1, attributes: [{ key: 'a', value: { intValue: 1 } }] }, { asInt: 2 }]);
    expect(() => parseMetricsRequest(JSON.stringify(json), limited(limits))).toThrow(message);
    expect(() => decodeMetricsRequest(officialBytes(json), limited(limits))).toThrow(message);
  });

  it('are refused with more buckets than may be', () => {
    const histogram = { dataPoints: [{ bucketCounts: ['1', '2'], explicitBounds: [1] }] };
    const json = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'h', histogram }] }] }] };
    expect(() => parseMetricsRequest(JSON.stringify(json), limited({ buckets: 2 }))).toThrow('more than 2 buckets');
    expect(() => decodeMetricsRequest(officialBytes(json), limited({ buckets: 2 }))).toThrow('more than 2 buckets');
  });

  it.each([
    '[]',
    '{"resourceMetrics":{}}',
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"isMonotonic":1}}]}]}]}',
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"timeUnixNano":-1}]}}]}]}]}',
  ])('are refused in JSON of another form: %s', (text) => {
    expect(() => parseMetricsRequest(text)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  });
});

describe('the answer to OTLP metrics', () => {
  it('is empty where all was taken', () => {
    const all = { rejectedDataPoints: 0, errorMessage: '' };
    expect(encodeMetricsResponse(all)).toEqual(Buffer.alloc(0));
    expect(formatMetricsResponse(all)).toBe('{}');
  });

  it('says how many data points were not taken, and why', () => {
    const partial = { rejectedDataPoints: 300, errorMessage: 'out of order' };
    const decoded = ExportMetricsServiceResponse.decode(encodeMetricsResponse(partial));
    expect(ExportMetricsServiceResponse.toObject(decoded, { longs: Number })).toEqual({
      partialSuccess: { rejectedDataPoints: 300, errorMessage: 'out of order' },
    });
    expect(JSON.parse(formatMetricsResponse(partial))).toEqual({
      partialSuccess: { rejectedDataPoints: '300', errorMessage: 'out of order' },
    });
  });
});
