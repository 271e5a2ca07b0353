import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { LokiSource } from '../../../src/logs/source/loki.ts';
import { type Asked, storeServer } from './store-server.ts';

const never = new AbortController().signal;
const query = { kind: 'text', text: '{app="x"} |= "y" # z' } as const;
const T = 1_796_000_000_000;

async function loki(answer: (asked: Asked) => object | number) {
  const { url, asked, deps } = await storeServer(answer);
  return { source: new LokiSource({ url, tenant: 'team' }, deps), asked };
}

const data = (resultType: string, result: readonly unknown[]) => ({ status: 'success', data: { resultType, result } });

describe('Loki', () => {
  it('counts in steps that lie at multiples of their length, without its cache', async () => {
    const values = [
      [T / 1000 + 10, '2'],
      [T / 1000 + 30, '1'],
    ];
    const { source, asked } = await loki(() => data('matrix', [{ metric: { pod: 'a' }, values }]));
    const steps = { fromMs: T, toMs: T + 30_000, stepMs: 10_000 };
    const counts = await source.counts({ query, by: ['kubernetes.pod.name', 'http.status'], ...steps }, never);
    expect(counts).toEqual([
      { labels: LabelSet.of({ pod: 'a' }), startMs: T, count: 2 },
      { labels: LabelSet.of({ pod: 'a' }), startMs: T + 20_000, count: 1 },
    ]);
    expect(asked[0]).toMatchObject({
      path: '/base/loki/api/v1/query_range',
      headers: { 'x-scope-orgid': 'team', 'cache-control': 'no-cache', authorization: 'Basic dTpw' },
    });
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      query: 'sum by (pod, http_status) (count_over_time({app="x"} |= "y" # z\n[10s]))',
      start: `${T + 10_000}000000`,
      end: `${T + 30_000}000000`,
      step: '10',
    });
  });

  it('asks for one step, and for each long one, at its end', async () => {
    const { source, asked } = await loki(({ body }) => {
      const time = Number(new URLSearchParams(body).get('time')) / 1e9;
      return data('vector', [{ metric: {}, value: [time, '7'] }]);
    });
    const day = 86_400_000;
    const from = Math.floor(T / day) * day;
    const counts = await source.counts({ query, by: [], fromMs: from, toMs: from + 2 * day, stepMs: day }, never);
    expect(counts.map(({ startMs, count }) => [(startMs - from) / day, count])).toEqual([
      [0, 7],
      [1, 7],
    ]);
    expect(asked.map(({ path }) => path)).toEqual(['/base/loki/api/v1/query', '/base/loki/api/v1/query']);
    expect(new URLSearchParams(asked[0]?.body).get('query')).toBe('sum(count_over_time({app="x"} |= "y" # z\n[1d]))');
  });

  it('has the newest line of a group, and the last lines of a pod', async () => {
    const { source, asked } = await loki(() =>
      data('streams', [
        { stream: { pod: 'a' }, values: [[`${T}000000`, 'one']] },
        {
          stream: { pod: 'a', stream: 'stderr' },
          values: [
            [`${T + 2}000000`, 'three'],
            [`${T + 1}000000`, 'two'],
          ],
        },
      ]),
    );
    const group = { query, by: ['pod'], labels: LabelSet.of({ pod: 'a' }), fromMs: T, toMs: T + 10 };
    const newest = await source.newestLine(group, never);
    expect(newest).toEqual({
      timeNs: BigInt(T + 2) * 1_000_000n,
      message: 'three',
      labels: LabelSet.of({ pod: 'a', stream: 'stderr' }),
    });
    expect(new URLSearchParams(asked[0]?.body).get('query')).toBe('{app="x"} |= "y" # z\n | pod="a"');
    const last = { namespace: 'shop', pod: 'a', container: '', sinceMs: T, untilMs: T + 10, limit: 2 };
    expect((await source.lastLines(last, never)).map(({ message }) => message)).toEqual(['two', 'three']);
    expect(Object.fromEntries(new URLSearchParams(asked[1]?.body))).toMatchObject({
      query: '{namespace="shop"}\n | pod="a"',
      end: `${T + 10}000001`,
      limit: '2',
      direction: 'backward',
    });
  });

  it.each([
    [500, 'LOGS_UNREACHABLE'],
    [429, 'LOGS_UNREACHABLE'],
    [400, 'LOGS_REFUSED'],
  ])('says what it says with %i', async (status, code) => {
    const { source } = await loki(() => status);
    const asking = source.evaluate('x', { fromMs: T, toMs: T + 1000, stepMs: 1000 }, never);
    await expect(asking).rejects.toMatchObject({ code, message: expect.stringContaining('so it is') });
  });

  it('is not there where it does not answer, or not as Loki does', async () => {
    const { url, deps } = await storeServer(() => 0);
    const slow = new LokiSource({ url, tenant: '' }, { ...deps, timeoutMs: 50 });
    const steps = { fromMs: T, toMs: T + 1000, stepMs: 1000 };
    await expect(slow.evaluate('x', steps, never)).rejects.toMatchObject({
      code: 'LOGS_UNREACHABLE',
      message: expect.stringContaining('no answer within 50 ms'),
    });
    const { source } = await loki(() => ({ hello: 'world' }));
    await expect(source.evaluate('x', steps, never)).rejects.toMatchObject({ code: 'LOGS_UNREACHABLE' });
    await expect(source.evaluate('x', steps, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });

  it('answers with everything, or says that it is too much', async () => {
    const values = Array.from({ length: 100_001 }, (_, index) => [T / 1000 + index, '1']);
    const { source } = await loki(() => data('matrix', [{ metric: {}, values }]));
    const asking = source.counts({ query, by: [], fromMs: T, toMs: T + 20_000, stepMs: 1000 }, never);
    await expect(asking).rejects.toMatchObject({ code: 'LOGS_TOO_MANY' });
  });
});
