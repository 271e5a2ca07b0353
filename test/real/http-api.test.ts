/** Prometheus' HTTP API beside Prometheus: the same series, the same requests by GET and POST, the same answers and errors. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabelSet } from '../../packages/promql/src/labels/label-set.ts';
import { MemoryStorage } from '../../packages/promql/src/storage/memory-storage.ts';
import { type ApiBed, apiOver, formOf, type Parameters } from '../../packages/promql/test/api/api-bed.ts';
import { encodeWriteRequest } from '../../packages/wire/src/remote-write/encode-write-request.ts';
import { compress } from '../../packages/wire/src/snappy.ts';
import { type RealPrometheus, startPrometheus } from './parts/prometheus.ts';

const SERIES: readonly Readonly<Record<string, string>>[] = [
  { __name__: 'm1', foo: 'bar' },
  { __name__: 'm1', foo: 'boo' },
  { __name__: 'm2', foo: 'boo' },
  { __name__: 'm3', dup: '1', foo: 'bar' },
  { __name__: 'm3', dup: '1', foo: 'boo' },
  { __name__: 'm4', 'host.name': '<a & "b">' },
];
const TIMES_MS = Array.from({ length: 101 }, (_, minute) => minute * 60_000);
const valueAt = (index: number, timestampMs: number): number => index + (index * timestampMs) / 7e5;

let prometheus: RealPrometheus;
let vigie: ApiBed;

beforeAll(async () => {
  prometheus = await startPrometheus({ outOfOrderWindow: '100y' });
  const storage = new MemoryStorage();
  for (const [index, labels] of SERIES.entries()) {
    const samples = TIMES_MS.map((timestampMs) => ({
      timestampMs,
      value: valueAt(index, timestampMs),
      startTimestampMs: 0,
    }));
    storage.append(LabelSet.of(labels), samples);
  }
  const written = SERIES.map((labels, index) => ({
    labels: Object.entries(labels).flat(),
    values: Float64Array.from(TIMES_MS, (timestampMs) => valueAt(index, timestampMs)),
    timestampsMs: Float64Array.from(TIMES_MS),
  }));
  const { status } = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: compress(encodeWriteRequest('1.0', written)),
  });
  expect(status).toBe(204);
  vigie = await apiOver(storage);
});

afterAll(async () => {
  await vigie.app.close();
  await prometheus.stop();
});

const RANGE = { start: '0', end: '300.25', step: '60.1' };
const QUERIES = [
  ...['2', '-0', '1e-7', '1e21', 'NaN', '"a<b>&\\u2028"', '0/0', 'time()', 'vector(1)', 'scalar(m2)', '1m', '-m1'],
  ...['m1', 'm1[2m]', 'm1[5m:1m]', 'rate(m1[5m])', 'sum by (foo) (m1)', 'm1 @ 60.123', 'm4', 'sort(m1)', 'topk(1, m1)'],
  ...['absent(nope{a="b"})', 'm1 > bool 1', 'quantile(2, m1)', 'count_values("", m1)', 'm1 * on (foo) group_left m2'],
  ...['m3 * on (dup) m3', 'label_replace(m1, "x", "$1", "foo", "(")', 'histogram_quantile(0.9, m1)', 'limitk(1, m1)'],
  ...[
    '',
    '  ',
    'up{',
    'm1 +',
    'invalid][query',
    'foo{a=~"["}',
    'foo{a=~"a)(b"}',
    'rate(m1)',
    'topk(1)',
    'sum(m1',
    '{}',
  ],
  ...[
    '{a=""}',
    'm1 offset',
    '1 2',
    '"abc',
    'm1[5m] + 1',
    'm1[0s]',
    'm1[5m+1m]',
    'm1[(5m)] offset -(1m+2)',
    'm1[2m*(3)]',
  ],
];
const TIMES = [
  'x',
  '-1',
  '1e3',
  '1_000',
  '123.4567',
  '0.289',
  '2015-06-03T13:21:58.555Z',
  '2015-02-30T00:00:00Z',
  '0x10',
  ' 5',
];
const DURATIONS = ['x', '1h', '1.5', '0.0001', '1h1h', '5', '1e20'];
const LIMITS = ['x', '', '0', '1', '-1', '99999999999999999999', '1.5'];
const SELECTORS = [
  ...[
    '{foo=""}',
    '{foo=~".*"}',
    'a{',
    '{}',
    '1',
    'm3{foo=~".+o$"}',
    'm1[5m]',
    'm1 offset 5m',
    '',
    'sum(m1)',
    'm1 @ 5',
    '(m1)',
  ],
];

type Request = readonly [path: string, parameters: Parameters];

const REQUESTS: readonly Request[] = [
  ...QUERIES.flatMap((query): readonly Request[] => [
    ['/query', { query, time: '120.5' }],
    ['/query', { query, time: '120.5', limit: '1' }],
    ['/query_range', { query, ...RANGE }],
    ['/format_query', { query }],
    ['/parse_query', { query }],
    ['/query_exemplars', { query, ...RANGE }],
  ]),
  ...TIMES.flatMap((time): readonly Request[] => [
    ['/query', { query: '1', time }],
    ['/query_range', { query: '1', start: time, end: time, step: '1' }],
    ['/labels', { start: time }],
    ['/series', { 'match[]': 'm1', end: time }],
    ['/label/foo/values', { start: '0', end: time }],
    ['/query_exemplars', { query: 'm1', start: time }],
  ]),
  ...DURATIONS.flatMap((duration): readonly Request[] => [
    ['/query_range', { query: '1', start: '0', end: '5', step: duration }],
    ['/query', { query: 'm2', time: '6060', lookback_delta: duration }],
  ]),
  // Shorter ones are a race on both sides.
  ...['x', '1h', '5', '1e20'].map((timeout): Request => ['/query', { query: '1', time: '5', timeout }]),
  ...['0', '-1'].flatMap((duration): readonly Request[] => [
    ['/query_range', { query: '1', start: '0', end: '5', step: duration }],
    ['/query', { query: 'm2', time: '6060', lookback_delta: duration }],
  ]),
  ...LIMITS.flatMap((limit): readonly Request[] => [
    ['/query', { query: 'sort(m1)', time: '60', limit }],
    ['/query_range', { query: 'm1', ...RANGE, limit }],
    ['/labels', { limit }],
    ['/label/foo/values', { limit }],
    ['/metadata', { limit }],
    ['/metadata', { limit_per_metric: limit }],
    ['/targets/metadata', { limit }],
    ['/rules', { group_limit: limit }],
  ]),
  ...SELECTORS.flatMap((selector): readonly Request[] => [
    ['/labels', { 'match[]': selector }],
    ['/label/foo/values', { 'match[]': selector }],
    ['/series', { 'match[]': selector }],
    ['/rules', { 'match[]': selector }],
    ['/targets/metadata', { match_target: selector }],
  ]),
  ['/labels', { 'match[]': ['m2', 'm3'] }],
  ['/label/foo/values', { 'match[]': ['m2', 'm3'] }],
  ['/series', { 'match[]': ['m3{foo=~".+o$"}', 'm3{dup=~"^1"}'] }],
  ['/series', {}],
  ['/label/__name__/values', {}],
  ['/label/host.name/values', {}],
  ['/label/U__host_2e_name/values', {}],
  ['/label/U___66_oo/values', {}],
  ['/label/U__/values', {}],
  ['/label/not-valid/values', {}],
  ['/query_range', { query: 'time()', start: '0', end: '11000', step: '1' }],
  ['/query_range', { query: 'time()', start: '0', end: '11001', step: '1' }],
  ['/query_range', { query: 'time()', start: '2', end: '1', step: '1' }],
  ['/query_range', { query: 'time()' }],
  ['/query_exemplars', { query: 'm1', start: '5', end: '1' }],
  ['/targets', {}],
  ['/targets', { state: 'active' }],
  ['/targets', { state: 'dropped' }],
  ['/alerts', {}],
  ['/alertmanagers', {}],
  ['/rules', {}],
  ['/rules', { type: 'x' }],
  ['/rules', { type: 'Alert', exclude_alerts: 'TRUE' }],
  ['/rules', { exclude_alerts: 'x' }],
  ['/rules', { group_next_token: 'x' }],
  ['/rules', { group_limit: '1', group_next_token: 'x' }],
  ['/metadata', {}],
  ['/status/tsdb', { limit: '0' }],
  ['/status/tsdb', { limit: 'x' }],
];

const ONLY_GET = /^\/(label\/|metadata|targets|rules|alert|status)/;

describe.each(['GET', 'POST'] as const)('by %s', (method) => {
  const requests = REQUESTS.filter(([path]) => method === 'GET' || !ONLY_GET.test(path));
  test.each(requests)('%s %j is answered as Prometheus answers it', async (path, parameters) => {
    const form = formOf(parameters);
    const answer = await (method === 'GET'
      ? fetch(`${prometheus.url}/api/v1${path}?${form}`)
      : fetch(`${prometheus.url}/api/v1${path}`, { method, body: form }));
    const expected = [answer.status, parsed(await answer.text())];
    const { status, text } = await (method === 'GET' ? vigie.get(path, parameters) : vigie.post(path, parameters));
    expect([status, parsed(text)]).toEqual(expected);
  });
});

function parsed(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
