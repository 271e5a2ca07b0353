import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { elasticsearchSchema } from '../../../src/sinks/elasticsearch/config.ts';
import { ElasticsearchSink } from '../../../src/sinks/elasticsearch/sink.ts';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { type Peer, type PeerRequest, startPeer } from '../http-peer.ts';
import { neverAborted, recordedDeps } from '../sink-deps.ts';

/** ILM and ISM are not in the parts of the servers that can be had for tests (test/real runs the rest of setup against
 *  those), so their requests are held to the bodies that the servers' references specify. */

type Server = 'elasticsearch' | 'opensearch';
type Answer = readonly [httpStatus: number, body: unknown];

let peer: Peer;
/** Answers by method and path; what is not here is answered as by a server without anything installed. */
let answers: Record<string, Answer>;

async function start(server: Server): Promise<void> {
  answers = {};
  peer = await startPeer((request, response) => {
    const [path = ''] = request.url.split('?');
    const [httpStatus, body] = answers[`${request.method} ${path}`] ?? byDefault(request, path);
    response.writeHead(httpStatus, {
      'content-type': 'application/json',
      ...(server === 'elasticsearch' ? { 'x-elastic-product': 'Elasticsearch' } : {}),
    });
    response.end(JSON.stringify(body));
  });
}

function byDefault(request: PeerRequest, path: string): Answer {
  if (path === '/') return [200, {}];
  if (path.endsWith('/_bulk')) return [200, { errors: false }];
  return request.method === 'GET'
    ? [404, { error: { type: 'resource_not_found_exception' }, status: 404 }]
    : [200, { acknowledged: true }];
}

afterEach(() => peer.close());

async function send(options = {}): Promise<{ outcome: SendOutcome; notes: unknown[] }> {
  const config = v.parse(elasticsearchSchema, {
    type: 'elasticsearch',
    inputs: ['pods'],
    endpoints: [peer.url.href],
    setup: true,
    auth: { basic: { user: 'u', password: 'p' } },
    ...options,
  });
  const deps = recordedDeps();
  const sink = new ElasticsearchSink('es', config, deps);
  const outcome = await sink.send(Buffer.from('{"create":{}}\n{}\n'), 1, neverAborted());
  await sink.close();
  return { outcome, notes: deps.warnings.map(({ fields }) => fields.note) };
}

/** What was installed, in order. OpenSearch's client puts a template by POST, which means the same. */
function puts(): unknown[] {
  const installs = peer.requests.filter(({ method, url }) => method !== 'GET' && !url.includes('_bulk'));
  return installs.map(({ url, body }) => [url, JSON.parse(body)]);
}

const accepted = { status: 'accepted' };

