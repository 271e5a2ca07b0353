/** What Grafana's Prometheus data source sends (pkg/promlib/client and the frontend's language provider), once through fastify
 *  and once over a socket: queries as form POST, label values and metadata as GET. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Provider, RulesQuery } from '../../src/api/options.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { apiOver, formOf, type Parameters, storageWith } from './api-bed.ts';

const storage = storageWith(
  [{ __name__: 'up', job: 'node', instance: 'a:9100' }, () => 1],
  [{ __name__: 'up', job: 'node', instance: 'b:9100' }, () => 0],
  [{ __name__: 'http_requests_total', job: 'shop', code: '200' }, (minute) => 60 * minute],
);
const rules: Provider<RulesQuery> = () => ({
  groups: [{ name: 'g', file: 'f.yml', interval: 30, limit: 0, rules: [], evaluationTime: 0, lastEvaluation: '' }],
});
const bed = await apiOver(
  {
    select: (...args) => storage.select(...args),
    labelNames: (...args) => storage.labelNames(...args),
    labelValues: (...args) => storage.labelValues(...args),
    series: (...args) => storage.series(...args),
    metadata: async () => [{ metric: 'up', type: 'gauge', help: 'Whether the scrape worked.', unit: '' }],
    exemplars: async () => [
      {
        labels: LabelSet.of({ __name__: 'http_requests_total', job: 'shop', code: '200' }),
        exemplars: [{ labels: LabelSet.of({ trace_id: 'abc' }), value: 100.123, timestampMs: 1234 }],
      },
    ],
  },
  {
    providers: {
      rules,
      status: {
        buildinfo: () => ({
          version: '3.15.0',
          revision: 'vigie',
          branch: '',
          buildUser: '',
          buildDate: '',
          goVersion: '',
        }),
      },
    },
  },
);

interface Exchange {
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly parameters: Parameters;
  readonly data: unknown;
}

const exchanges: readonly Exchange[] = [
  {
    what: 'health check',
    method: 'POST',
    path: '/query',
    parameters: { query: '1+1', time: '4' },
    data: { resultType: 'scalar', result: [4, '2'] },
  },
  {
    what: 'kind and version of the server',
    method: 'GET',
    path: '/status/buildinfo',
    parameters: {},
    data: { version: '3.15.0', revision: 'vigie', branch: '', buildUser: '', buildDate: '', goVersion: '' },
  },
  {
    what: 'instant query',
    method: 'POST',
    path: '/query',
    parameters: { query: 'sum by (job) (up)', time: '3600' },
    data: { resultType: 'vector', result: [{ metric: { job: 'node' }, value: [3600, '1'] }] },
  },
  {
    what: 'range query',
    method: 'POST',
    path: '/query_range',
    parameters: { query: 'rate(http_requests_total[5m])', start: '600', end: '720.5', step: '60' },
    data: {
      resultType: 'matrix',
      result: [
        {
          metric: { job: 'shop', code: '200' },
          values: [
            [600, '1'],
            [660, '1'],
            [720, '1'],
          ],
        },
      ],
    },
  },
  {
    what: 'exemplars',
    method: 'POST',
    path: '/query_exemplars',
    parameters: { query: 'http_requests_total', start: '0', end: '720' },
    data: [
      {
        seriesLabels: { __name__: 'http_requests_total', job: 'shop', code: '200' },
        exemplars: [{ labels: { trace_id: 'abc' }, value: '100.123', timestamp: 1.234 }],
      },
    ],
  },
  {
    what: 'label browser: names',
    method: 'POST',
    path: '/labels',
    parameters: { start: '0', end: '3600', 'match[]': '{__name__="up"}', limit: '40000' },
    data: ['__name__', 'instance', 'job'],
  },
  {
    what: 'label browser: metrics',
    method: 'GET',
    path: '/label/__name__/values',
    parameters: { start: '0', end: '3600', limit: '40000' },
    data: ['http_requests_total', 'up'],
  },
  {
    what: 'label browser: values',
    method: 'GET',
    path: '/label/instance/values',
    parameters: { start: '0', end: '3600', 'match[]': 'up{job="node"}', limit: '40000' },
    data: ['a:9100', 'b:9100'],
  },
  {
    what: 'variables: series',
    method: 'POST',
    path: '/series',
    parameters: { start: '0', end: '3600', 'match[]': 'up{instance="a:9100"}' },
    data: [{ __name__: 'up', instance: 'a:9100', job: 'node' }],
  },
  {
    what: 'query builder: metadata',
    method: 'GET',
    path: '/metadata',
    parameters: { limit: '40000' },
    data: { up: [{ type: 'gauge', help: 'Whether the scrape worked.', unit: '' }] },
  },
  {
    what: 'rules',
    method: 'GET',
    path: '/rules',
    parameters: {},
    data: {
      groups: [{ name: 'g', file: 'f.yml', interval: 30, limit: 0, rules: [], evaluationTime: 0, lastEvaluation: '' }],
    },
  },
];

describe('through fastify', () => {
  it.each(exchanges)('$what: $method $path', async ({ method, path, parameters, data }) => {
    const { status, json } = await (method === 'GET' ? bed.get(path, parameters) : bed.post(path, parameters));
    expect(json).toMatchObject({ status: 'success', data });
    expect(status).toBe(200);
  });
});

describe('over a socket', () => {
  let origin = '';
  beforeAll(async () => {
    await bed.app.listen({ port: 0, host: '127.0.0.1' });
    const address: AddressInfo | string | null = bed.app.server.address();
    origin = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  });
  afterAll(() => bed.app.close());

  it.each(exchanges)('$what: $method $path', async ({ method, path, parameters, data }) => {
    const form = formOf(parameters);
    const response = await (method === 'GET'
      ? fetch(`${origin}/api/v1${path}?${form}`)
      : fetch(`${origin}/api/v1${path}`, { method, body: form }));
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toMatchObject({ status: 'success', data });
  });
});
