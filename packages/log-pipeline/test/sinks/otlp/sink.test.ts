import generated from '@opentelemetry/otlp-transformer/build/src/generated/root.js';
import { FakeClock } from '@vigie/core/fake-clock';
import { decodeLogsRequest, encodeLogsResponse } from '@vigie/wire/otlp/logs';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bodyFormOf } from '../../../src/delivery/body-form.ts';
import { BodyLimit, deliver } from '../../../src/delivery/deliver.ts';
import { SinkHealth } from '../../../src/delivery/sink-health.ts';
import { putUnixNanos } from '../../../src/encode/unix-time-fields.ts';
import * as layout from '../../../src/kernel/layout.ts';
import { otlpSchema } from '../../../src/sinks/otlp/config.ts';
import { OtlpSink } from '../../../src/sinks/otlp/sink.ts';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { MemoryDeadLetters } from '../../delivery/scripted-sink.ts';
import { testRecord } from '../../kernel/records.ts';
import { SEEDED } from '../../kernel/seeded.ts';
import { factsOf } from '../facts.ts';
import { GroupBed } from '../group-bed.ts';
import { type Peer, type PeerHandler, respond, startPeer } from '../http-peer.ts';
import { neverAborted, recordedDeps } from '../sink-deps.ts';

/** The decoder that OpenTelemetry's own project generates from its .proto files. */
const { ExportLogsServiceRequest } = Reflect.get(generated, 'opentelemetry').proto.collector.logs.v1;

function official(body: Uint8Array): { resourceLogs?: OfficialResourceLogs[] } {
  const options = { longs: String, enums: Number, bytes: String };
  return ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(body), options);
}

interface OfficialResourceLogs {
  readonly resource: { readonly attributes: unknown[] };
  readonly scopeLogs: readonly { readonly logRecords: readonly Record<string, unknown>[] }[];
}

let peer: Peer;
const bed = new GroupBed();
let deps = recordedDeps();
beforeEach(async () => {
  peer = await startPeer(respond(200));
  deps = recordedDeps();
});
afterEach(async () => {
  await peer.close();
});

function sinkOf(options: object = {}, changed = deps): OtlpSink {
  const config = v.parse(otlpSchema, { type: 'otlp', inputs: ['pods'], endpoints: [peer.url.href], ...options });
  return new OtlpSink('otlp', config, changed);
}

const THREE = [{ message: Buffer.from('a') }, { message: Buffer.from('b') }, { message: Buffer.from('c') }];

async function send(handler: PeerHandler, options: object = {}): Promise<SendOutcome> {
  peer.handle(handler);
  const sink = sinkOf(options);
  const outcome = await sink.send(bed.encode(sink.shape(factsOf()), THREE), 3, neverAborted());
  await sink.close();
  return outcome;
}

function recordsOf(body: Uint8Array): readonly Record<string, unknown>[] {
  return (official(body).resourceLogs ?? []).flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords),
  );
}

