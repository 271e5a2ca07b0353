import { gzipSync } from 'node:zlib';
import type { HttpReply } from '@vigie/core/http-server/exchange';
import { describe, expect, it } from 'vitest';
import { nano, type ReceiverBed, receiverBed, requestOf } from './receiver-bed.ts';

const CUMULATIVE = 2;
const DELTA = 1;
const RESOURCE = { 'service.name': 'shop', 'service.namespace': 'web', 'service.instance.id': 'i1' };
const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function bodyOf({ body }: HttpReply): unknown {
  return JSON.parse(String(body));
}

function counter(bed: ReceiverBed, second: number, asInt: number, more: object = {}): object {
  const dataPoints = [{ timeUnixNano: nano(bed.clock, second), asInt: String(asInt), ...more }];
  const sum = { dataPoints, isMonotonic: true, aggregationTemporality: CUMULATIVE };
  return { name: 'http.requests', unit: '1', description: 'How many.', sum };
}

describe('what becomes of metrics', () => {
  it('gauges and sums have job, instance and their attributes', async () => {
    const bed = await receiverBed();
    const gauge = {
      dataPoints: [{ timeUnixNano: nano(bed.clock, 1), asDouble: 0.5, attributes: [string('a.b', 'x')] }],
    };
    const metrics = [{ name: 'load', unit: 'By', gauge }, counter(bed, 2, 7)];
    expect(bodyOf(await bed.push(requestOf(metrics, RESOURCE)))).toEqual({});
    expect(await bed.samples()).toEqual({
      'load_bytes{a_b="x", instance="i1", job="web/shop"}': [[1, 0.5]],
      'http_requests_total{instance="i1", job="web/shop"}': [[2, 7]],
    });
  });

  it('histograms are series of their buckets, and summaries of their quantiles', async () => {
    const bed = await receiverBed();
    const timeUnixNano = nano(bed.clock, 1);
    const histogram = {
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ timeUnixNano, count: '6', sum: 9.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.5, 10] }],
    };
    const quantileValues = [{ quantile: 0.99, value: 4 }];
    const summary = { dataPoints: [{ timeUnixNano, count: '2', sum: 5, quantileValues }] };
    await bed.push(
      requestOf([
        { name: 'h', unit: 's', histogram },
        { name: 'q', summary },
      ]),
    );
    expect(await bed.samples()).toEqual({
      'h_seconds_bucket{le="+Inf"}': [[1, 6]],
      'h_seconds_bucket{le="0.5"}': [[1, 1]],
      'h_seconds_bucket{le="10"}': [[1, 3]],
      'h_seconds_count{}': [[1, 6]],
      'h_seconds_sum{}': [[1, 9.5]],
      'q_count{}': [[1, 2]],
      'q_sum{}': [[1, 5]],
      'q{quantile="0.99"}': [[1, 4]],
    });
  });

  it('exponential histograms are native ones, as are others where that is wanted', async () => {
    const bed = await receiverBed({ translation: { convertsHistograms: true } });
    const timeUnixNano = nano(bed.clock, 1);
    const exponentialHistogram = {
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ timeUnixNano, count: '3', scale: 1, positive: { offset: 0, bucketCounts: ['1', '2'] } }],
    };
    const histogram = {
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ timeUnixNano, count: '4', bucketCounts: ['1', '3'], explicitBounds: [1] }],
    };
    await bed.push(
      requestOf([
        { name: 'e', exponentialHistogram },
        { name: 'h', histogram },
      ]),
    );
    expect(await bed.samples()).toEqual({ 'e{}': [[1, 3]], 'h{}': [[1, 4]] });
    expect(bed.receiver.counts.written).toEqual({ samples: 0, histograms: 2, exemplars: 0 });
  });

  it('what else is known of a resource is in target_info, from its first point to its last', async () => {
    const bed = await receiverBed();
    const metrics = [counter(bed, 0, 1), counter(bed, 200, 1)];
    await bed.push(requestOf(metrics, { ...RESOURCE, 'host.name': 'n1' }));
    const series = 'target_info{host_name="n1", instance="i1", job="web/shop"}';
    expect(await bed.samples('target_info')).toEqual({
      [series]: [
        [0, 1],
        [150, 1],
        [200, 1],
      ],
    });
    await bed.push(requestOf([counter(bed, 300, 2)], RESOURCE));
    expect(Object.keys(await bed.samples('target_info'))).toEqual([series]);
  });

  it('a resource without time does not fill decades with target_info', async () => {
    const bed = await receiverBed();
    const metrics = [counter(bed, 10, 1), { name: 'g', gauge: { dataPoints: [{ asInt: 1 }] } }];
    await bed.push(requestOf(metrics, { ...RESOURCE, 'host.name': 'n1' }));
    expect(bed.receiver.counts.written.samples).toBeLessThan(120);
  });

  it('attributes of the resource are labels where they are promoted, scopes too', async () => {
    const promoted = { kind: 'these', attributes: new Set(['host.name']) } as const;
    const bed = await receiverBed({ translation: { promoted, hasScopeLabels: true } });
    await bed.push(requestOf([counter(bed, 1, 1)], { ...RESOURCE, 'host.name': 'n1', 'host.id': '7' }));
    expect(Object.keys(await bed.samples('http_requests_total'))).toEqual([
      'http_requests_total{host_name="n1", instance="i1", job="web/shop", otel_scope_name="s"}',
    ]);
  });

  it('names that become the same have their values put together', async () => {
    const bed = await receiverBed();
    const attributes = [string('a_b', '2'), string('a.b', '1'), string('__name__', 'no')];
    await bed.push(requestOf([counter(bed, 1, 1, { attributes })]));
    expect(Object.keys(await bed.samples())).toEqual(['http_requests_total{a_b="1;2"}']);
  });

  it('names are left as they are where that is wanted', async () => {
    const bed = await receiverBed({ translation: { isEscaped: false, hasSuffixes: false } });
    await bed.push(requestOf([counter(bed, 1, 1, { attributes: [string('a.b', '1')] })]));
    expect(Object.keys(await bed.samples())).toEqual(['http.requests{"a.b"="1"}']);
  });

  it('a point without a value ends its series', async () => {
    const bed = await receiverBed();
    await bed.push(requestOf([counter(bed, 1, 1)]));
    await bed.push(requestOf([counter(bed, 2, 1, { flags: 1 })]));
    expect(await bed.samples()).toEqual({ 'http_requests_total{}': [[1, 1]] });
    expect(bed.receiver.counts.written.samples).toBe(2);
  });

  it('exemplars are with the bucket that they fell into', async () => {
    const bed = await receiverBed();
    const timeUnixNano = nano(bed.clock, 1);
    const exemplars = [
      { timeUnixNano, asDouble: 0.2, traceId: 'ab'.repeat(16), filteredAttributes: [string('k', 'v')] },
      { timeUnixNano, asDouble: 99, filteredAttributes: [string('long', 'x'.repeat(130))] },
    ];
    const dataPoints = [{ timeUnixNano, count: '2', bucketCounts: ['1', '1'], explicitBounds: [1], exemplars }];
    await bed.push(requestOf([{ name: 'h', histogram: { aggregationTemporality: CUMULATIVE, dataPoints } }]));
    const kept = [...bed.tsdb.head.exemplars.entries()].map(([, { labels, value }]) => [labels.toJSON(), value]);
    expect(kept).toEqual([
      [{ k: 'v', trace_id: 'ab'.repeat(16) }, 0.2],
      [{}, 99],
    ]);
  });

  it('deltas are added up, each stream for itself', async () => {
    const bed = await receiverBed();
    const sum = (second: number, asInt: number) => ({
      aggregationTemporality: DELTA,
      isMonotonic: true,
      dataPoints: [{ startTimeUnixNano: nano(bed.clock, second - 1), timeUnixNano: nano(bed.clock, second), asInt }],
    });
    await bed.push(requestOf([{ name: 'd', sum: sum(1, 2) }], { 'service.name': 'a' }));
    await bed.push(requestOf([{ name: 'd', sum: sum(1, 10) }], { 'service.name': 'b' }));
    expect(bodyOf(await bed.push(requestOf([{ name: 'd', sum: sum(2, 3) }], { 'service.name': 'a' })))).toEqual({});
    const late = await bed.push(requestOf([{ name: 'd', sum: sum(2, 3) }], { 'service.name': 'a' }));
    expect(bodyOf(late)).toMatchObject({ partialSuccess: { rejectedDataPoints: '1' } });
    expect(await bed.samples()).toEqual({
      'd_total{job="a"}': [
        [1, 2],
        [2, 5],
      ],
      'd_total{job="b"}': [[1, 10]],
    });
    expect(bed.receiver.deltas.size).toBe(2);
  });
});

