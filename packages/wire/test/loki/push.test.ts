import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { formatLabels, parseLabels } from '../../src/loki/labels.ts';
import {
  decodePushRequest,
  encodePushRequest,
  formatPushRequest,
  type PushRequest,
  parsePushRequest,
} from '../../src/loki/push.ts';
import { SEEDED } from '../seeded.ts';

/** The fields of Loki's pkg/push/push.proto. */
const Theirs = protobuf
  .parse(`syntax = "proto3";
    message PushRequest { repeated Stream streams = 1; string format = 2; }
    message Stream { string labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
    message Entry { Timestamp timestamp = 1; string line = 2; repeated Pair structuredMetadata = 3; repeated Pair parsed = 4; }
    message Pair { string name = 1; string value = 2; }
    message Timestamp { int64 seconds = 1; int32 nanos = 2; }`)
  .root.lookupType('PushRequest');

const text = fc.string({ unit: 'binary', maxLength: 40 });
const labels = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/), text), {
    maxLength: 5,
    selector: ([name]) => name,
  })
  .map((pairs) => new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1))));
const metadata = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), text), {
  maxLength: 3,
  selector: ([name]) => name,
});
const pushRequest: fc.Arbitrary<PushRequest> = fc.record({
  streams: fc.array(
    fc.record({
      labels,
      entries: fc.array(
        fc.record({
          timeUnixNano: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 63n - 1n }),
          line: text,
          metadata,
        }),
        { maxLength: 4 },
      ),
    }),
    { maxLength: 3 },
  ),
});

describe("Loki's push request", () => {
  it('is read back as it was written, by us and by protobufjs', () => {
    fc.assert(
      fc.property(pushRequest, (request) => {
        const bytes = encodePushRequest(request);
        expect(decodePushRequest(bytes)).toEqual(request);
        const theirs = Theirs.toObject(Theirs.decode(bytes), { longs: String, defaults: true });
        expect(theirs.streams).toEqual(
          request.streams.map(({ labels, entries }) => ({
            labels: formatLabels(labels),
            hash: '0',
            entries: entries.map(({ timeUnixNano, line, metadata }) => {
              const nanos = ((timeUnixNano % 10n ** 9n) + 10n ** 9n) % 10n ** 9n;
              return {
                timestamp: { seconds: String((timeUnixNano - nanos) / 10n ** 9n), nanos: Number(nanos) },
                line,
                structuredMetadata: metadata.map(([name, value]) => ({ name, value })),
                parsed: [],
              };
            }),
          })),
        );
      }),
      SEEDED,
    );
  });

  it('is the same by way of JSON', () => {
    fc.assert(
      fc.property(pushRequest, (request) => {
        expect(parsePushRequest(formatPushRequest(request))).toEqual(request);
      }),
      SEEDED,
    );
    const published =
      '{"streams":[{"stream":{"app":"web"},"values":[["1570818238000000000","fizzbuzz"],["2","x",{"trace_id":"0242"}]]}]}';
    expect(parsePushRequest(published)).toEqual({
      streams: [
        {
          labels: new Map([['app', 'web']]),
          entries: [
            { timeUnixNano: 1_570_818_238_000_000_000n, line: 'fizzbuzz', metadata: [] },
            { timeUnixNano: 2n, line: 'x', metadata: [['trace_id', '0242']] },
          ],
        },
      ],
    });
  });

  it.each([
    ['not JSON', 'x'],
    ['streams[0].stream: not an object', '{"streams":[{"values":[]}]}'],
    ['"a-b" is not the name of a label', '{"streams":[{"stream":{"a-b":"1"}}]}'],
    ['streams[0].stream.a: not a text', '{"streams":[{"stream":{"a":1}}]}'],
    ['streams[0].values[0][0]: not nanoseconds as text', '{"streams":[{"stream":{},"values":[[1,"a"]]}]}'],
    ['streams[0].values[0][1]: not a text', '{"streams":[{"stream":{},"values":[["1",{}]]}]}'],
    ['streams[0].values[0][2].x: not a text', '{"streams":[{"stream":{},"values":[["1","a",{"x":1}]]}]}'],
  ])('is refused, with the place: %s', (message, json) => {
    expect(() => parsePushRequest(json)).toThrow(message);
  });

  it('holds limits on streams, entries and metadata, in both forms', () => {
    const entry = {
      timeUnixNano: 1n,
      line: '',
      metadata: [
        ['a', '1'],
        ['b', '2'],
      ] as const,
    };
    const stream = { labels: new Map([['a', 'b']]), entries: [entry, entry] };
    const request = { streams: [stream, stream] };
    for (const [limits, message] of [
      [{ streams: 1, entries: 9, metadata: 9 }, 'more than 1 streams'],
      [{ streams: 2, entries: 3, metadata: 9 }, 'more than 3 entries'],
      [{ streams: 2, entries: 4, metadata: 7 }, 'more than 7 metadata'],
    ] as const) {
      expect(() => decodePushRequest(encodePushRequest(request), limits)).toThrow(message);
      expect(() => parsePushRequest(formatPushRequest(request), limits)).toThrow(message);
    }
    expect(decodePushRequest(encodePushRequest(request), { streams: 2, entries: 4, metadata: 8 })).toEqual(request);
  });
});

describe('labels', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(labels, (map) => {
        expect(parseLabels(formatLabels(map))).toEqual(map);
      }),
      SEEDED,
    );
  });

  it.each([
    ['{}', []],
    [' { } ', []],
    ['{a="b"}', [['a', 'b']]],
    ['{a="b",}', [['a', 'b']]],
    [
      '{ a = "b" , c=`\\n"` }',
      [
        ['a', 'b'],
        ['c', '\\n"'],
      ],
    ],
    ['{a="\\x41\\u00e9\\U0001f600\\101\\t\\"\\\\"}', [['a', 'Aé😀A\t"\\']]],
    ['{a="},{"}', [['a', '},{']]],
  ])('reads %s', (labelText, pairs) => {
    expect([...parseLabels(labelText)]).toEqual(pairs);
  });

  it.each([
    '',
    '{',
    'a="b"',
    '{a}',
    '{a=b}',
    '{a!="b"}',
    '{a="b"',
    '{a="b"} x',
    '{a="b" c="d"}',
    '{0a="b"}',
    '{a="\\q"}',
    '{a="\\U00110000"}',
    '{a="1",a="2"}',
  ])('refuses %s', (labelText) => {
    expect(() => parseLabels(labelText)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  });

  it('refuses more than anybody has, in time that grows with their number only', () => {
    const many = `{${Array.from({ length: 129 }, (_, index) => `l${index}="x"`).join(',')}}`;
    expect(() => parseLabels(many)).toThrow('more than 128 labels');
    expect(() => parseLabels(`{a="${'\\'.repeat(100_001)}`)).toThrow('not name="value" pairs');
    expect(() => parseLabels(`{${' '.repeat(100_000)}`)).toThrow('not name="value" pairs');
  });
});