describe('records as OTLP', () => {
  test('have resource, attributes, severity, times and ids in their own fields', () => {
    const severity = 13 << layout.FLAG_SEVERITY_SHIFT;
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const extra = `"log.level":"warn","trace.id":"${trace}","span.id":"00f067aa0ba902b7","n":5,"big":9007199254740993,"huge":123456789012345678901,"f":0.5,"ok":true,"none":null,"o":{"a":[1,"x"]}`;
    const records = [
      {
        message: Buffer.from('hé'),
        flags: layout.FLAG_STDERR | severity,
        extra,
        time: '2026-11-21T10:00:00.123456789Z',
      },
      { message: Buffer.from('hidden'), flags: layout.FLAG_HIDE_MESSAGE | layout.FLAG_TRUNCATED | layout.FLAG_PARTIAL },
      { message: Buffer.from('gone'), flags: layout.FLAG_DROPPED },
      { message: Buffer.from('caf\xe9', 'latin1') },
    ];
    const fakeClock = new FakeClock();
    const body = bed.encode(sinkOf({}, recordedDeps({ clock: fakeClock })).shape(factsOf()), records);
    expect(bed.rows).toEqual([0, 1, 3]);
    const { resourceLogs = [] } = official(body);
    expect(resourceLogs).toHaveLength(1);
    expect(resourceLogs[0]?.resource.attributes).toContainEqual({
      key: 'k8s.pod.name',
      value: { stringValue: 'web-1' },
    });
    expect(resourceLogs[0]?.resource.attributes).toContainEqual({
      key: 'k8s.container.restart_count',
      value: { intValue: '0' },
    });
    const [first, second, third] = recordsOf(body);
    const path = { key: 'log.file.path', value: { stringValue: factsOf().path } };
    expect(first).toEqual({
      timeUnixNano: '1795255200123456789',
      observedTimeUnixNano: String(BigInt(fakeClock.nowMs()) * 1_000_000n),
      severityNumber: 13,
      severityText: 'warn',
      body: { stringValue: 'hé' },
      attributes: [
        { key: 'log.iostream', value: { stringValue: 'stderr' } },
        path,
        { key: 'n', value: { intValue: '5' } },
        { key: 'big', value: { intValue: '9007199254740993' } },
        { key: 'huge', value: { stringValue: '123456789012345678901' } },
        { key: 'f', value: { doubleValue: 0.5 } },
        { key: 'ok', value: { boolValue: true } },
        {
          key: 'o',
          value: {
            kvlistValue: {
              values: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }] } } }],
            },
          },
        },
      ],
      traceId: Buffer.from(trace, 'hex').toString('base64'),
      spanId: Buffer.from('00f067aa0ba902b7', 'hex').toString('base64'),
    });
    expect(second?.body).toBeUndefined();
    expect(second?.attributes).toContainEqual({
      key: 'log.flags',
      value: { arrayValue: { values: [{ stringValue: 'truncated' }, { stringValue: 'partial' }] } },
    });
    expect(third?.body).toEqual({ stringValue: 'caf\ufffd' });
  });

  test('are the messages, whatever their bytes, and touch nothing behind their room', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    fc.assert(
      fc.property(fc.array(testRecord, { maxLength: 8 }), fc.nat({ max: 3000 }), (records, room) => {
        const shape = sinkOf().shape(factsOf());
        bed.put(records);
        const { start } = bed.kernel.regions.slots[0]!;
        const { nextRow, writtenBytes, records: written } = bed.write(shape, 0, records.length, room);
        const shown = (flags = 0) => (flags & (layout.FLAG_DROPPED | layout.FLAG_FRAGMENT)) === 0;
        const expected = records.slice(0, nextRow).filter(({ flags }) => shown(flags));
        const found = recordsOf(bed.kernel.memory.subarray(start, start + writtenBytes));
        expect(written).toBe(expected.length);
        expect(found.map(({ body }) => body)).toEqual(
          expected.map(({ message, flags = 0 }) =>
            (flags & layout.FLAG_HIDE_MESSAGE) === 0 ? { stringValue: decoder.decode(message) } : undefined,
          ),
        );
      }),
      SEEDED,
    );
  });

  test('leave out attributes beyond max_attributes, and say how many', () => {
    const extra = '"a":1,"b":2,"c":3';
    const [record] = recordsOf(
      bed.encode(sinkOf({ max_attributes: 2 }).shape(factsOf()), [{ message: Buffer.from('x'), extra }]),
    );
    expect(record?.droppedAttributesCount).toBe(1);
    expect(record?.attributes).toHaveLength(4);
  });

  test('have times of every year in 64 bits', () => {
    const bytes = Buffer.alloc(8);
    fc.assert(
      fc.property(fc.nat({ max: 18_000_000_000 }), fc.nat({ max: 999_999_999 }), (seconds, nanos) => {
        putUnixNanos(bytes, 0, { seconds, nanos });
        expect(bytes.readBigUInt64LE()).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
      }),
      SEEDED,
    );
  });

  test('can be picked, parted, and kept as dead letters that are sent again', () => {
    const sink = sinkOf();
    const shape = sink.shape(factsOf());
    const other = sink.shape(factsOf({ podName: 'web-2' }));
    const body = Buffer.concat([bed.encode(shape, THREE), bed.encode(other, THREE)]);
    const form = bodyFormOf(sink);
    const texts = (bytes: Uint8Array) =>
      recordsOf(bytes).map((record) => Reflect.get(record.body as object, 'stringValue'));
    expect(texts(form.pick(body, [1, 3, 5]))).toEqual(['b', 'a', 'c']);
    expect(form.split(body, 2).map(texts)).toEqual([
      ['a', 'b'],
      ['c', 'a', 'b', 'c'],
    ]);
    expect(official(form.pick(body, [4])).resourceLogs).toHaveLength(1);
    const letters = form.letters(body, [2, 4]).map((letter) => Buffer.from(letter).toString());
    expect(letters).toHaveLength(2);
    const again = sink.grouped.fromJson(letters[1] ?? '');
    expect(decodeLogsRequest(again)).toEqual(decodeLogsRequest(Buffer.from(form.pick(body, [4]))));
    expect(() => sink.grouped.fromJson('{"resourceLogs":[]}')).toThrow('a dead letter of 0 log records');
  });
});