describe('setup on Elasticsearch', () => {
  beforeEach(() => start('elasticsearch'));

  test('installs policy and template, then sends', async () => {
    expect(await send()).toEqual({ outcome: accepted, notes: [] });
    const keyword = { type: 'keyword', ignore_above: 1024 };
    expect(puts()).toEqual([
      [
        '/_ilm/policy/vigie-logs-kubernetes-default',
        {
          policy: {
            phases: {
              hot: { actions: { rollover: { max_age: '2592000s', max_primary_shard_size: '53687091200b' } } },
            },
            _meta: { managed_by: 'vigie' },
          },
        },
      ],
      [
        '/_index_template/vigie-logs-kubernetes-default',
        {
          index_patterns: ['logs-kubernetes-default'],
          priority: 250,
          data_stream: {},
          template: {
            settings: {
              index: {
                lifecycle: { name: 'vigie-logs-kubernetes-default' },
                mapping: {
                  ignore_malformed: true,
                  total_fields: { limit: 1000, ignore_dynamic_beyond_limit: true },
                },
              },
            },
            mappings: {
              dynamic_templates: [{ texts: { match_mapping_type: 'string', mapping: keyword } }],
              properties: {
                '@timestamp': { type: 'date_nanos' },
                message: { type: 'match_only_text' },
                stream: keyword,
                kubernetes: {
                  properties: {
                    namespace: keyword,
                    pod: { properties: { name: keyword, uid: keyword } },
                    container: { properties: { name: keyword } },
                    node: { properties: { name: keyword } },
                    labels: { type: 'flattened' },
                  },
                },
                container: { properties: { id: keyword } },
                log: {
                  properties: { file: { properties: { path: keyword } }, offset: { type: 'long' }, flags: keyword },
                },
                data_stream: {
                  properties: {
                    type: { type: 'constant_keyword', value: 'logs' },
                    dataset: { type: 'constant_keyword', value: 'kubernetes' },
                    namespace: { type: 'constant_keyword', value: 'default' },
                  },
                },
              },
            },
          },
          _meta: { managed_by: 'vigie', description: 'Container logs shipped by Vigie' },
        },
      ],
    ]);
    for (const { headers } of peer.requests) {
      expect(headers.authorization).toBe(`Basic ${btoa('u:p')}`);
      expect(headers['user-agent']).toBe('vigie/9.8.7');
    }
  });

  test('takes the options for size, age and retention', async () => {
    await send({ setup: { rollover_size: '10GiB', rollover_age: '1d', delete_after: '14d', shards: 2, replicas: 0 } });
    expect(puts()).toMatchObject([
      [
        expect.any(String),
        {
          policy: {
            phases: {
              hot: { actions: { rollover: { max_age: '86400s', max_primary_shard_size: '10737418240b' } } },
              delete: { min_age: '1209600s', actions: { delete: {} } },
            },
          },
        },
      ],
      [expect.any(String), { template: { settings: { index: { number_of_shards: 2, number_of_replicas: 0 } } } }],
    ]);
  });

  test('for names with fields covers all of them, without constants that only one would have', async () => {
    await send({ data_stream: 'logs-{{ kubernetes.namespace }}-default', data_stream_fields: true });
    const [, [url, template]] = puts() as [unknown, [string, { template: { mappings: { properties: object } } }]];
    expect(url).toBe('/_index_template/vigie-logs-any-default');
    expect(template).toMatchObject({ index_patterns: ['logs-*-default'] });
    expect(template.template.mappings.properties).toMatchObject({
      data_stream: { properties: { dataset: { type: 'constant_keyword' } } },
    });
    expect(JSON.stringify(template)).not.toContain('"value"');
  });

  test('for a dated index installs no data stream, and a policy only where something is deleted', async () => {
    await send({ index: 'logs-%Y.%m.%d', id: 'none' });
    expect(puts()).toMatchObject([['/_index_template/vigie-logs-yyyy.mm.dd', { index_patterns: ['logs-2*.*.*'] }]]);
    expect(JSON.stringify(puts())).not.toContain('data_stream');
    peer.requests.length = 0;
    await send({ index: 'logs-%Y.%m.%d', setup: { delete_after: '30d' } });
    expect(puts()).toMatchObject([
      [
        '/_ilm/policy/vigie-logs-yyyy.mm.dd',
        { policy: { phases: { hot: { actions: {} }, delete: { min_age: '2592000s' } } } },
      ],
      [
        '/_index_template/vigie-logs-yyyy.mm.dd',
        { template: { settings: { index: { lifecycle: { name: 'vigie-logs-yyyy.mm.dd' } } } } },
      ],
    ]);
  });

  test('leaves a policy that is there, and a template that is not ours', async () => {
    answers['GET /_ilm/policy/vigie-logs-kubernetes-default'] = [200, { 'vigie-logs-kubernetes-default': {} }];
    const foreign = { name: 'vigie-logs-kubernetes-default', index_template: { index_patterns: ['x'], _meta: {} } };
    answers['GET /_index_template/vigie-logs-kubernetes-default'] = [200, { index_templates: [foreign] }];
    expect(await send()).toEqual({
      outcome: accepted,
      notes: ['the index template vigie-logs-kubernetes-default is not managed by vigie and is left as it is'],
    });
    expect(puts()).toEqual([]);
  });

  test('brings a template of its own up to date', async () => {
    const own = { name: 'x', index_template: { index_patterns: ['old'], _meta: { managed_by: 'vigie' } } };
    answers['GET /_index_template/vigie-logs-kubernetes-default'] = [200, { index_templates: [own] }];
    expect((await send()).notes).toEqual([]);
    expect(puts()).toHaveLength(2);
  });

  test.each([
    [405, { error: 'Incorrect HTTP method for uri', status: 405 }],
    [410, { error: { type: 'api_not_available_exception' }, status: 410 }],
    [400, { error: 'no handler found for uri [/_ilm/policy/x] and method [PUT]' }],
  ])('does without lifecycle policies where the server has none (%i)', async (httpStatus, body) => {
    answers['PUT /_ilm/policy/vigie-logs-kubernetes-default'] = [httpStatus, body];
    expect(await send()).toEqual({
      outcome: accepted,
      notes: ['the server has no lifecycle policies: nothing rolls over or is deleted by itself'],
    });
    expect(JSON.stringify(puts().at(-1))).not.toContain('lifecycle');
  });

  test('does without what the server lacks, one thing after another', async () => {
    const known = peer;
    let attempts = 0;
    known.handle((request, response) => {
      const headers = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' };
      const lacking = ['flattened', 'match_only_text'].find((type) => request.body.includes(`"${type}"`));
      if (request.method === 'PUT' && lacking !== undefined) {
        attempts++;
        const cause = {
          type: 'mapper_parsing_exception',
          reason: `No handler for type [${lacking}] declared on field`,
        };
        response.writeHead(400, headers).end(
          JSON.stringify({
            error: { type: 'illegal_argument_exception', reason: 'template invalid', caused_by: cause },
          }),
        );
        return;
      }
      const [httpStatus, body] = byDefault(request, request.url.split('?')[0] ?? '');
      response.writeHead(httpStatus, headers).end(JSON.stringify(body));
    });
    expect(await send()).toEqual({
      outcome: accepted,
      notes: [
        'the server has no flattened, the index template does without',
        'the server has no match_only_text, the index template does without',
      ],
    });
    expect(attempts).toBe(2);
    expect(puts().at(-1)).toMatchObject([
      expect.any(String),
      {
        template: {
          mappings: {
            dynamic_templates: [{ labels: { path_match: 'kubernetes.labels.*' } }, { texts: {} }],
            properties: { message: { type: 'text' } },
          },
        },
      },
    ]);
  });

  test.each([
    [403, { status: 'held', reason: 'credentials' }],
    [400, { status: 'held', reason: 'setup' }],
    [503, { status: 'retryable', reason: 'unavailable' }],
    [429, { status: 'retryable', reason: 'throttled' }],
  ])('a %i is no crash: records wait, and it is tried again', { timeout: 30_000 }, async (httpStatus, expected) => {
    const put = 'PUT /_index_template/vigie-logs-kubernetes-default';
    answers[put] = [httpStatus, { error: { type: 'some_exception', reason: 'because' }, status: httpStatus }];
    const { outcome } = await send();
    expect(outcome).toMatchObject(expected);
    expect('detail' in outcome && outcome.detail).toContain('because');
    expect(peer.requests.some(({ url }) => url.includes('_bulk'))).toBe(false);
    delete answers[put];
    expect((await send()).outcome).toEqual(accepted);
  });

  test('knows the server by its header even where it may not ask', async () => {
    answers['GET /'] = [403, { error: { type: 'security_exception' } }];
    expect((await send()).outcome).toEqual(accepted);
    expect(puts()).toHaveLength(2);
  });
});

