import { gunzipSync } from 'node:zlib';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import { describe, expect, it } from 'vitest';
import { chooseFormat } from '../../src/api/federate-format.ts';
import { rows, seriesRef } from '../tsdb-bed.ts';
import { type ApiBed, apiBed, floats } from './api-bed.ts';

const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,text/plain;q=0.3';

async function federated(one: ApiBed, query: string, headers: Readonly<Record<string, string>> = {}) {
  return one.app.inject({ method: 'GET', url: `/prometheus/federate?${query}`, headers });
}

async function filled(externalLabels: Readonly<Record<string, string>> = {}): Promise<ApiBed> {
  const one = await apiBed({ externalLabels });
  const nowMs = one.clock.nowMs();
  await one.write('1.0', [
    floats({ __name__: 'test_metric2', foo: 'boo', instance: 'i' }, [[nowMs - 60_000, 1]]),
    floats({ __name__: 'test_metric1', foo: 'boo' }, [
      [nowMs - 90_000, 7],
      [nowMs - 60_000, 1e9],
    ]),
    floats({ __name__: 'test_metric1', foo: 'bar', instance: 'i' }, [[nowMs - 60_000, 0.5]]),
    floats({ __name__: 'test_old_metric' }, [[nowMs - 6 * 60_000, 981]]),
    floats({ __name__: 'dotted.name', 'a.b': '1' }, [[nowMs, -0]]),
  ]);
  return one;
}

const NOW_MS = Date.UTC(2026, 0, 1);