describe('otlp sink', () => {
  test('posts Protocol Buffers, and any 2xx without an answer is a success', async () => {
    expect(await send(respond(200))).toEqual({ status: 'accepted' });
    const [request] = peer.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/v1/logs' });
    expect(request?.headers['content-type']).toBe('application/x-protobuf');
  });

  test('posts JSON that means the same, compressed if told to', async () => {
    expect(
      await send(respond(200, '{}', { 'content-type': 'application/json' }), { encoding: 'json', compression: 'gzip' }),
    ).toEqual({
      status: 'accepted',
    });
    const [request] = peer.requests;
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const { resourceLogs } = JSON.parse(request?.body ?? '');
    expect(resourceLogs[0].scopeLogs[0].logRecords[2]).toMatchObject({
      timeUnixNano: '1795255200123456789',
      body: { stringValue: 'c' },
    });
  });

  test.each([
    'proto',
    'json',
  ])('counts what a partial success rejected, and does not send it again: %s', async (encoding) => {
    const answer =
      encoding === 'proto'
        ? respond(200, encodeLogsResponse({ rejectedLogRecords: 2n, errorMessage: 'too old' }), {
            'content-type': 'application/x-protobuf',
          })
        : respond(200, '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}', {
            'content-type': 'application/json',
          });
    expect(await send(answer, { encoding })).toEqual({
      status: 'discarded',
      records: 2,
      httpStatus: 200,
      error: 'too old',
    });
    expect(deps.warnings.map(({ fields }) => fields)).toEqual([{ records: 2, errorMessage: 'too old' }]);
  });

  test('ends the delivery of a partial success: one request, two records dropped, no dead letter', async () => {
    const answer = encodeLogsResponse({ rejectedLogRecords: 2n, errorMessage: 'too old' });
    peer.handle(respond(200, answer, { 'content-type': 'application/x-protobuf' }));
    const sink = sinkOf();
    const letters = new MemoryDeadLetters();
    const refused: number[] = [];
    const result = await deliver(
      bed.encode(sink.shape(factsOf()), THREE),
      3,
      sink,
      {
        clock: deps.clock,
        random: deps.random,
        deadLetters: letters,
        health: new SinkHealth(),
        bodyLimit: new BodyLimit(),
        events: {
          retry: () => expect.unreachable('sent again'),
          refused: (_sink, _status, records) => refused.push(records),
          tooLarge: () => expect.unreachable('halved'),
        },
      },
      neverAborted(),
    );
    await sink.close();
    expect(result.rejected.map(({ reason }) => reason)).toEqual(['rejected', 'rejected']);
    expect([peer.requests.length, letters.letters, refused]).toEqual([1, [], [2]]);
  });

  test('takes a warning for one, and an answer that is not OTLP for a success that is counted', async () => {
    const warning = encodeLogsResponse({ rejectedLogRecords: 0n, errorMessage: 'slow down' });
    expect(await send(respond(200, warning))).toEqual({ status: 'accepted' });
    expect(deps.warnings).toHaveLength(1);
    expect(await send(respond(200, '<html>'))).toEqual({ status: 'accepted' });
    expect(deps.counts.get('protocol_error')).toBe(1);
  });

  test.each([
    [429, 'throttled'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('sends again after %i, when Retry-After says so', async (httpStatus, reason) => {
    const outcome = await send(respond(httpStatus, 'busy', { 'retry-after': '7' }));
    expect(outcome).toEqual({ status: 'retryable', reason, detail: `${httpStatus}: busy`, retryAfterMs: 7000 });
  });

  test.each([400, 405, 415, 422, 500, 501])('never sends again after %i, in halves neither', async (httpStatus) => {
    const outcome = await send(respond(httpStatus, 'no'));
    const rejected = [0, 1, 2].map((index) => ({ index, httpStatus, error: 'no' }));
    expect(outcome).toEqual({ status: 'items', retry: [], rejected, reason: 'unavailable' });
  });

  test('halves after 413, and holds where only somebody else can help', async () => {
    expect(await send(respond(413))).toEqual({ status: 'too_large' });
    expect(await send(respond(401, 'who'))).toEqual({ status: 'held', reason: 'credentials', detail: '401: who' });
    expect(await send(respond(404, ''))).toMatchObject({ status: 'held', reason: 'not_found' });
    expect(await send(respond(301, ''))).toMatchObject({ status: 'held', reason: 'endpoint' });
  });
});
