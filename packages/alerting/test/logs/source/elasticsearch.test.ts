import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { ElasticsearchSource } from '../../../src/logs/source/elasticsearch.ts';
import { type Asked, storeServer } from './store-server.ts';

const never = new AbortController().signal;
const query = {
  kind: 'condition',
  condition: { kind: 'field', name: 'level', test: { kind: 'one_of', values: ['error'] } },
} as const;
const T = 1_796_000_000_000;

const CAPS = {
  fields: {
    'kubernetes.pod.name': { keyword: { aggregatable: true } },
    level: { text: { aggregatable: false }, unmapped: { aggregatable: false } },
    'level.keyword': { keyword: { aggregatable: true } },
    body: { text: { aggregatable: false } },
  },
};

async function elasticsearch(answer: (asked: Asked) => object | number) {
  const { url, asked, deps } = await storeServer((one) => (one.path.includes('_field_caps') ? CAPS : answer(one)));
  const source = new ElasticsearchSource({ url, index: 'logs-*,other' }, deps);
  return { source, asked, searches: () => asked.filter(({ path }) => path.includes('_search')) };
}

const steps = { fromMs: T, toMs: T + 30_000, stepMs: 10_000 };

describe('Elasticsearch', () => {
  it('is asked page by page, so that no group is left out', async () => {
    const { source, searches, asked } = await elasticsearch(({ body }) => {
      const { after } = Object(JSON.parse(body)).aggs.counts.composite;
      const from = after === undefined ? 0 : 1000;
      const count = after === undefined ? 1000 : 3;
      const buckets = Array.from({ length: count }, (_, index) => ({
        key: { step: T, by0: index === 2 ? null : `pod-${from + index}` },
        doc_count: 5,
      }));
      return { _shards: { failed: 0 }, aggregations: { counts: { buckets, after_key: { step: T, by0: 'x' } } } };
    });
    const counts = await source.counts({ query, by: ['pod'], ...steps }, never);
    expect(counts).toHaveLength(1003);
    expect(counts[0]).toEqual({ labels: LabelSet.of({ pod: 'pod-0' }), startMs: T, count: 5 });
    expect(counts[2]?.labels).toEqual(LabelSet.empty);
    const [first, second] = searches().map(({ body }): unknown => JSON.parse(body));
    expect(first).toEqual({
      track_total_hits: false,
      size: 0,
      query: {
        bool: {
          filter: [
            { range: { '@timestamp': { gte: T, lt: T + 30_000, format: 'epoch_millis' } } },
            { terms: { 'level.keyword': ['error'] } },
          ],
        },
      },
      aggs: {
        counts: {
          composite: {
            size: 1000,
            sources: [
              { step: { date_histogram: { field: '@timestamp', fixed_interval: '10000ms' } } },
              { by0: { terms: { field: 'kubernetes.pod.name', missing_bucket: true } } },
            ],
          },
        },
      },
    });
    expect(second).toMatchObject({ aggs: { counts: { composite: { after: { step: T, by0: 'x' } } } } });
    expect(searches()[0]?.path).toBe(
      '/base/logs-*%2Cother/_search?allow_partial_search_results=false&ignore_unavailable=true&allow_no_indices=true',
    );
    await source.counts({ query, by: ['pod'], ...steps }, never);
    expect(asked.filter(({ path }) => path.includes('_field_caps'))).toHaveLength(1);
  });

  it('has nothing where there is no index yet', async () => {
    const { source } = await elasticsearch(() => ({ _shards: { total: 0, failed: 0 }, hits: { hits: [] } }));
    expect(await source.counts({ query, by: [], ...steps }, never)).toEqual([]);
  });

  it.each([
    [{ timed_out: true, _shards: { failed: 0 } }, 'timed out'],
    [{ _shards: { failed: 1, failures: [{ reason: { type: 'x', reason: 'heap' } }] } }, 'heap'],
  ])('is not there where a part of it is not: %j', async (answer, words) => {
    const { source } = await elasticsearch(() => answer);
    await expect(source.counts({ query, by: [], ...steps }, never)).rejects.toMatchObject({
      code: 'LOGS_UNREACHABLE',
      message: expect.stringContaining(words),
    });
  });

  it('says which field it cannot count by', async () => {
    const { source } = await elasticsearch(() => 500);
    await expect(source.counts({ query, by: ['body'], ...steps }, never)).rejects.toMatchObject({
      code: 'LOGS_REFUSED',
      message: expect.stringContaining('the field body is text'),
    });
    await expect(source.evaluate()).rejects.toMatchObject({ code: 'LOGS_REFUSED' });
  });

  it('says when there is too much', async () => {
    const buckets = Array.from({ length: 1000 }, (_, index) => ({ key: { step: T + index }, doc_count: 1 }));
    const { source } = await elasticsearch(() => ({ aggregations: { counts: { buckets, after_key: { step: 1 } } } }));
    await expect(source.counts({ query, by: [], ...steps }, never)).rejects.toMatchObject({ code: 'LOGS_TOO_MANY' });
  });

  it('has the newest line of a group, and the last lines of a pod, whose times keep their nanoseconds', async () => {
    const hit = (time: unknown, message: string) => ({
      _source: {
        '@timestamp': time,
        message,
        kubernetes: { namespace: 'shop', pod: { name: 'a' } },
        'http.status': 500,
      },
    });
    const { source, searches } = await elasticsearch(() => ({
      hits: { hits: [hit('2026-11-30T00:00:00.123456789Z', 'two'), hit(T, 'one'), hit('never', 'none')] },
    }));
    const labels = LabelSet.of({ pod: 'a' });
    const group = { query, by: ['pod', 'http.status'], labels, fromMs: T, toMs: T + 10 };
    expect(await source.newestLine(group, never)).toEqual({
      timeNs: BigInt(Date.UTC(2026, 10, 30)) * 1_000_000n + 123_456_789n,
      message: 'two',
      labels: LabelSet.of({ namespace: 'shop', pod: 'a', http_status: '500' }),
    });
    expect(JSON.parse(searches()[0]?.body ?? '')).toMatchObject({
      size: 1,
      query: {
        bool: {
          filter: [
            { range: { '@timestamp': { gte: T, lt: T + 10 } } },
            { terms: { 'level.keyword': ['error'] } },
            { term: { 'kubernetes.pod.name': 'a' } },
            { bool: { must_not: [{ exists: { field: 'http.status' } }] } },
          ],
        },
      },
    });
    const last = { namespace: 'shop', pod: 'a', container: 'c', sinceMs: T, untilMs: T + 10, limit: 5 };
    expect((await source.lastLines(last, never)).map(({ message }) => message)).toEqual(['one', 'two']);
  });
});
