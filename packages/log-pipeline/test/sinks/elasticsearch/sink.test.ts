import { systemClock } from '@vigie/core/clock';
import { seededRandom } from '@vigie/core/random';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BodyLimit, type DeliveryResult, deliver } from '../../../src/delivery/deliver.ts';
import { SinkHealth } from '../../../src/delivery/sink-health.ts';
import { elasticsearchSchema } from '../../../src/sinks/elasticsearch/config.ts';
import { ElasticsearchSink } from '../../../src/sinks/elasticsearch/sink.ts';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { MemoryDeadLetters } from '../../delivery/scripted-sink.ts';
import { factsOf } from '../facts.ts';
import { neverAborted, type RecordedDeps, recordedDeps } from '../sink-deps.ts';
import { type BulkFate, type BulkServer, startBulkServer } from './bulk-server.ts';

let server: BulkServer;
const sinks: ElasticsearchSink[] = [];
beforeEach(async () => {
  server = await startBulkServer();
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
  await server.peer.close();
});

function sinkOf(options = {}, deps: RecordedDeps = recordedDeps()): ElasticsearchSink {
  const config = v.parse(elasticsearchSchema, {
    type: 'elasticsearch',
    inputs: ['pods'],
    endpoints: [server.peer.url.href],
    timeouts: { connect: '2s', request: '150ms' },
    ...options,
  });
  const sink = new ElasticsearchSink('es', config, deps);
  sinks.push(sink);
  return sink;
}

function bodyOf(records: number, from = 0): Buffer {
  return Buffer.from(Array.from({ length: records }, (_, n) => record(from + n)).join(''));
}

function record(n: number): string {
  return `{"create":{"_id":"id-${n}"}}\n{"@timestamp":"2026-11-21T04:12:19Z","message":"${n}"}\n`;
}

function shapeText(sink: ElasticsearchSink, facts = {}, day?: string): string {
  const shape = sink.shape(factsOf(facts), day);
  return Buffer.from(shape.head).toString() + Buffer.from(shape.afterId).toString();
}

describe('what is sent', () => {
  test.each([
    [{ data_stream: 'logs-kubernetes-default' }, '{"create":{"_id":"AbCdEfGhIjKlMnOpQrStUv-"}}\n{"@timestamp":"'],
    [{ id: 'none' }, '{"create":{}}\n{"@timestamp":"'],
    [{ index: 'logs', id: 'none' }, '{"index":{}}\n{"@timestamp":"'],
    [{ index: 'logs' }, '{"create":{"_id":"AbCdEfGhIjKlMnOpQrStUv-"}}\n{"@timestamp":"'],
    [
      { data_stream: 'logs-{{ kubernetes.namespace }}-default' },
      '{"create":{"_index":"logs-shop-default","_id":"AbCdEfGhIjKlMnOpQrStUv-"}}\n{"@timestamp":"',
    ],
    [{ index: 'logs-%Y.%m.%d', id: 'none' }, '{"index":{"_index":"logs-2026.11.21"}}\n{"@timestamp":"'],
    [
      { index: 'logs-%Y.%m.%d' },
      '{"create":{"_index":"logs-2026.11.21","_id":"AbCdEfGhIjKlMnOpQrStUv-"}}\n{"@timestamp":"',
    ],
  ])('action line of %j', (options, expected) => {
    expect(shapeText(sinkOf(options), {}, '2026-11-21')).toBe(expected);
  });

  test.each([
    [{}, '/logs-kubernetes-default/_bulk'],
    [{ index: 'logs' }, '/logs/_bulk'],
    [{ index: 'logs-%Y' }, '/_bulk'],
    [{ data_stream: 'logs-{{ kubernetes.namespace }}-default' }, '/_bulk'],
  ])('path of %j', async (options, path) => {
    await sinkOf(options).send(bodyOf(1), 1, neverAborted());
    const [request] = server.bulks;
    const url = new URL(request?.url ?? '', server.peer.url);
    expect(url.pathname).toBe(path);
    expect(url.searchParams.get('filter_path')).toContain('errors,items.*.status');
    expect(request?.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'user-agent': 'vigie/9.8.7' });
  });

  test('names the ingest pipeline', async () => {
    await sinkOf({ pipeline: 'grok it' }).send(bodyOf(1), 1, neverAborted());
    expect(new URL(server.bulks[0]?.url ?? '', server.peer.url).searchParams.get('pipeline')).toBe('grok it');
  });

  test('a label cannot forge an action line', () => {
    const head = shapeText(sinkOf({ data_stream: 'logs-{{ kubernetes.labels.team }}-default' }), {
      labels: { team: 'a"}}\n{"delete":{"_index":"x' },
    });
    const [action] = head.split('\n');
    expect(Object.keys(JSON.parse(action ?? ''))).toEqual(['create']);
    expect(head.match(/\n/g)).toHaveLength(1);
  });

  test('containers beyond max_names go to the fallback, and are counted', () => {
    const deps = recordedDeps();
    const sink = sinkOf({ data_stream: 'logs-{{ kubernetes.namespace }}-default', max_names: 1 }, deps);
    shapeText(sink, { namespace: 'a' });
    expect(shapeText(sink, { namespace: 'b' })).toContain('"_index":"logs-other-default"');
    expect(deps.counts.get('name_overflow')).toBe(1);
  });

  test('data_stream_fields puts the parts of the name into the document', () => {
    const options = { data_stream: 'logs-{{ kubernetes.namespace }}-default', data_stream_fields: true };
    const before = Buffer.from(sinkOf(options).shape(factsOf(), undefined).beforeOffset).toString();
    expect(before).toContain('"data_stream":{"type":"logs","dataset":"shop","namespace":"default"}');
    expect(Buffer.from(sinkOf().shape(factsOf(), undefined).beforeOffset).toString()).not.toContain('data_stream');
  });
});

