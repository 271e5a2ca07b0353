/** What OpenTelemetry's SDKs push: every kind of metric, in both formats. */
import { ExportMetricsServiceRequest } from '../../packages/wire/test/otlp/official.ts';

const times = { startTimeUnixNano: '1763719200123456789', timeUnixNano: '1763719260000000000' };
const attributes = [
  { key: 'http.route', value: { stringValue: '/a/{id}' } },
  { key: '__name__', value: { stringValue: 'x' } },
  { key: 'list', value: { arrayValue: { values: [{ intValue: '-7' }, { doubleValue: 1.5 }] } } },
];
const exemplars = [{ timeUnixNano: '1763719230000000000', asDouble: 0.7, filteredAttributes: attributes }];
const resource = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'service.instance.id', value: { stringValue: 'i-1' } },
    { key: 'host.name', value: { stringValue: 'n1' } },
  ],
};
const buckets = { offset: -3, bucketCounts: ['1', '0', '0', '0', '2', '3'] };

function requestOf(aggregationTemporality: number): object {
  return {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            scope: { name: 'io', version: '1', attributes },
            schemaUrl: 'u',
            metrics: [
              { name: 'queue.size', unit: '1', gauge: { dataPoints: [{ ...times, asInt: '-3', attributes }] } },
              {
                name: 'requests',
                unit: 'By/s',
                description: 'How many',
                sum: { aggregationTemporality, isMonotonic: true, dataPoints: [{ ...times, asDouble: 7, exemplars }] },
              },
              {
                name: 'duration',
                unit: 's',
                histogram: {
                  aggregationTemporality,
                  dataPoints: [
                    { ...times, count: '6', sum: 3.5, bucketCounts: ['1', '5'], explicitBounds: [0.5], exemplars },
                  ],
                },
              },
              {
                name: 'latency',
                exponentialHistogram: {
                  aggregationTemporality,
                  dataPoints: [
                    { ...times, count: '13', scale: 9, zeroCount: '1', positive: buckets, negative: buckets, flags: 0 },
                  ],
                },
              },
              {
                name: 'gc',
                summary: {
                  dataPoints: [
                    { ...times, count: '2', sum: 1, quantileValues: [{ quantile: 0.5, value: 1 }], flags: 1 },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

const REQUESTS = [requestOf(1), requestOf(2)];

export const METRICS_JSON: readonly Buffer[] = REQUESTS.map((request) => Buffer.from(JSON.stringify(request)));

export const METRICS_PROTOBUF: readonly Buffer[] = REQUESTS.map((request) =>
  Buffer.from(ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(request)).finish()),
);