describe('/federate', () => {
  it('gives the newest sample of each series, sorted, with an instance where there is none', async () => {
    const answer = await federated(await filled(), 'match[]=test_metric1&match[]={foo="boo"}&match[]=test_old_metric');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    expect(answer.body).toBe(`# TYPE test_metric1 untyped
test_metric1{foo="bar",instance="i"} 0.5 ${NOW_MS - 60_000}
test_metric1{foo="boo",instance=""} 1e+09 ${NOW_MS - 60_000}
# TYPE test_metric2 untyped
test_metric2{foo="boo",instance="i"} 1 ${NOW_MS - 60_000}
`);
  });

  it('adds external labels where a series does not have them', async () => {
    const { body } = await federated(await filled({ zone: 'ie', foo: 'baz' }), 'match[]=test_metric1');
    expect(body).toContain('{foo="bar",instance="i",zone="ie"} 0.5');
    expect(body).toContain('{foo="boo",instance="",zone="ie"} 1e+09');
    expect((await federated(await filled({ instance: 'x' }), 'match[]=test_metric1')).body).toContain(
      '{foo="boo",instance="x"} 1e+09',
    );
  });

  it('gives nothing of series that have ended, and nothing without a match', async () => {
    const one = await filled();
    const stale = new Float64Array(1);
    new BigUint64Array(stale.buffer)[0] = 0x7ff0_0000_0000_0002n;
    const ref = seriesRef(one.tsdb, { __name__: 'test_metric2', foo: 'boo', instance: 'i' });
    await one.tsdb.append({ ...rows([ref], one.clock.nowMs(), () => 0), values: stale });
    expect((await federated(one, 'match[]=test_metric2')).body).toBe('');
    expect(await federated(one, '')).toMatchObject({ statusCode: 200, body: '' });
  });

  it('answers 400 for a selector that is none, and 503 before the database has started', async () => {
    const answer = await federated(await filled(), 'match[]=rate(x[5m])');
    expect(answer.statusCode).toBe(400);
    expect((await federated(await filled(), 'match[]=x{')).statusCode).toBe(400);
    expect((await federated(await apiBed({ isStarted: false }), 'match[]=x')).statusCode).toBe(503);
  });

  it('writes OpenMetrics for those who ask for it', async () => {
    const { body, headers } = await federated(await filled(), 'match[]=test_metric1', {
      accept: 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3',
    });
    expect(headers['content-type']).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
    );
    expect(body).toContain(`test_metric1{foo="boo",instance=""} 1e+09 ${String((NOW_MS - 60_000) / 1e12)}e+09\n`);
    expect(body.endsWith('# EOF\n')).toBe(true);
  });

  it('writes names of any characters as far as the client reads them', async () => {
    const one = await filled();
    const query = `match[]=${encodeURIComponent('{"dotted.name"}')}`;
    expect((await federated(one, query)).body).toBe(
      `# TYPE dotted_name untyped\ndotted_name{a_b="1",instance=""} -0 ${NOW_MS}\n`,
    );
    const accept = 'text/plain;version=1.0.0;escaping=allow-utf-8';
    expect((await federated(one, query, { accept })).body).toBe(
      `# TYPE "dotted.name" untyped\n{"dotted.name","a.b"="1",instance=""} -0 ${NOW_MS}\n`,
    );
  });

  it('gives native histograms in Protocol Buffers, and leaves them out of text', async () => {
    const one = await filled();
    const ref = seriesRef(one.tsdb, { __name__: 'latency', job: 'a' });
    const histogram = {
      counterResetHint: 'gauge' as const,
      schema: 1,
      zeroThreshold: 0.001,
      zeroCount: 1,
      count: 6,
      sum: 7.5,
      positiveSpans: [{ offset: -2, length: 2 }],
      negativeSpans: [{ offset: 3, length: 1 }],
      positiveBuckets: [2, 2.5],
      negativeBuckets: [0.5],
      customValues: [],
    };
    await one.tsdb.appendHistograms([{ ref, timestampMs: NOW_MS, histogram, startTimestampMs: 0 }]);
    const custom = {
      ...histogram,
      schema: -53,
      zeroCount: 0,
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [1, 2],
    };
    const customRef = seriesRef(one.tsdb, { __name__: 'latency', job: 'b' });
    await one.tsdb.appendHistograms([{ ref: customRef, timestampMs: NOW_MS, histogram: custom, startTimestampMs: 0 }]);
    const query = 'match[]=latency&match[]=test_metric1';
    expect((await federated(one, query)).body).not.toContain('latency');
    const { rawPayload } = await federated(one, query, { accept: PROTOBUF });
    const labels: (readonly string[])[] = [];
    const reader = new ScrapeReader({ resolve: (found, type) => labels.push([...found, type]) - 1 });
    const { count, values, timestampsMs, refs, histograms } = reader.read(rawPayload, 'protobuf');
    expect(Array.from({ length: count }, (_, row) => [labels[refs[row]!], values[row], timestampsMs[row]])).toEqual([
      [['__name__', 'test_metric1', 'foo', 'bar', 'instance', 'i', 'unknown'], 0.5, NOW_MS - 60_000],
      [['__name__', 'test_metric1', 'foo', 'boo', 'instance', '', 'unknown'], 1e9, NOW_MS - 60_000],
    ]);
    expect(histograms).toHaveLength(1);
    expect(labels[histograms[0]!.ref]).toEqual(['__name__', 'latency', 'instance', '', 'job', 'a', 'gaugehistogram']);
    expect(histograms[0]).toMatchObject({
      timestampMs: NOW_MS,
      histogram: { isFloat: true, schema: 1, count: 6, sum: 7.5, positiveCounts: [2, 2.5], negativeCounts: [0.5] },
    });
    expect(one.counts.leftOutHistograms).toBe(3);
  });

  it('streams many series, compressed if wanted, and ends when the client goes away', async () => {
    const one = await apiBed();
    const refs = Array.from({ length: 20_000 }, (_, n) => seriesRef(one.tsdb, { __name__: `m${n % 7}`, n: String(n) }));
    await one.tsdb.append(rows(refs, NOW_MS, (n) => n));
    const query = `match[]=${encodeURIComponent('{__name__=~"m.*"}')}`;
    const { rawPayload, headers } = await federated(one, query, { 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    const lines = gunzipSync(rawPayload).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(20_007);
    expect(one.counts.federatedSamples).toBe(20_000);

    const url = await one.app.listen({ port: 0, host: '127.0.0.1' });
    const gone = new AbortController();
    const answer = await fetch(`${url}/prometheus/federate?${query}`, { signal: gone.signal });
    expect(answer.status).toBe(200);
    gone.abort();
    await one.app.close();
    expect(one.logged).toEqual([]);
  });
});

describe('the format of /federate', () => {
  it.each([
    ['', 'text', false],
    ['*/*', 'text', false],
    ['text/plain;version=0.0.4', 'text', false],
    ['text/plain;version=1.0.0;escaping=allow-utf-8', 'text', true],
    ['application/openmetrics-text;version=9', 'text', false],
    ['text/plain;q=0.1,application/openmetrics-text;q=0.4', 'openmetrics', false],
    [PROTOBUF, 'protobuf', false],
    ['application/vnd.google.protobuf', 'text', false],
    ['application/openmetrics-text;q=0', 'text', false],
    ['nonsense;;=', 'text', false],
  ])('for %j is %s', (accept, format, allowsUtf8) => {
    expect(chooseFormat(accept)).toEqual({ format, allowsUtf8 });
  });
});
