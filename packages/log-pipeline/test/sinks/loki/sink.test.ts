import { FakeClock } from '@vigie/core/fake-clock';
import { decodePushRequest, type PushStream } from '@vigie/wire/loki/push';
import { decompress } from '@vigie/wire/snappy';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bodyFormOf } from '../../../src/delivery/body-form.ts';
import type { RecordFacts } from '../../../src/encode/document.ts';
import * as layout from '../../../src/kernel/layout.ts';
import { lokiSchema } from '../../../src/sinks/loki/config.ts';
import { LokiSink } from '../../../src/sinks/loki/sink.ts';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { testRecord } from '../../kernel/records.ts';
import { SEEDED } from '../../kernel/seeded.ts';
import { factsOf } from '../facts.ts';
import { type BedRecord, GroupBed } from '../group-bed.ts';
import { type Peer, type PeerHandler, respond, startPeer } from '../http-peer.ts';
import { neverAborted, recordedDeps } from '../sink-deps.ts';

const NOW = Date.parse('2026-11-21T10:00:10Z');
const TIME_NANOS = 1_795_255_200_123_456_789n;
const LABELS = { container: 'web', namespace: 'shop', node: 'node-1', stream: 'stdout' };

let peer: Peer;
let deps = recordedDeps();
let bed = new GroupBed();
beforeEach(async () => {
  peer = await startPeer(respond(204));
  deps = recordedDeps({ clock: new FakeClock(NOW) });
  bed = new GroupBed();
});
afterEach(async () => {
  await peer.close();
});

function sinkOf(options: object = {}): LokiSink {
  const config = v.parse(lokiSchema, { type: 'loki', inputs: ['pods'], endpoints: [peer.url.href], ...options });
  return new LokiSink('loki', config, deps);
}

/** What Loki would read. */
async function pushed(
  sink: LokiSink,
  body: Buffer,
  handler: PeerHandler = respond(204),
): Promise<{ outcome: SendOutcome; requests: { tenant: string | undefined; streams: readonly PushStream[] }[] }> {
  peer.handle(handler);
  const before = peer.requests.length;
  const outcome = await sink.send(body, 0, neverAborted());
  const requests = peer.requests.slice(before).map(({ headers, bytes }) => ({
    tenant: headers['x-scope-orgid']?.toString(),
    streams: decodePushRequest(decompress(bytes, 1 << 24)).streams,
  }));
  return { outcome, requests };
}

async function streamsOf(
  records: readonly BedRecord[],
  options: object = {},
  facts: Partial<RecordFacts> = {},
): Promise<readonly PushStream[]> {
  const sink = sinkOf(options);
  const { requests } = await pushed(sink, bed.encode(sink.shape(factsOf(facts)), records));
  return requests[0]?.streams ?? [];
}

const line = (text: string, changed: Partial<BedRecord> = {}): BedRecord => ({
  message: Buffer.from(text),
  ...changed,
});

