/** Cases of Prometheus' web/api/v1/api_test.go, asked by GET, and by POST where that is allowed. */
import { VigieError } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { prometheusApi } from '../../src/api/prometheus-api.ts';
import { QueryCounts } from '../../src/api/query-counts.ts';
import { EvaluationError, evaluationError } from '../../src/evaluate/failure.ts';
import type { QueryEngine } from '../../src/evaluate/query-engine.ts';
import { type Answered, apiOver, type Parameters, prometheusTestStorage, querierOf } from './api-bed.ts';

const bed = await apiOver(prometheusTestStorage());

const GET_ONLY = /^\/(label\/|metadata|targets|rules|alerts|status)/;

async function ask(path: string, parameters: Parameters): Promise<Answered> {
  const answer = await bed.get(path, parameters);
  if (!GET_ONLY.test(path)) expect((await bed.post(path, parameters)).text).toBe(answer.text);
  return answer;
}

async function dataOf(path: string, parameters: Parameters = {}): Promise<unknown> {
  const { status, json } = await ask(path, parameters);
  expect(json).toMatchObject({ status: 'success' });
  expect(status).toBe(200);
  return Reflect.get(Object(json), 'data');
}

describe('query', () => {
  it.each([
    [
      { query: '2', time: '123.4' },
      { resultType: 'scalar', result: [123.4, '2'] },
    ],
    [
      { query: '0.333', time: '1970-01-01T00:02:03Z' },
      { resultType: 'scalar', result: [123, '0.333'] },
    ],
    [
      { query: '0.333', time: '1970-01-01T01:02:03+01:00' },
      { resultType: 'scalar', result: [123, '0.333'] },
    ],
    [{ query: '0.333' }, { resultType: 'scalar', result: [123, '0.333'] }],
    [{ query: '"a<b"' }, { resultType: 'string', result: [123, 'a<b'] }],
    [{ query: 'bottomk(2, notExists)' }, { resultType: 'vector', result: [] }],
    [
      { query: 'test_metric2', time: '60' },
      { resultType: 'vector', result: [{ metric: { __name__: 'test_metric2', foo: 'boo' }, value: [60, '1'] }] },
    ],
    [
      { query: 'test_metric1{foo="bar"}[2m]', time: '120.5' },
      {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'test_metric1', foo: 'bar' },
            values: [
              [60, '100'],
              [120, '200'],
            ],
          },
        ],
      },
    ],
  ])('%j', async (parameters, data) => {
    expect(await dataOf('/query', parameters)).toEqual(data);
  });

  it('cuts at the limit, and says so', async () => {
    const { json } = await ask('/query', { query: 'test_metric1', time: '60', limit: '1' });
    expect(json).toMatchObject({ data: { result: [{}] }, warnings: ['results truncated due to limit'] });
    expect((await ask('/query', { query: 'test_metric1', time: '60', limit: '2' })).json).not.toHaveProperty(
      'warnings',
    );
    expect((await ask('/query', { query: 'test_metric1[1m]', time: '60', limit: '1' })).json).toHaveProperty(
      'warnings',
    );
  });

  it('tells infos of the query', async () => {
    const { json } = await ask('/query', { query: 'rate(test_metric1[5m])', time: '600' });
    expect(json).toMatchObject({
      infos: [
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "test_metric1" (1:6)',
      ],
    });
  });

  it('looks back as far as it is asked to', async () => {
    const at = { query: 'test_metric2', time: '6060' };
    expect(await dataOf('/query', { ...at, lookback_delta: '30s' })).toMatchObject({ result: [] });
    expect(await dataOf('/query', { ...at, lookback_delta: '90' })).toMatchObject({ result: [{}] });
    expect(await dataOf('/query', { ...at, lookback_delta: '0' })).toMatchObject({ result: [{}] });
  });

  it('tells what it took where it is asked to', async () => {
    const query = { query: 'test_metric1', time: '60' };
    expect(await dataOf('/query', query)).not.toHaveProperty('stats');
    expect(await dataOf('/query', { ...query, stats: 'all' })).toMatchObject({
      stats: {
        timings: { evalTotalTime: 0, execQueueTime: 0 },
        samples: { totalQueryableSamples: 2, samplesRead: 2, peakSamples: 2 },
      },
    });
  });
});