describe('outcomes', () => {
  const cases: readonly [name: string, fate: BulkFate, expected: Partial<SendOutcome>][] = [
    ['stored', 'ok', { status: 'accepted' }],
    [
      'a mixture',
      { items: [201, 429, 400, 503] },
      {
        status: 'items',
        retry: [1, 3],
        rejected: [{ index: 2, httpStatus: 400, error: 'error_400: because of 400' }],
        reason: 'throttled',
      },
    ],
    ['429', { status: 429, retryAfter: '2' }, { status: 'retryable', reason: 'throttled', retryAfterMs: 2_000 }],
    ['500', { status: 500 }, { status: 'retryable', reason: 'unavailable' }],
    ['503', { status: 503 }, { status: 'retryable', reason: 'unavailable' }],
    ['413', { status: 413 }, { status: 'too_large' }],
    ['400', { status: 400, body: 'no' }, { status: 'rejected', httpStatus: 400, error: 'no' }],
    ['401', { status: 401 }, { status: 'held', reason: 'credentials' }],
    ['403', { status: 403 }, { status: 'held', reason: 'credentials' }],
    ['404', { status: 404 }, { status: 'held', reason: 'not_found' }],
    ['406', { status: 406 }, { status: 'held', reason: 'endpoint' }],
    ['a reset', 'reset', { status: 'retryable', reason: 'network' }],
    ['a reset inside the answer', 'reset_mid_answer', { status: 'retryable', reason: 'network' }],
    ['an answer a byte at a time', 'slow_answer', { status: 'retryable', reason: 'timeout' }],
    ['no answer', 'stall', { status: 'retryable', reason: 'timeout' }],
    ['another page', { status: 200, body: '<html>' }, { status: 'retryable', reason: 'protocol' }],
    ['too few items', { status: 200, body: '{"errors":true,"items":[]}' }, { status: 'retryable', reason: 'protocol' }],
  ];
  test.each(cases)('%s', async (_name, fate, expected) => {
    server.fates = [fate];
    expect(await sinkOf().send(bodyOf(4), 4, neverAborted())).toMatchObject(expected);
  });

  test('a record that is there already is a success with ids of our own, and a refusal without', async () => {
    await sinkOf().send(bodyOf(2), 2, neverAborted());
    expect(await sinkOf().send(bodyOf(3), 3, neverAborted())).toEqual({ status: 'accepted' });
    expect(await sinkOf({ id: 'none' }).send(bodyOf(1), 1, neverAborted())).toMatchObject({
      rejected: [{ httpStatus: 409 }],
    });
  });

  test('answers that are not understood are counted', async () => {
    const deps = recordedDeps();
    server.fates = [{ status: 200, body: 'x' }];
    await sinkOf({}, deps).send(bodyOf(1), 1, neverAborted());
    expect(deps.counts.get('protocol_error')).toBe(1);
  });

  test('records in a failure store are accepted, and counted', async () => {
    const deps = recordedDeps();
    server.fates = [
      { status: 200, body: '{"errors":false,"items":[{"create":{"status":201,"failure_store":"used"}}]}' },
    ];
    expect(await sinkOf({}, deps).send(bodyOf(1), 1, neverAborted())).toEqual({ status: 'accepted' });
    expect(deps.counts.get('redirected')).toBe(1);
  });

  test('rejects with the reason when it is aborted', async () => {
    server.fates = ['stall'];
    const abort = new AbortController();
    const outcome = expect(sinkOf().send(bodyOf(1), 1, abort.signal)).rejects.toThrow('no longer wanted');
    abort.abort(new Error('no longer wanted'));
    await outcome;
  });
});