describe('records as Loki entries', () => {
  test('are in one stream for each set of labels, in their order, with metadata', async () => {
    const records = [
      line('a'),
      line('b', { flags: layout.FLAG_STDERR }),
      line('c'),
      line('d', { flags: layout.FLAG_STDERR }),
    ];
    const metadata = [
      ['pod', 'web-1'],
      ['pod_uid', factsOf().podUid],
      ['container_id', 'c0ffee'],
    ];
    const entries = (...texts: string[]) => texts.map((text) => ({ timeUnixNano: TIME_NANOS, line: text, metadata }));
    expect(await streamsOf(records)).toEqual([
      { labels: new Map(Object.entries(LABELS)), entries: entries('a', 'c') },
      { labels: new Map(Object.entries({ ...LABELS, stream: 'stderr' })), entries: entries('b', 'd') },
    ]);
    expect(peer.requests[0]).toMatchObject({ method: 'POST', url: '/loki/api/v1/push' });
    expect(peer.requests[0]?.headers['content-type']).toBe('application/x-protobuf');
    expect(peer.requests[0]?.headers['content-encoding']).toBeUndefined();
  });

  test('with labels and metadata as configured, without those that have no value', async () => {
    const options = {
      labels: { app: '{{ kubernetes.labels.app }}', cluster: 'c1', gone: '{{ kubernetes.labels.nope }}' },
      structured_metadata: { uid: '{{ kubernetes.pod.uid }}' },
    };
    const [stream] = await streamsOf([line('a'), line('b', { flags: layout.FLAG_STDERR })], options, {
      podUid: undefined,
    });
    expect(Object.fromEntries(stream?.labels ?? [])).toEqual({ app: 'web', cluster: 'c1' });
    expect(stream?.entries.map((entry) => [entry.line, entry.metadata])).toEqual([
      ['a', []],
      ['b', []],
    ]);
    const [bare] = await streamsOf([line('a')], { labels: { gone: '{{ kubernetes.labels.nope }}' } });
    expect(Object.fromEntries(bare?.labels ?? [])).toEqual({ job: 'vigie' });
  });

  test('have parsed fields and the level as metadata, or as the line where the message is left out', async () => {
    const severity = 17 << layout.FLAG_SEVERITY_SHIFT;
    const extra = '"log.level":"warn","http":{"status":503,"x-y":[1]},"9a":true,"none":null,"pod":"spoofed"';
    const options = { structured_metadata: { pod: '{{ kubernetes.pod.name }}' } };
    const records = [
      line('m', { extra }),
      line('n', { flags: severity }),
      line('hidden', { flags: layout.FLAG_HIDE_MESSAGE | severity, extra }),
    ];
    const [stream] = await streamsOf(records, options);
    expect(stream?.entries.map((entry) => [entry.line, Object.fromEntries(entry.metadata)])).toEqual([
      ['m', { pod: 'web-1', level: 'warn', http_status: '503', http_x_y: '[1]', _9a: 'true' }],
      ['n', { pod: 'web-1', level: 'error' }],
      [`{${extra}}`, { pod: 'web-1', level: 'error' }],
    ]);
    const [without] = await streamsOf([line('m', { extra })], { ...options, fields: false });
    expect(without?.entries[0]?.metadata).toEqual([['pod', 'web-1']]);
  });

  test('have no more metadata than Loki takes', async () => {
    const extra = Array.from({ length: 200 }, (_, index) => `"f${index}":"${'x'.repeat(200)}"`).join(',');
    const [stream] = await streamsOf([line('m', { extra })], { structured_metadata: {} });
    expect(stream?.entries[0]?.metadata).toHaveLength(96);
    expect(deps.counts.get('metadata_omitted')).toBe(104);
    const long = `"a":"${'x'.repeat(40_000)}","b":"y"`;
    const [second] = await streamsOf([line('m', { extra: long })], { structured_metadata: {} });
    expect(second?.entries[0]?.metadata).toEqual([['b', 'y']]);
  });

  test('are told apart by a nanosecond where time and line are equal, in batches one after the other too', async () => {
    const other = '2026-11-21T10:00:01Z';
    const sink = sinkOf({ structured_metadata: {} });
    const shape = sink.shape(factsOf());
    const offsets = async (records: BedRecord[]) => {
      const { requests } = await pushed(sink, bed.encode(shape, records));
      return requests[0]?.streams.flatMap(({ entries }) =>
        entries.map((entry) => `${entry.line}+${entry.timeUnixNano - TIME_NANOS}`),
      );
    };
    expect(await offsets([line('x'), line('y'), line('x'), line('x'), line('y')])).toEqual([
      'x+0',
      'y+0',
      'x+1',
      'x+2',
      'y+1',
    ]);
    expect(await offsets([line('x'), line('z')])).toEqual(['x+3', 'z+0']);
    expect((await offsets([line('x', { time: other }), line('x')]))?.at(-1)).toBe('x+0');
    const edge = '2026-11-21T10:00:00.999999999Z';
    expect(await offsets([line('e', { time: edge }), line('e', { time: edge })])).toEqual([
      `e+${876_543_210n}`,
      `e+${876_543_211n}`,
    ]);
  });

  test('are cut between characters at max_line_size', async () => {
    const [stream] = await streamsOf([line('é'.repeat(20)), line('short')], { max_line_size: '17B' });
    expect(stream?.entries.map((entry) => entry.line)).toEqual(['é'.repeat(8), 'short']);
    expect(deps.counts.get('line_cut')).toBe(1);
  });

  test('are whole whatever their bytes, and touch nothing behind their room', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const sink = sinkOf({ structured_metadata: {}, fields: false });
    fc.assert(
      fc.property(fc.array(testRecord, { maxLength: 8 }), fc.nat({ max: 2000 }), (records, room) => {
        bed.put(records);
        const { start } = bed.kernel.regions.slots[0]!;
        const { nextRow, writtenBytes } = bed.write(sink.shape(factsOf()), 0, records.length, room);
        const { streams } = decodePushRequest(Buffer.from(bed.kernel.memory.subarray(start, start + writtenBytes)));
        const skipped = layout.FLAG_DROPPED | layout.FLAG_FRAGMENT;
        const expected = records.slice(0, nextRow).filter(({ flags = 0 }) => (flags & skipped) === 0);
        expect(streams.flatMap(({ entries }) => entries.map((entry) => entry.line))).toEqual(
          expected.map(({ message, flags = 0, extra = '' }) =>
            (flags & layout.FLAG_HIDE_MESSAGE) === 0 ? decoder.decode(message) : `{${extra}}`,
          ),
        );
      }),
      SEEDED,
    );
  });
});