describe('query_range', () => {
  it('of a scalar', async () => {
    expect(await dataOf('/query_range', { query: 'time()', start: '0', end: '2', step: '1' })).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [0, '0'],
            [1, '1'],
            [2, '2'],
          ],
        },
      ],
    });
  });

  it('of nothing', async () => {
    const parameters = { query: 'bottomk(2, notExists)', start: '0', end: '2', step: '1' };
    expect(await dataOf('/query_range', parameters)).toEqual({ resultType: 'matrix', result: [] });
  });

  it('takes 11,000 steps after the first, and no more', async () => {
    const parameters = { query: 'time()', start: '0', step: '1' };
    const { text } = await bed.get('/query_range', { ...parameters, end: '11000' });
    expect(text.match(/\[\d/g)).toHaveLength(11_001);
    expect((await ask('/query_range', { ...parameters, end: '11001' })).json).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error:
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    });
  });

  it('cuts at the limit, and tells what it took', async () => {
    const parameters = { query: 'test_metric4', start: '0', end: '120', step: '60', limit: '1', stats: 'true' };
    const { json } = await ask('/query_range', parameters);
    expect(json).toMatchObject({
      data: { result: [{}], stats: { samples: { totalQueryableSamples: 9 } } },
      warnings: ['results truncated due to limit'],
    });
  });
});

