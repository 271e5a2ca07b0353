import { connect } from 'node:net';
import { Telemetry } from '@vigie/core/telemetry';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import { encodeWriteRequest } from '@vigie/wire/remote-write/encode-write-request';
import { CONTENT_TYPES } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import { describe, expect, it } from 'vitest';
import { TSDB_API_METRICS } from '../../src/api/telemetry.ts';
import { bed, contents } from '../tsdb-bed.ts';
import { apiBed, floats, VERSIONS } from './api-bed.ts';

const HISTOGRAM: NativeHistogram = {
  isFloat: false,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 6,
  sum: 7.5,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveCounts: [2, 3],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
  resetHint: 'unknown',
  isStale: false,
};

describe.each(VERSIONS)('a write request of protocol %s', (version) => {
  const statsOf = (...stats: number[]): number[] | undefined => (version === '2.0' ? stats : undefined);

  it('is answered 204 when its samples are in the log', async () => {
    const { write, tsdb, clock, files, counts } = await apiBed();
    const nowMs = clock.nowMs();
    const up = floats({ __name__: 'up', job: 'a' }, [
      [nowMs - 1000, 1],
      [nowMs, Number.NaN],
    ]);
    expect(await write(version, [up])).toEqual({ status: 204, text: '', stats: statsOf(2, 0, 0) });
    const again = bed(files.copy());
    await again.tsdb.start();
    expect([...(await contents(again.tsdb)).values()].map((samples) => samples.length)).toEqual([2]);
    expect(await contents(again.tsdb)).toEqual(await contents(tsdb));
    expect(counts.written).toEqual({ samples: 2, histograms: 0, exemplars: 0 });
  });

  it('brings histograms, exemplars and metadata', async () => {
    const { write, tsdb, clock } = await apiBed();
    const timestampMs = clock.nowMs();
    const series = {
      ...floats({ __name__: 'latency_seconds' }, []),
      histograms: [
        { histogram: HISTOGRAM, timestampMs: timestampMs - 2, startTimestampMs: 0 },
        { histogram: { ...HISTOGRAM, isStale: true, count: 0 }, timestampMs: timestampMs - 1, startTimestampMs: 0 },
        { histogram: { ...HISTOGRAM, resetHint: 'gauge' as const }, timestampMs, startTimestampMs: 0 },
      ],
      exemplars: [{ labels: ['trace_id', 'abc'], value: 3, timestampMs }],
    };
    const metadata = [{ family: 'latency_seconds', type: 'histogram', help: 'How long.', unit: 's' }] as const;
    expect(await write(version, [series], metadata)).toMatchObject({ status: 204, stats: statsOf(0, 3, 1) });
    const [samples] = (await contents(tsdb)).values();
    expect(samples?.map(({ value }) => (typeof value === 'string' ? value : value.counterResetHint))).toEqual([
      'unknown',
      '7ff00000.2',
      'gauge',
    ]);
    expect(tsdb.head.exemplars.count).toBe(1);
    const all = { metric: undefined, limit: undefined, limitPerMetric: undefined };
    expect(tsdb.head.metadata.query(all)).toEqual([
      { metric: 'latency_seconds', type: 'histogram', help: 'How long.', unit: 's' },
    ]);
  });

  it('is answered 204 once more when it is sent once more', async () => {
    const { write, clock, tsdb } = await apiBed();
    const up = floats({ __name__: 'up' }, [[clock.nowMs(), 1]]);
    await write(version, [up]);
    expect(await write(version, [up])).toMatchObject({ status: 204, stats: statsOf(1, 0, 0) });
    expect(tsdb.head.counts).toMatchObject({ acceptedSamples: 1, knownSamples: 1 });
  });

  it('is answered 400 for what is out of order, duplicate or too old, and the rest is taken', async () => {
    const { write, clock, tsdb, counts, logged } = await apiBed({ head: { retentionMs: 3_600_000 } });
    const nowMs = clock.nowMs();
    await write(version, [floats({ __name__: 'a' }, [[nowMs, 1]])]);
    const answer = await write(version, [
      floats({ __name__: 'a' }, [
        [nowMs - 1, 1],
        [nowMs, 2],
        [nowMs + 1, 3],
      ]),
      floats({ __name__: 'b', x: 'y' }, [
        [nowMs - 7_200_000, 1],
        [nowMs, 1],
      ]),
      floats({ __name__: 'c' }, [[nowMs + 3_600_000, 1]]),
    ]);
    expect(answer).toEqual({
      status: 400,
      stats: statsOf(2, 0, 0),
      text: [
        'out of order sample for series {__name__="a"}',
        'duplicate sample for timestamp for series {__name__="a"}',
        'out of bounds for series {__name__="b", x="y"}',
        'out of bounds: timestamp is too far in the future for series {__name__="c"}',
        '',
      ].join('\n'),
    });
    expect(tsdb.head.counts.acceptedSamples).toBe(3);
    expect(counts.problems).toBe(4);
    expect(logged.join()).toContain('some of a write request was refused');
  });

  it('is answered 400 for labels that no series can have, and the rest is taken', async () => {
    const { write, clock, tsdb } = await apiBed();
    const sample = [[clock.nowMs(), 1]] as const;
    const twice = { ...floats({}, sample), labels: ['__name__', 'up', 'x', '1', 'x', '2'] };
    const { status, text } = await write(version, [
      floats({ job: 'a' }, sample),
      twice,
      { ...floats({}, sample), labels: ['', 'x', '__name__', 'up'] },
      floats({ __name__: 'up' }, sample),
    ]);
    expect(status).toBe(400);
    expect(text).toContain('invalid metric name or labels, got {job="a"}\n');
    expect(text).toContain('duplicated label x\n');
    expect(tsdb.head.table.count).toBe(1);
  });

  it('is answered 400 for histograms that contradict themselves', async () => {
    const { write, clock } = await apiBed();
    const timestampMs = clock.nowMs();
    const wrong = { ...HISTOGRAM, count: 5 };
    const series = {
      ...floats({ __name__: 'h' }, []),
      histograms: [
        { histogram: wrong, timestampMs: timestampMs - 1, startTimestampMs: 0 },
        { histogram: HISTOGRAM, timestampMs, startTimestampMs: 0 },
      ],
    };
    const { status, text, stats } = await write(version, [series]);
    expect([status, stats]).toEqual([400, statsOf(0, 1, 0)]);
    expect(text).toContain('6 observations found in buckets, but the Count field is 5');
  });

  it('is answered 400 where a budget of series is used up: sending it again would not help', async () => {
    const { write, clock } = await apiBed({ head: { maxSeriesPerJob: 1 } });
    const sample = [[clock.nowMs(), 1]] as const;
    const request = [floats({ __name__: 'a', job: 'x' }, sample), floats({ __name__: 'b', job: 'x' }, sample)];
    for (let time = 0; time < 2; time++) {
      expect(await write(version, request)).toMatchObject({
        status: 400,
        text: 'limit of series with this job reached for series {__name__="b", job="x"}\n',
      });
    }
  });

  it('shows ten problems, and how many more there are', async () => {
    const { write } = await apiBed();
    const series = Array.from({ length: 25 }, (_, n) => floats({ n: String(n) }, [[0, 0]]));
    const { text } = await write(version, series);
    expect(text.trimEnd().split('\n')).toHaveLength(11);
    expect(text).toContain('and 15 more');
  });

  it('is answered 503 while memory or the disk takes nothing, and taken later', async () => {
    const full = await apiBed({ head: { maxBytes: 1 } });
    const up = floats({ __name__: 'up' }, [[full.clock.nowMs(), 1]]);
    expect(await full.write(version, [up])).toMatchObject({ status: 503, stats: statsOf(0, 0, 0) });

    const { write, files, clock, counts } = await apiBed();
    files.fault = (operation) => (operation === 'write' ? 'ENOSPC' : undefined);
    expect(await write(version, [up])).toMatchObject({ status: 503, stats: statsOf(0, 0, 0) });
    files.fault = () => undefined;
    // The log lacks them until a snapshot has them.
    expect((await write(version, [up])).status).toBe(503);
    await clock.advance(60_000);
    expect((await write(version, [up])).status).toBe(204);
    expect(counts.written.samples).toBe(3);
  });

  it('finds a series again that retention had removed', async () => {
    const { write, clock, tsdb } = await apiBed({ head: { retentionMs: 60_000 } });
    const at = (name: string) => [floats({ __name__: name }, [[clock.nowMs(), 1]])];
    await write(version, at('old'));
    await clock.advance(120_000);
    await write(version, at('young'));
    await clock.advance(15_000);
    expect(tsdb.head.counts.seriesRemoved).toBe(1);
    expect((await write(version, at('old'))).status).toBe(204);
    expect([...(await contents(tsdb)).keys()]).toHaveLength(2);
  });

  it('is refused whole where it is malformed or too large', async () => {
    const { send, write, tsdb } = await apiBed({ maxDecodedBytes: 2_000, maxBodyBytes: 3_000 });
    const headers = { 'content-type': CONTENT_TYPES[version] };
    expect(await send(Buffer.from('no snappy'), headers)).toMatchObject({ status: 400, stats: statsOf(0, 0, 0) });
    expect((await send(compress(Buffer.from([0x0a, 0x05])), headers)).status).toBe(400);
    expect((await send(Buffer.alloc(0), headers)).status).toBe(400);
    const large = floats({ __name__: 'up', x: 'x'.repeat(2_000) }, [[0, 0]]);
    expect((await write(version, [large])).status).toBe(413);
    expect((await send(Buffer.alloc(3_001), headers)).status).toBe(413);
    expect(tsdb.head.table.count).toBe(0);
  });
});