describe('loki sink', () => {
  test('gives what comes late a stream of its own log', async () => {
    const late = '2026-11-21T09:29:00Z';
    const [stream] = await streamsOf([line('old', { time: late }), line('new')]);
    expect(Object.fromEntries(stream?.labels ?? [])).toEqual({ ...LABELS, late: 'web-1/web/0' });
    const [live] = await streamsOf([line('new')]);
    expect(live?.labels.has('late')).toBe(false);
  });

  test('sends one request for each tenant, and asks again only for those that were not taken', async () => {
    const sink = sinkOf({ tenant: 'team-{{ kubernetes.namespace }}' });
    const shop = sink.shape(factsOf());
    const odd = sink.shape(factsOf({ namespace: 'ü/x' }));
    const body = Buffer.concat([
      bed.encode(shop, [line('a')]),
      bed.encode(odd, [line('b'), line('c')]),
      bed.encode(shop, [line('d')]),
    ]);
    const { outcome, requests } = await pushed(sink, body, (request, response) => {
      const isShop = request.headers['x-scope-orgid'] === 'team-shop';
      response.writeHead(isShop ? 204 : 429, { 'retry-after': '3' }).end('slow');
    });
    expect(
      requests.map(({ tenant, streams }) => [
        tenant,
        streams.flatMap(({ entries }) => entries.map((entry) => entry.line)),
      ]),
    ).toEqual([
      ['team-shop', ['a', 'd']],
      ['team-__x', ['b', 'c']],
    ]);
    expect(outcome).toEqual({ status: 'items', retry: [1, 2], rejected: [], reason: 'throttled', retryAfterMs: 3000 });
  });

  test('bounds the streams and tenants that fields can make', async () => {
    const sink = sinkOf({ max_names: 2, tenant: '{{ kubernetes.namespace }}' });
    for (const namespace of ['a', 'b']) sink.shape(factsOf({ namespace }));
    const { requests } = await pushed(sink, bed.encode(sink.shape(factsOf({ namespace: 'c' })), [line('x')]));
    expect(requests[0]?.tenant).toBe('other');
    expect(Object.fromEntries(requests[0]?.streams[0]?.labels ?? [])).toMatchObject({
      namespace: 'other',
      stream: 'stdout',
    });
    expect(deps.counts.get('name_overflow')).toBe(1);
  });

  test.each([
    [429, { status: 'retryable', reason: 'throttled' }],
    [500, { status: 'retryable', reason: 'unavailable' }],
    [503, { status: 'retryable', reason: 'unavailable' }],
    [401, { status: 'held', reason: 'credentials' }],
    [404, { status: 'held', reason: 'not_found' }],
    [413, { status: 'too_large' }],
  ])('answers to %i as any sink', async (httpStatus, expected) => {
    const sink = sinkOf();
    const { outcome } = await pushed(sink, bed.encode(sink.shape(factsOf()), [line('a')]), respond(httpStatus, 'x'));
    expect(outcome).toMatchObject(expected);
  });

  test('takes a 500 of which gRPC is the cause for a body that is too large', async () => {
    const sink = sinkOf();
    const text = 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)';
    const { outcome } = await pushed(sink, bed.encode(sink.shape(factsOf()), [line('a')]), respond(500, text));
    expect(outcome).toEqual({ status: 'too_large' });
  });

  test('never sends again what 400 refuses, and takes the rest for stored', async () => {
    const sink = sinkOf();
    const body = bed.encode(sink.shape(factsOf()), [line('short'), line('x'.repeat(50)), line('short too')]);
    const text = "max entry size '20' bytes exceeded for stream '{}' while adding an entry with length '50' bytes";
    const { outcome } = await pushed(sink, body, respond(400, text));
    expect(outcome).toEqual({
      status: 'items',
      retry: [],
      rejected: [{ index: 1, httpStatus: 400, error: text }],
      reason: 'unavailable',
    });
  });

  test('keeps a record as a dead letter that a person can read, and sends it again as it was', async () => {
    const sink = sinkOf({ tenant: 't1' });
    const body = bed.encode(sink.shape(factsOf()), [line('a'), line('b "x"', { extra: '"k":"v"' })]);
    const form = bodyFormOf(sink);
    const [letter] = form.letters(body, [1]);
    const text = Buffer.from(letter ?? []).toString();
    expect(JSON.parse(text)).toEqual({
      tenant: 't1',
      stream: LABELS,
      late: { ...LABELS, late: 'web-1/web/0' },
      values: [
        [String(TIME_NANOS), 'b "x"', { pod: 'web-1', pod_uid: factsOf().podUid, container_id: 'c0ffee', k: 'v' }],
      ],
    });
    expect(sink.grouped.fromJson(text).equals(Buffer.from(form.pick(body, [1])))).toBe(true);
    expect(() => sink.grouped.fromJson('{"stream":{}}')).toThrow('not one of a Loki sink');
    expect(form.split(body, 1).map((half) => decodePushRequest(Buffer.from(half)).streams[0]?.entries.length)).toEqual([
      1, 1,
    ]);
  });

  test.each([
    [{ labels: {} }, 'at least one label'],
    [{ labels: { 'a-b': 'x' } }, 'a label name of letters'],
    [{ labels: { late: 'x' } }, 'another name'],
    [{ labels: { __x: 'x' } }, 'a name without __'],
    [{ labels: { a: '{{ message }}' } }, 'one of stream, kubernetes.namespace'],
    [{ labels: { a: '%Y' } }, 'a value without a date'],
    [{ labels: Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`l${index}`, 'x'])) }, 'at most 14 labels'],
    [{ tenant: '{{ stream }}' }, 'one of kubernetes.namespace'],
    [{ compression: 'gzip' }, 'compression'],
  ])('refuses in the configuration: %j', (options, message) => {
    const parsed = v.safeParse(lokiSchema, {
      type: 'loki',
      inputs: ['pods'],
      endpoints: ['http://127.0.0.1:1'],
      ...options,
    });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.issues?.map((issue) => [issue.message, issue.path?.map(({ key }) => key)]))).toContain(
      message,
    );
  });
});