describe("what is wrong with a request is said in Prometheus' words", () => {
  const range = { query: 'time()', start: '0', end: '2', step: '1' };
  it.each([
    [
      '/query',
      { query: 'invalid][query' },
      'invalid parameter "query": 1:8: parse error: unexpected right bracket \']\'',
    ],
    ['/query', {}, 'invalid parameter "query": unknown position: parse error: no expression found in input'],
    [
      '/query',
      { query: '1', time: 'x' },
      'invalid parameter "time": invalid time value for \'time\': cannot parse "x" to a valid timestamp',
    ],
    ['/query', { query: '1', timeout: 'x' }, 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
    ['/query', { query: '1', limit: '-1' }, 'invalid parameter "limit": limit must be non-negative'],
    ['/query', { query: '1', limit: 'x' }, 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    [
      '/query',
      { query: '1', lookback_delta: 'x' },
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
    [
      '/query_range',
      { query: 'time()', end: '2', step: '1' },
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    [
      '/query_range',
      { query: 'time()', start: '0', step: '1' },
      'invalid parameter "end": cannot parse "" to a valid timestamp',
    ],
    [
      '/query_range',
      { query: 'time()', start: '0', end: '2' },
      'invalid parameter "step": cannot parse "" to a valid duration',
    ],
    [
      '/query_range',
      { ...range, query: 'invalid][query' },
      'invalid parameter "query": 1:8: parse error: unexpected right bracket \']\'',
    ],
    ['/query', { query: 'up[step()]' }, 'invalid parameter "query": 3:9: duration must be greater than 0'],
    [
      '/query_range',
      { ...range, query: 'rate(up[5m / (step() - 1s)])' },
      'invalid parameter "query": 8:25: division by zero',
    ],
    [
      '/query_range',
      { ...range, step: '0' },
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      '/query_range',
      { ...range, step: '-1' },
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      '/query_range',
      { ...range, step: '148966367200.372' },
      'invalid parameter "step": cannot parse "148966367200.372" to a valid duration. It overflows int64',
    ],
    [
      '/query_range',
      { ...range, start: '2', end: '1' },
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      '/query_range',
      { ...range, start: '148966367200.372', end: '1489667272.372' },
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      '/query_range',
      { ...range, query: 'up[1m]' },
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    [
      '/query_exemplars',
      { query: 'up', start: 'x' },
      'invalid parameter "start": invalid time value for \'start\': cannot parse "x" to a valid timestamp',
    ],
    ['/query_exemplars', { query: 'up', start: '2', end: '1' }, 'end timestamp must not be before start timestamp'],
    ['/query_exemplars', { query: 'up{' }, /^1:4: parse error: /],
    ['/format_query', { query: 'invalid_expression/' }, /^invalid parameter "query": 1:20: parse error: /],
    ['/series', {}, 'no match[] parameter provided'],
    [
      '/series',
      { 'match[]': '{foo=""}' },
      'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ],
    [
      '/series',
      { 'match[]': 'a', start: 'x' },
      'invalid parameter "start": invalid time value for \'start\': cannot parse "x" to a valid timestamp',
    ],
    ['/labels', { 'match[]': '{foo=~".*"}' }, 'match[] must contain at least one non-empty matcher'],
    ['/labels', { 'match[]': 'a{' }, /^1:3: parse error: /],
    ['/label/U__/values', {}, 'invalid label name: ""'],
    ['/label/foo/values', { 'match[]': '{foo=""}' }, 'match[] must contain at least one non-empty matcher'],
    ['/label/foo/values', { limit: '-1' }, 'invalid parameter "limit": limit must be non-negative'],
    ['/metadata', { limit: 'x' }, 'limit must be a number'],
    ['/metadata', { limit_per_metric: 'x' }, 'limit_per_metric must be a number'],
    ['/status/tsdb', { limit: '0' }, 'limit must be a positive number'],
    ['/targets/metadata', { limit: 'x' }, 'limit must be a number'],
    ['/targets/metadata', { match_target: '{' }, /^invalid parameter "match_target": 1:2: parse error: /],
    ['/rules', { type: 'x' }, 'invalid parameter "type": not supported value "x"'],
    [
      '/rules',
      { exclude_alerts: 'x' },
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    [
      '/rules',
      { group_limit: 'x' },
      'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    ['/rules', { group_limit: '0' }, 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    [
      '/rules',
      { group_next_token: 'x' },
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
    ],
  ] as readonly [string, Parameters, string | RegExp][])('%s %j', async (path, parameters, message) => {
    const { status, json, headers } = await ask(path, parameters);
    expect(json).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error: typeof message === 'string' ? message : expect.stringMatching(message),
    });
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/json');
  });
});

describe('errors of evaluation', () => {
  const failing = (error: unknown) =>
    apiOver(querierOf({}), {
      source: {
        kind: 'embedded',
        engine: engineThat(error),
        querier: querierOf({ labelNames: () => Promise.reject(error) }),
      },
    });
  const engineThat = (error: unknown): QueryEngine => ({
    instant: () => Promise.reject(error),
    range: () => Promise.reject(error),
  });

  it.each([
    [evaluationError('found duplicate series'), 422, 'execution', 'found duplicate series'],
    [new EvaluationError('PROMQL_LIMIT', 'too many samples'), 422, 'execution', 'too many samples'],
    [
      new EvaluationError('PROMQL_TIMEOUT', 'query timed out in expression evaluation'),
      503,
      'timeout',
      'query timed out in expression evaluation',
    ],
    [
      new EvaluationError('PROMQL_CANCELED', 'query was canceled in expression evaluation', new Error('gone')),
      499,
      'canceled',
      'query was canceled in expression evaluation',
    ],
    [new EvaluationError('PROMQL_UNAVAILABLE', 'cannot query'), 503, 'unavailable', 'cannot query'],
    [
      new VigieError('TSDB_CLOSED', 'the database is closed', { cause: new Error('disk') }),
      422,
      'execution',
      'the database is closed: disk',
    ],
    [new TypeError('x is undefined'), 500, 'internal', 'internal error: see the log'],
  ])('%s is %d %s', async (error, code, errorType, message) => {
    const { get } = await failing(error);
    for (const path of ['/query?query=1&', '/labels']) {
      const { status, json } = await get(path);
      expect(json).toEqual({ status: 'error', errorType, error: message });
      expect(status).toBe(code);
    }
  });

  it('passes less time on to the engine where a request asks for less', async () => {
    const asked: (number | undefined)[] = [];
    const engine: QueryEngine = {
      instant: async ({ timeoutMs, timestampMs }) => {
        asked.push(timeoutMs);
        return { result: { type: 'scalar', timestampMs, value: 1 }, warnings: [], infos: [], usage: undefined };
      },
      range: () => Promise.reject(new Error('not asked')),
    };
    const { get } = await apiOver(querierOf({}), { source: { kind: 'embedded', engine, querier: querierOf({}) } });
    await get('/query', { query: '1' });
    await get('/query', { query: '1', timeout: '1m30s' });
    await get('/query', { query: '1', timeout: '1h' });
    expect(asked).toEqual([120_000, 90_000, 120_000]);
  });

  it('shows ten warnings, and how many there are beside', async () => {
    const warnings = Array.from({ length: 13 }, (_, index) => `warning ${index}`);
    const engine: QueryEngine = {
      instant: async ({ timestampMs }) => ({
        result: { type: 'scalar', timestampMs, value: 1 },
        warnings,
        infos: ['one'],
        usage: undefined,
      }),
      range: () => Promise.reject(new Error('not asked')),
    };
    const { get } = await apiOver(querierOf({}), { source: { kind: 'embedded', engine, querier: querierOf({}) } });
    expect((await get('/query', { query: '1' })).json).toMatchObject({
      warnings: [...warnings.slice(0, 10), '3 more warning annotations omitted'],
      infos: ['one'],
    });
  });
});

describe('series', () => {
  const metric4 = (labels: object): object => ({ __name__: 'test_metric4', ...labels });
  it.each([
    [{ 'match[]': 'test_metric2' }, [{ __name__: 'test_metric2', foo: 'boo' }]],
    [{ 'match[]': 'test_metric1{foo=~".+o"}' }, [{ __name__: 'test_metric1', foo: 'boo' }]],
    [
      { 'match[]': ['test_metric1{foo=~".+o$"}', 'test_metric1{foo=~".+o"}'] },
      [{ __name__: 'test_metric1', foo: 'boo' }],
    ],
    [
      { 'match[]': ['test_metric4{foo=~".+o$"}', 'test_metric4{dup=~"^1"}'] },
      [metric4({ foo: 'bar', dup: '1' }), metric4({ foo: 'boo', dup: '1' }), metric4({ foo: 'boo' })],
    ],
    [{ 'match[]': '{"host.name"="localhost"}' }, [{ __name__: 'test_metric5', 'host.name': 'localhost' }]],
    [{ 'match[]': 'test_metric2', start: '-2', end: '-1' }, []],
    [{ 'match[]': 'test_metric2', start: '100000', end: '100001' }, []],
    [{ 'match[]': 'test_metric2', start: '1', end: '100000' }, [{ __name__: 'test_metric2', foo: 'boo' }]],
    [{ 'match[]': 'test_metric2', end: '1' }, [{ __name__: 'test_metric2', foo: 'boo' }]],
  ] as readonly [Parameters, object[]][])('%j', async (parameters, expected) => {
    expect(await dataOf('/series', parameters)).toEqual(expected);
  });

  it('cuts at the limit, and says so', async () => {
    const { json } = await ask('/series', { 'match[]': 'test_metric4', limit: '2' });
    expect(json).toMatchObject({ data: [{}, {}], warnings: ['results truncated due to limit'] });
    expect((await ask('/series', { 'match[]': 'test_metric4', limit: '3' })).json).not.toHaveProperty('warnings');
  });
});

describe('labels', () => {
  it.each([
    [{}, ['__name__', 'dup', 'foo', 'host.name', 'junk\n{},=:  chars']],
    [{ 'match[]': 'test_metric2' }, ['__name__', 'foo']],
    [{ 'match[]': ['test_metric2', 'test_metric3'] }, ['__name__', 'dup', 'foo']],
    [{ start: '-2', end: '-1' }, []],
  ] as readonly [Parameters, string[]][])('%j', async (parameters, expected) => {
    expect(await dataOf('/labels', parameters)).toEqual(expected);
  });

  it('cuts at the limit, and says so', async () => {
    expect((await ask('/labels', { limit: '2' })).json).toEqual({
      status: 'success',
      data: ['__name__', 'dup'],
      warnings: ['results truncated due to limit'],
    });
    expect((await ask('/labels', { limit: '5' })).json).not.toHaveProperty('warnings');
  });
});

describe('label values', () => {
  it.each([
    ['/label/__name__/values', {}, ['test_metric1', 'test_metric2', 'test_metric3', 'test_metric4', 'test_metric5']],
    ['/label/foo/values', {}, ['bar', 'boo']],
    ['/label/foo/values', { 'match[]': 'test_metric2' }, ['boo']],
    ['/label/foo/values', { start: '-2', end: '-1' }, []],
    ['/label/host.name/values', {}, ['localhost']],
    ['/label/U__host_2e_name/values', {}, ['localhost']],
    ['/label/junk%0A%7B%7D%2C=:%20%20chars/values', {}, ['bar']],
    ['/label/U__junk_0a__7b__7d__2c__3d_:_20__20_chars/values', {}, ['bar']],
    [`/label/${'x'.repeat(300)}/values`, {}, []],
  ] as readonly [string, Parameters, string[]][])('%s %j', async (path, parameters, expected) => {
    expect(await dataOf(path, parameters)).toEqual(expected);
  });

  it('cuts at the limit, and says so', async () => {
    expect((await ask('/label/foo/values', { limit: '1' })).json).toEqual({
      status: 'success',
      data: ['bar'],
      warnings: ['results truncated due to limit'],
    });
  });

  it('is nothing without /values', async () => {
    expect((await bed.get('/label/foo')).status).toBe(404);
    expect((await bed.get('/label//values')).status).toBe(404);
  });
});

describe('metadata', () => {
  const gauge = { type: 'gauge', help: 'Bytes.', unit: 'bytes' };
  it('is a list for each metric', async () => {
    const asked: unknown[] = [];
    const { get } = await apiOver(
      querierOf({
        metadata: async (query) => {
          asked.push(query);
          return [
            { metric: 'a', ...gauge },
            { metric: 'b', ...gauge },
            { metric: 'a', ...gauge, help: 'Octets.' },
          ];
        },
      }),
    );
    expect((await get('/metadata', { limit: '-1' })).json).toEqual({
      status: 'success',
      data: { a: [gauge, { ...gauge, help: 'Octets.' }], b: [gauge] },
    });
    await get('/metadata', { metric: 'a', limit: '0', limit_per_metric: '0' });
    await get('/metadata', { limit: '7', limit_per_metric: '2' });
    expect(asked).toEqual([
      { metric: undefined, limit: undefined, limitPerMetric: undefined },
      { metric: 'a', limit: 0, limitPerMetric: undefined },
      { metric: undefined, limit: 7, limitPerMetric: 2 },
    ]);
  });
});

describe('queries as text', () => {
  it.each([
    ['foo+bar', 'foo + bar'],
    [
      'sum(rate(http_requests_total{code="200"}[5m]))by(job)',
      'sum by (job) (rate(http_requests_total{code="200"}[5m]))',
    ],
  ])('%s is formatted', async (query, data) => {
    expect(await dataOf('/format_query', { query })).toBe(data);
  });

  it('is parsed to a tree', async () => {
    expect(await dataOf('/parse_query', { query: '-foo' })).toMatchObject({
      type: 'unaryExpr',
      op: '-',
      expr: { type: 'vectorSelector', name: 'foo', matchers: [{ name: '__name__', type: '=', value: 'foo' }] },
    });
  });

  it('experimental language is refused unless it is on', async () => {
    expect((await ask('/format_query', { query: 'limitk(1, up)' })).status).toBe(400);
    const { get } = await apiOver(prometheusTestStorage(), { experimental: true });
    expect((await get('/format_query', { query: 'limitk(1,up)' })).json).toMatchObject({ data: 'limitk(1, up)' });
  });
});

describe('exemplars', () => {
  it('of nothing is no content', async () => {
    expect(await bed.get('/query_exemplars', { query: '1' })).toMatchObject({ status: 204, text: '' });
  });

  it('of no series is empty', async () => {
    expect(await dataOf('/query_exemplars', { query: 'up' })).toEqual([]);
  });
});

describe('the rest of HTTP', () => {
  it('takes POST only where Prometheus does', async () => {
    expect((await bed.post('/metadata', {})).status).toBe(404);
    expect((await bed.post('/rules', {})).status).toBe(404);
  });

  it('reads the form before the URL, and a body that is no form not at all', async () => {
    const { json } = await bed.post('/query?query=2&time=5', { query: '3' });
    expect(json).toMatchObject({ data: { result: [5, '3'] } });
    const noForm = await bed.post('/query?query=2&time=5', { query: '3' }, { 'content-type': 'text/plain' });
    expect(noForm.json).toMatchObject({ data: { result: [5, '2'] } });
  });

  it('refuses a form that is too large', async () => {
    const { status, json } = await bed.post('/query', { query: 'x'.repeat(11 * 2 ** 20) });
    expect(status).toBe(400);
    expect(json).toMatchObject({ errorType: 'bad_data', error: expect.stringContaining('error parsing form values') });
  });

  it('answers OPTIONS, and pages of the origins that are allowed', async () => {
    const { app } = await apiOver(prometheusTestStorage(), { corsOrigin: '.*' });
    const answer = await app.inject({
      method: 'OPTIONS',
      url: '/api/v1/query',
      headers: { origin: 'https://a.example' },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', vary: 'Origin' });
    const plain = await bed.get('/query', { query: '1' }, { origin: 'https://a.example' });
    expect(plain.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('stands below the prefix that it is registered with', async () => {
    const app = fastify();
    const options = {
      source: { kind: 'embedded', engine: { instant: never, range: never }, querier: querierOf({}) },
      clock: new FakeClock(),
      log: createLog('error', { write: () => {} }),
      counts: new QueryCounts(() => {}),
    } as const;
    await app.register(prometheusApi, { prefix: '/prometheus', ...options });
    await app.register(prometheusApi, options);
    for (const prefix of ['', '/prometheus']) {
      expect((await app.inject(`${prefix}/api/v1/labels`)).json()).toEqual({ status: 'success', data: [] });
    }
  });
});

async function never(): Promise<never> {
  throw new Error('not asked');
}

describe('query_batch', () => {
  it('refuses no queries, and too many', async () => {
    const none = await bed.post('/query_batch', { time: '1' });
    expect([none.status, none.json]).toMatchObject([
      400,
      { errorType: 'bad_data', error: 'expected 1 to 1000 queries, got 0' },
    ]);
    const many = await bed.post('/query_batch', { query: Array.from({ length: 1001 }, () => '1') });
    expect(many.status).toBe(400);
  });
});
