/** Queries sent to another server: here the API itself over a socket, and servers that do what servers should not. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Clock, systemClock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { Connections } from '@vigie/core/http-client/connections';
import { clientTls } from '@vigie/core/tls';
import { afterEach, describe, expect, it } from 'vitest';
import { instantPieces, rangePieces } from '../../src/api/result-pieces.ts';
import { Engine } from '../../src/evaluate/engine.ts';
import { embeddedEngine } from '../../src/evaluate/query-engine.ts';
import type { Histogram } from '../../src/histogram/histogram.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { type RemoteOptions, RemotePrometheus } from '../../src/remote/remote-prometheus.ts';
import type { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { parseExpr } from '../../src/syntax/parse.ts';
import { apiOver, prometheusTestStorage, querierOf } from '../api/api-bed.ts';

const never = new AbortController().signal;
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function remoteAt(url: string, options: Partial<RemoteOptions> = {}, clock: Clock = systemClock): RemotePrometheus {
  const connections = new Connections({ tls: clientTls({}, clock), env: {}, connectTimeoutMs: 1000, clock });
  closing.push(() => connections.close());
  return new RemotePrometheus({ url: new URL(url), ...options }, { connections, clock, userAgent: 'vigie/test' });
}

async function serverOf(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return originOf(server.address());
}

function originOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

async function apiAt(storage = prometheusTestStorage()): Promise<string> {
  const { app } = await apiOver(storage);
  await app.listen({ port: 0, host: '127.0.0.1' });
  closing.push(() => app.close());
  return originOf(app.server.address());
}

const histogram: Histogram = {
  counterResetHint: 'unknown',
  schema: 1,
  zeroThreshold: 0.5,
  zeroCount: 1,
  count: 7,
  sum: 9,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [2, 4],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};

function withHistogram(): MemoryStorage {
  const storage = prometheusTestStorage();
  const sample = { timestampMs: 60_000, value: histogram, startTimestampMs: 0 };
  storage.append(LabelSet.of({ __name__: 'h' }), [{ ...sample, timestampMs: 0, value: 3 }, sample]);
  return storage;
}

describe('as an engine', () => {
  it.each([
    '2',
    '"text"',
    'test_metric4',
    'test_metric1[2m]',
    '{__name__=~"h|test_metric2"}',
    'h[2m]',
    'rate(test_metric1[5m])',
    '0 / 0',
  ])('answers %s as an engine here does', async (query) => {
    const storage = withHistogram();
    const here = embeddedEngine(new Engine(), storage);
    const there = remoteAt(await apiAt(storage));
    const instant = { query, timestampMs: 60_000 };
    const expected = await here.instant(instant, never);
    const got = await there.instant(instant, never);
    expect([...instantPieces(got.result, undefined)]).toEqual([...instantPieces(expected.result, undefined)]);
    expect([got.warnings, got.infos]).toEqual([expected.warnings, expected.infos]);
    if (query.includes('[2m]') || query.startsWith('"')) return;
    const range = { query, startMs: 0, endMs: 120_000, stepMs: 30_500 };
    const expectedRange = await here.range(range, never);
    const gotRange = await there.range(range, never);
    expect([...rangePieces(gotRange.result, range, undefined)]).toEqual([
      ...rangePieces(expectedRange.result, range, undefined),
    ]);
  });

  it.each([
    ['test_metric1 +', 'PROMQL_PARSE', /^invalid parameter "query": 1:15: parse error/],
    ['test_metric4 * on (foo) test_metric4', 'PROMQL_EXECUTION', /^found duplicate series/],
  ])('fails with %s as the server says', async (query, code, message) => {
    const there = remoteAt(await apiAt());
    await expect(there.instant({ query, timestampMs: 60_000 }, never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('sends a form with what the query asks for, below the path of its URL, with headers of now', async () => {
    const seen: unknown[] = [];
    const origin = await serverOf(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push([request.method, request.url, request.headers['x-scope-orgid'], request.headers['user-agent'], body]);
      response.end('{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["w"],"infos":["i"]}');
    });
    let tenant = 0;
    const there = remoteAt(`${origin}/prom/`, { headers: () => ({ 'x-scope-orgid': `t${++tenant}` }) });
    const answer = await there.instant(
      { query: 'up[1m]', timestampMs: 1500, lookbackMs: 1000, timeoutMs: 2500 },
      never,
    );
    expect(answer).toMatchObject({ result: { type: 'matrix', series: [] }, warnings: ['w'], infos: ['i'] });
    await there.range({ query: 'up', startMs: 0, endMs: 10_500, stepMs: 500 }, never);
    expect(seen).toEqual([
      ['POST', '/prom/api/v1/query', 't1', 'vigie/test', 'query=up%5B1m%5D&lookback_delta=1&timeout=2.5&time=1.5'],
      ['POST', '/prom/api/v1/query_range', 't2', 'vigie/test', 'query=up&start=0&end=10.5&step=0.5'],
    ]);
  });

  it.each([
    ['{"status":"error","errorType":"timeout","error":"too slow"}', 503, 'PROMQL_TIMEOUT', 'too slow'],
    ['{"status":"error","errorType":"canceled","error":"gone"}', 499, 'PROMQL_CANCELED', 'gone'],
    ['{"status":"error","errorType":"unavailable","error":"starting"}', 503, 'PROMQL_UNAVAILABLE', 'starting'],
    ['{"status":"error","errorType":"internal","error":"disk"}', 500, 'PROMQL_EXECUTION', 'disk'],
    ['<html>', 502, 'PROMQL_UNAVAILABLE', /answered 502, and not as Prometheus does$/],
    ['{"status":"success","data":{"resultType":"x","result":[]}}', 200, 'PROMQL_UNAVAILABLE', /resultType "x"$/],
    [
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}',
      200,
      'PROMQL_UNAVAILABLE',
      /the value 2$/,
    ],
    [
      '{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"2"]}]}}',
      200,
      'PROMQL_UNAVAILABLE',
      /a series without labels$/,
    ],
  ])('%s with %d is %s', async (body, status, code, message) => {
    const origin = await serverOf((_request, response) => response.writeHead(status).end(body));
    await expect(remoteAt(origin).instant({ query: 'up', timestampMs: 0 }, never)).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('takes no answer that is too large', async () => {
    const origin = await serverOf((_request, response) => response.end('x'.repeat(2000)));
    await expect(
      remoteAt(origin, { maxAnswerBytes: 1000 }).instant({ query: 'up', timestampMs: 0 }, never),
    ).rejects.toMatchObject({ code: 'PROMQL_LIMIT', message: expect.stringContaining('larger than 1000 bytes') });
  });

  it('does not wait for ever, for an answer or for its end', async () => {
    for (const begin of [false, true]) {
      const asked = new EventTarget();
      const origin = await serverOf((_request, response) => {
        if (begin) response.write('{');
        asked.dispatchEvent(new Event('asked'));
      });
      const clock = new FakeClock();
      const answer = remoteAt(origin, {}, clock).instant({ query: 'up', timestampMs: 0, timeoutMs: 5000 }, never);
      const failure = answer.catch((error: unknown) => error);
      await new Promise((resolve) => asked.addEventListener('asked', resolve, { once: true }));
      if (begin) await new Promise((resolve) => setTimeout(resolve, 50));
      await clock.advance(5000);
      expect(await failure).toMatchObject({ code: 'PROMQL_TIMEOUT' });
    }
  });

  it('is canceled when its caller goes', async () => {
    const origin = await serverOf(() => controller.abort(new Error('gone')));
    const controller = new AbortController();
    await expect(remoteAt(origin).instant({ query: 'up', timestampMs: 0 }, controller.signal)).rejects.toMatchObject({
      code: 'PROMQL_CANCELED',
    });
  });

  it('says where nobody listens', async () => {
    await expect(remoteAt('http://127.0.0.1:1').instant({ query: 'up', timestampMs: 0 }, never)).rejects.toMatchObject({
      code: 'PROMQL_UNAVAILABLE',
      message: expect.stringMatching(/^cannot query http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/),
    });
  });

  it('asks again where kept connections were closed under the request, until it has a new one', async () => {
    const served = new Set<unknown>();
    const first: http.ServerResponse[] = [];
    let closed = 0;
    const answer = '{"status":"success","data":{"resultType":"vector","result":[]}}';
    const origin = await serverOf(({ socket }, response) => {
      if (served.has(socket)) {
        closed += 1;
        socket.destroy();
        return;
      }
      served.add(socket);
      if (first.length === 3) response.end(answer);
      else if (first.push(response) === 3) for (const one of first) one.end(answer);
    });
    const there = remoteAt(origin);
    const ask = () => there.instant({ query: 'up', timestampMs: 0 }, never);
    await Promise.all([ask(), ask(), ask()]);
    await expect(ask()).resolves.toMatchObject({ warnings: [] });
    expect(closed).toBe(3);
  });
});

describe('behind the API', () => {
  const mounted = async (url: string) => apiOver(querierOf({}), { source: { kind: 'remote', remote: remoteAt(url) } });

  it.each([
    ['/query', { query: 'test_metric1', time: '60', limit: '1' }],
    ['/query', { query: 'test_metric1 +' }],
    ['/query_range', { query: 'test_metric1', start: '0', end: '120', step: '60' }],
    ['/query_exemplars', { query: 'up' }],
    ['/query_exemplars', { query: '1' }],
    ['/labels', { 'match[]': ['test_metric2', 'test_metric3'] }],
    ['/series', { 'match[]': 'test_metric4' }],
    ['/series', {}],
    ['/label/foo/values', { 'match[]': 'test_metric2' }],
    ['/label/U__host_2e_name/values', {}],
    ['/metadata', { limit: 'x' }],
  ])('%s %j is answered as the server answers it', async (path, parameters) => {
    const here = await apiOver(prometheusTestStorage());
    const there = await mounted(await apiAt());
    const expected = await here.get(path, parameters);
    const got = await there.get(path, parameters);
    expect([got.status, got.text]).toEqual([expected.status, expected.text]);
  });

  it('passes compressed answers on as they are', async () => {
    const { app } = await mounted(await apiAt());
    const answer = await app.inject({ url: '/api/v1/query?query=1', headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(answer.rawPayload).toString())).toMatchObject({ status: 'success' });
  });

  it('says so where the server is away, and counts it', async () => {
    const { get, counts } = await mounted('http://127.0.0.1:1');
    const { status, json } = await get('/query', { query: '1' });
    expect(status).toBe(503);
    expect(json).toMatchObject({ errorType: 'unavailable', error: expect.stringContaining('ECONNREFUSED') });
    const outcomes: unknown[] = [];
    counts.report((key, labels, value) => {
      if (key === 'queries' && value > 0) outcomes.push(labels);
    });
    expect(outcomes).toEqual([{ kind: 'instant', outcome: 'unavailable' }]);
  });
});

describe('several queries at once', () => {
  it('are answered in order, those that fail by themselves', async () => {
    const remote = remoteAt(await apiAt());
    const answers = await remote.instantAll(
      ['test_metric4', 'sum(', { text: '2', expr: parseExpr('2') }],
      60_000,
      never,
    );
    expect(answers).toMatchObject([
      { type: 'vector' },
      { code: 'PROMQL_PARSE', message: expect.stringContaining('unclosed left parenthesis') },
      { type: 'scalar', value: 2 },
    ]);
    const [alone] = answers ?? [];
    expect(alone).toEqual((await remote.instant({ query: 'test_metric4', timestampMs: 60_000 }, never)).result);
  });

  it('are not, by a server that knows no such request', async () => {
    const url = await serverOf((_request, response) => response.writeHead(404).end('404 page not found\n'));
    expect(await remoteAt(url).instantAll(['1', '2'], 0, never)).toBeUndefined();
  });

  it('fail together where the server does, or answers something else', async () => {
    const down = await serverOf((_request, response) => response.writeHead(503).end('down'));
    await expect(remoteAt(down).instantAll(['1'], 0, never)).rejects.toMatchObject({ code: 'PROMQL_UNAVAILABLE' });
    const other = await serverOf((_request, response) => response.end('{"status":"success","data":[]}'));
    await expect(remoteAt(other).instantAll(['1'], 0, never)).rejects.toThrow('0 answers to 1 queries');
  });
});