describe('setup on OpenSearch', () => {
  beforeEach(() => start('opensearch'));

  test('installs policy and template with the types that OpenSearch has', async () => {
    expect(await send({ setup: { delete_after: '14d' } })).toEqual({ outcome: accepted, notes: [] });
    expect(puts()).toMatchObject([
      [
        '/_plugins/_ism/policies/vigie-logs-kubernetes-default',
        {
          policy: {
            default_state: 'hot',
            states: [
              {
                name: 'hot',
                actions: [{ rollover: { min_index_age: '2592000s', min_primary_shard_size: '53687091200b' } }],
                transitions: [{ state_name: 'delete', conditions: { min_rollover_age: '1209600s' } }],
              },
              { name: 'delete', actions: [{ delete: {} }], transitions: [] },
            ],
            ism_template: [{ index_patterns: ['logs-kubernetes-default'], priority: 250 }],
          },
        },
      ],
      [
        '/_index_template/vigie-logs-kubernetes-default',
        {
          priority: 250,
          data_stream: {},
          template: {
            settings: { index: { mapping: { ignore_malformed: true } } },
            mappings: { properties: { kubernetes: { properties: { labels: { type: 'flat_object' } } } } },
          },
        },
      ],
    ]);
    expect(JSON.stringify(puts())).not.toContain('lifecycle');
    for (const { headers } of peer.requests) expect(headers.authorization).toBe(`Basic ${btoa('u:p')}`);
  });

  test('does without ISM where the plugin is missing', async () => {
    answers['PUT /_plugins/_ism/policies/vigie-logs-kubernetes-default'] = [
      400,
      { error: 'no handler found for uri [x] and method [PUT]' },
    ];
    const { outcome, notes } = await send();
    expect(outcome).toEqual(accepted);
    expect(notes).toHaveLength(1);
  });

  test('leaves a policy that is there', async () => {
    answers['GET /_plugins/_ism/policies/vigie-logs-kubernetes-default'] = [200, { policy: {} }];
    await send();
    expect(puts()).toMatchObject([['/_index_template/vigie-logs-kubernetes-default', {}]]);
  });
});