describe('the write receiver', () => {
  it('takes requests that say neither type nor encoding, as old senders send them', async () => {
    const { app, clock } = await apiBed();
    const payload = compress(encodeWriteRequest('1.0', [floats({ __name__: 'up' }, [[clock.nowMs(), 1]])]));
    const { statusCode } = await app.inject({ method: 'POST', url: '/prometheus/api/v1/write', payload });
    expect(statusCode).toBe(204);
  });

  it.each([
    [{ 'content-type': 'application/json' }, 'application/json is not accepted'],
    [{ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request' }, 'v3.Request is not accepted'],
    [{ 'content-encoding': 'zstd' }, 'zstd encoding (compression) is not accepted by this server'],
  ])('answers 415 for %j', async (headers, text) => {
    const { send, counts } = await apiBed();
    const answer = await send(Buffer.alloc(0), headers);
    expect(answer.status).toBe(415);
    expect(answer.text).toContain(text);
    expect(counts.written.samples).toBe(0);
  });

  it('answers 503 before the database has started and after it has closed', async () => {
    const { write, tsdb } = await apiBed({ isStarted: false });
    expect((await write('2.0', [])).status).toBe(503);
    await tsdb.start();
    expect((await write('2.0', [])).status).toBe(204);
    await tsdb.close();
    expect((await write('2.0', [])).status).toBe(503);
  });

  it('answers 400 for a series of 2.0 without samples', async () => {
    const { write } = await apiBed();
    expect(await write('2.0', [floats({ __name__: 'up' }, [])])).toMatchObject({ status: 400, stats: [0, 0, 0] });
    expect((await write('1.0', [floats({ __name__: 'up' }, [])])).status).toBe(204);
  });

  it('calls an exemplar out of order an error of 2.0 only', async () => {
    for (const [version, status] of [
      ['1.0', 204],
      ['2.0', 400],
    ] as const) {
      const { write, clock } = await apiBed();
      const at = (timestampMs: number) => ({
        ...floats({ __name__: 'up' }, [[timestampMs, 1]]),
        exemplars: [{ labels: ['t', 'x'], value: 1, timestampMs: 2 * clock.nowMs() - timestampMs }],
      });
      await write(version, [at(clock.nowMs())]);
      expect((await write(version, [at(clock.nowMs() + 1)])).status).toBe(status);
    }
  });

  it('keeps metadata by family, which protocol 2.0 does not name', async () => {
    const { write, clock, tsdb } = await apiBed();
    const names = ['latency_bucket', 'latency_count', 'latency_sum'];
    const about = (family: string) => ({ family, type: 'histogram' as const, help: 'How long.', unit: '' });
    const series = names.map((name) => floats({ __name__: name }, [[clock.nowMs(), 1]]));
    await write('2.0', series, names.map(about));
    await write('1.0', [], [about('odd_count')]);
    const all = { metric: undefined, limit: undefined, limitPerMetric: undefined };
    expect(tsdb.head.metadata.query(all).map(({ metric }) => metric)).toEqual(['latency', 'odd_count']);
  });

  it('leaves the routes beside it as they are', async () => {
    const { app } = await apiBed();
    expect((await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })).json()).toEqual({ a: 1 });
    expect(
      (
        await app.inject({
          method: 'POST',
          url: '/echo',
          payload: '{',
          headers: { 'content-type': 'application/json' },
        })
      ).json(),
    ).toMatchObject({ statusCode: 400 });
  });

  it('keeps when a counter began', async () => {
    const { write, clock, tsdb } = await apiBed();
    const startTimestampsMs = Float64Array.of(clock.nowMs() - 60_000);
    await write('2.0', [{ ...floats({ __name__: 'up' }, [[clock.nowMs(), 1]]), startTimestampsMs }]);
    const { signal } = new AbortController();
    const range = { fromMs: 0, toMs: 1e15 };
    const { series } = await tsdb.querier.series({ matcherSets: [], range, limit: undefined }, signal);
    const columns = new SampleColumns();
    series[0]?.read(range, columns);
    expect(columns.startTimestampsMs?.[0]).toBe(startTimestampsMs[0]);
  });

  it('answers over a socket, also a body that is too large', async () => {
    const { app, clock } = await apiBed({ maxBodyBytes: 1_000 });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    try {
      const body = compress(encodeWriteRequest('2.0', [floats({ __name__: 'up' }, [[clock.nowMs(), 1]])]));
      const headers = { 'content-type': CONTENT_TYPES['2.0'], 'content-encoding': 'snappy' };
      const answer = await fetch(`${url}/prometheus/api/v1/write`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers,
      });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('1');
      const { port } = new URL(url);
      const socket = connect(Number(port), '127.0.0.1');
      socket.write('POST /prometheus/api/v1/write HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n');
      const [first] = await new Promise<Buffer[]>((resolve) => socket.once('data', (bytes) => resolve([bytes])));
      expect(first?.toString()).toMatch(/^HTTP\/1\.1 413 /);
      socket.destroy();
    } finally {
      await app.close();
    }
  });

  it('counts requests, what they brought and what was refused', async () => {
    const { write, send, clock, counts } = await apiBed();
    await write('2.0', [floats({ __name__: 'up' }, [[clock.nowMs(), 1]])]);
    await write('1.0', [floats({ __name__: 'up' }, [[clock.nowMs() - 1, 1]])]);
    await send(Buffer.from('x'));
    await send(Buffer.alloc(0), { 'content-type': 'text/plain' });
    const telemetry = new Telemetry(TSDB_API_METRICS);
    telemetry.collect((report) => counts.collect(report));
    const lines = (await telemetry.expose()).body.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'vigie_tsdb_remote_write_requests_total{protocol="2.0",result="written"} 1',
        'vigie_tsdb_remote_write_requests_total{protocol="1.0",result="partial"} 1',
        'vigie_tsdb_remote_write_requests_total{protocol="1.0",result="malformed"} 1',
        'vigie_tsdb_remote_write_requests_total{protocol="unknown",result="unsupported"} 1',
        'vigie_tsdb_remote_write_written_total{kind="samples"} 1',
        'vigie_tsdb_remote_write_refused_total 1',
      ]),
    );
  });
});