describe('delivery over real connections', () => {
  /** The system's clock with every wait a thousand times shorter; timeouts stay. */
  const hasty = {
    ...systemClock,
    sleep: (delayMs: number, signal?: AbortSignal) => systemClock.sleep(delayMs / 1000, signal),
  };

  async function run(
    body: Buffer,
    records: number,
    fates: readonly BulkFate[],
  ): Promise<DeliveryResult & { letters: MemoryDeadLetters }> {
    server.fates = [...fates];
    const letters = new MemoryDeadLetters();
    const events = { retry: () => undefined, refused: () => undefined, tooLarge: () => undefined };
    const result = await deliver(
      body,
      records,
      sinkOf({ compression: 'gzip' }),
      {
        clock: hasty,
        random: seededRandom(1),
        deadLetters: letters,
        health: new SinkHealth(),
        bodyLimit: new BodyLimit(),
        events,
      },
      neverAborted(),
    );
    return { ...result, letters };
  }

  test('with ids of our own, records whose answer was lost are stored once', async () => {
    const { rejected } = await run(bodyOf(100), 100, ['lost', 'reset', 'reset_mid_answer', 'stall']);
    expect(rejected).toEqual([]);
    expect(server.bulks).toHaveLength(5);
    expect([...server.stored.values()]).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
  });

  test('items of 429 alone are sent again', async () => {
    await run(bodyOf(4), 4, [{ items: [201, 429, 201, 429] }, { items: [429, 201] }]);
    expect(server.bulks.map(({ body }) => body)).toEqual([bodyOf(4).toString(), record(1) + record(3), record(1)]);
  });

  test('whatever the server does, every record is stored once or in the dead letters', async () => {
    const fate = fc.oneof(
      fc.constantFrom<BulkFate>(
        'ok',
        'lost',
        'reset',
        'reset_mid_answer',
        { status: 429 },
        { status: 503 },
        { status: 413 },
        { status: 400 },
      ),
      fc.record({ items: fc.array(fc.constantFrom(201, 429, 503, 400), { maxLength: 8 }) }),
    );
    let from = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 8 }), fc.integer({ min: 1, max: 8 }), async (fates, records) => {
        server.stored.clear();
        from += records;
        const { letters } = await run(bodyOf(records, from), records, fates);
        const buried = letters.letters.map(({ lines }) => /"_id":"id-(\d+)"/.exec(Buffer.from(lines).toString())?.[1]);
        const all = Array.from({ length: records }, (_, n) => String(from + n));
        // A record whose answer was lost may be stored and refused afterwards; none may be neither.
        expect([...new Set([...server.stored.values(), ...buried])].sort()).toEqual(all.sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe('preparation', () => {
  test('a data stream without a template holds, until there is one', async () => {
    let templates = '{}';
    server.peer.handle((request, response) => {
      if (request.url.startsWith('/_data_stream')) response.writeHead(404).end();
      else response.writeHead(200).end(request.url.includes('_bulk') ? '{"errors":false}' : templates);
    });
    const sink = sinkOf();
    expect(await sink.send(bodyOf(1), 1, neverAborted())).toEqual({
      status: 'held',
      reason: 'template',
      detail: 'no index template matches logs-kubernetes-default; install one, or set setup: true',
    });
    templates = '{"index_templates":[{"name":"t","index_template":{"index_patterns":["logs-*-*"],"data_stream":{}}}]}';
    expect(await sink.send(bodyOf(1), 1, neverAborted())).toEqual({ status: 'accepted' });
    const asked = server.peer.requests.length;
    await sink.send(bodyOf(1), 1, neverAborted());
    expect(server.peer.requests).toHaveLength(asked + 1);
  });

  test('sends that come together ask once', async () => {
    const sink = sinkOf();
    await Promise.all(Array.from({ length: 4 }, () => sink.send(bodyOf(1), 1, neverAborted())));
    expect(server.peer.requests.filter(({ url }) => !url.includes('_bulk'))).toHaveLength(1);
  });

  test('a server that does not say is sent to, with a warning', async () => {
    server.peer.handle((request, response) => {
      response.writeHead(request.url.includes('_bulk') ? 200 : 403).end('{"errors":false}');
    });
    const deps = recordedDeps();
    expect(await sinkOf({}, deps).send(bodyOf(1), 1, neverAborted())).toEqual({ status: 'accepted' });
    expect(deps.warnings.map(({ fields }) => fields)).toMatchObject([{ name: 'logs-kubernetes-default' }]);
  });

  test('an index is sent to without a question', async () => {
    await sinkOf({ index: 'logs-%Y' }).send(bodyOf(1), 1, neverAborted());
    expect(server.peer.requests).toHaveLength(1);
  });

  test.each([
    [503, { status: 'retryable', reason: 'unavailable' }],
    [429, { status: 'retryable', reason: 'throttled' }],
    [401, { status: 'held', reason: 'credentials' }],
  ])('a %i to the question is the outcome', async (status, outcome) => {
    server.peer.handle((_request, response) => response.writeHead(status).end());
    expect(await sinkOf().send(bodyOf(1), 1, neverAborted())).toMatchObject(outcome);
    expect(server.peer.requests.some(({ url }) => url.includes('_bulk'))).toBe(false);
  });
});