describe('what is answered', () => {
  it('that some points were refused, and why, while others are taken', async () => {
    const bed = await receiverBed();
    await bed.push(requestOf([counter(bed, 10, 1)]));
    const unspecified = { name: 'u', sum: { dataPoints: [{ asInt: 1 }, { asInt: 2 }] } };
    const nameless = { name: '@', gauge: { dataPoints: [{ asInt: 1 }] } };
    const exponentialHistogram = { aggregationTemporality: CUMULATIVE, dataPoints: [{ scale: -5 }] };
    const good = { name: 'g', gauge: { dataPoints: [{ timeUnixNano: nano(bed.clock, 5), asInt: 1 }] } };
    const metrics = [counter(bed, 5, 1), unspecified, nameless, { name: 'e', exponentialHistogram }, good];
    const { partialSuccess } = Object(bodyOf(await bed.push(requestOf(metrics))));
    expect(partialSuccess.rejectedDataPoints).toBe('5');
    expect(partialSuccess.errorMessage).toContain('invalid temporality and type combination: metric "u"');
    expect(partialSuccess.errorMessage).toContain('out of order sample for series');
    expect(await bed.samples('g')).toEqual({ 'g{}': [[5, 1]] });
    expect(bed.logged).toMatchObject([{ level: 'warn', refused: 5 }]);
  });

  it('success, to what is sent once more', async () => {
    const bed = await receiverBed();
    const request = requestOf([counter(bed, 1, 1)], { ...RESOURCE, 'host.name': 'n' });
    await bed.push(request);
    expect(bodyOf(await bed.push(request))).toEqual({});
  });

  it('that a series is one too many, which the sender is not to repeat', async () => {
    const bed = await receiverBed({ head: { maxSeries: 1 } });
    const other = { name: 'other', gauge: { dataPoints: [{ timeUnixNano: nano(bed.clock, 1), asInt: 1 }] } };
    const reply = await bed.push(requestOf([counter(bed, 1, 1), other]));
    expect(bodyOf(reply)).toMatchObject({
      partialSuccess: { rejectedDataPoints: '1', errorMessage: expect.stringContaining('limit of series reached') },
    });
  });

  it('503 with a time to come again, while the database is not there', async () => {
    const bed = await receiverBed({ isStarted: false });
    const reply = await bed.push(requestOf([]));
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(bodyOf(reply)).toEqual({ code: 14, message: 'Service Unavailable' });
  });

  it('429 while as many bytes as may be are being read', async () => {
    const bed = await receiverBed({ config: { maxPendingBytes: 100 } });
    expect(await bed.push(requestOf([]), { 'content-length': '101' })).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5' },
    });
    expect(bed.receiver.counts.pendingBytes).toBe(0);
    expect((await bed.push(requestOf([]), { 'content-length': '99' })).status).toBeUndefined();
  });

  it.each<[string, object | Buffer, Record<string, string>, number]>([
    ['another type', {}, { 'content-type': 'text/plain' }, 415],
    ['another coding', {}, { 'content-encoding': 'zstd' }, 415],
    ['no gzip', {}, { 'content-encoding': 'gzip' }, 400],
    ['no Protocol Buffers', Buffer.from('ff', 'hex'), {}, 400],
    ['no JSON', Buffer.from('{'), { 'content-type': 'application/json' }, 400],
    [
      'a body that is too large when it is decompressed',
      gzipSync(Buffer.alloc(5000)),
      { 'content-encoding': 'gzip' },
      413,
    ],
  ])('a refusal to %s', async (_what, body, headers, status) => {
    const bed = await receiverBed({ config: { maxBodyBytes: 1000 } });
    expect((await bed.push(body, headers)).status).toBe(status);
  });

  it('what is gzipped is taken, in both formats', async () => {
    const bed = await receiverBed();
    const json = gzipSync(JSON.stringify(requestOf([counter(bed, 1, 1)])));
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' };
    expect(bodyOf(await bed.push(json, headers))).toEqual({});
    expect((await bed.push(gzipSync(Buffer.alloc(0)), { 'content-encoding': 'gzip' })).body).toEqual(Buffer.alloc(0));
    expect(bed.receiver.counts.written.samples).toBe(1);
  });
});
