/** Held against the decoder that is generated from the official proto files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLogsRequest, formatLogsResponse, parseLogsRequest, parseLogsResponse } from '../../src/otlp/json.ts';
import {
  decodeLogsRequest,
  decodeLogsResponse,
  EMPTY_LOG_RECORD,
  encodeLogsRequest,
  encodeLogsResponse,
  type LogsRequest,
  NO_SCOPE,
} from '../../src/otlp/logs.ts';
import type { AnyValue } from '../../src/otlp/values.ts';
import { SEEDED } from '../seeded.ts';
import { logsRequest } from './arbitrary-logs.ts';
import { ExportLogsServiceRequest, ExportLogsServiceResponse } from './official.ts';

const plain = { longs: String, enums: Number, bytes: String } as const;

/** The official decoder's reading. */
function officialReading(bytes: Buffer): object {
  return ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(bytes), plain);
}

function oneRecord(body: AnyValue): LogsRequest {
  const logRecords = [{ ...EMPTY_LOG_RECORD, body }];
  return {
    resourceLogs: [{ resource: [], scopeLogs: [{ scope: NO_SCOPE, logRecords, schemaUrl: '' }], schemaUrl: '' }],
  };
}

describe('OTLP logs', () => {
  it('are read back as they were written, by us and by the official decoder', () => {
    fc.assert(
      fc.property(logsRequest, (request) => {
        const bytes = encodeLogsRequest(request);
        expect(decodeLogsRequest(bytes)).toEqual(buffers(request));
        // What the official encoder makes of the official reading is, to us, the same request.
        const official = ExportLogsServiceRequest.decode(bytes);
        const again = Buffer.from(ExportLogsServiceRequest.encode(official).finish());
        expect(decodeLogsRequest(again)).toEqual(buffers(request));
      }),
      { ...SEEDED, numRuns: 500 },
    );
  });

  it('have every field where the official decoder looks for it', () => {
    const request: LogsRequest = {
      resourceLogs: [
        {
          resource: [{ key: 'k8s.pod.name', value: { kind: 'string', value: 'web-0' } }],
          scopeLogs: [
            {
              scope: { name: 'vigie', version: '1', attributes: [{ key: 'a', value: { kind: 'bool', value: true } }] },
              logRecords: [
                {
                  timeUnixNano: 1_795_255_200_123_456_789n,
                  observedTimeUnixNano: 2n ** 64n - 1n,
                  severityNumber: 13,
                  severityText: 'warn',
                  body: { kind: 'string', value: 'hé' },
                  attributes: [
                    { key: 'i', value: { kind: 'int', value: -5n } },
                    { key: 'd', value: { kind: 'double', value: 0.5 } },
                    { key: 'l', value: { kind: 'array', value: [{ kind: 'empty' }] } },
                    {
                      key: 'm',
                      value: { kind: 'kvlist', value: [{ key: 'x', value: { kind: 'bytes', value: Buffer.of(255) } }] },
                    },
                  ],
                  droppedAttributesCount: 3,
                  flags: 1,
                  traceId: Buffer.alloc(16, 0xab),
                  spanId: Buffer.alloc(8, 0xcd),
                  eventName: 'e',
                },
              ],
              schemaUrl: 's',
            },
          ],
          schemaUrl: 'r',
        },
      ],
    };
    expect(officialReading(encodeLogsRequest(request))).toEqual({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'k8s.pod.name', value: { stringValue: 'web-0' } }] },
          scopeLogs: [
            {
              scope: { name: 'vigie', version: '1', attributes: [{ key: 'a', value: { boolValue: true } }] },
              logRecords: [
                {
                  timeUnixNano: '1795255200123456789',
                  observedTimeUnixNano: '18446744073709551615',
                  severityNumber: 13,
                  severityText: 'warn',
                  body: { stringValue: 'hé' },
                  attributes: [
                    { key: 'i', value: { intValue: '-5' } },
                    { key: 'd', value: { doubleValue: 0.5 } },
                    { key: 'l', value: { arrayValue: { values: [{}] } } },
                    { key: 'm', value: { kvlistValue: { values: [{ key: 'x', value: { bytesValue: '/w==' } }] } } },
                  ],
                  droppedAttributesCount: 3,
                  flags: 1,
                  traceId: 'q6urq6urq6urq6urq6urqw==',
                  spanId: 'zc3Nzc3Nzc0=',
                  eventName: 'e',
                },
              ],
              schemaUrl: 's',
            },
          ],
          schemaUrl: 'r',
        },
      ],
    });
    expect(JSON.parse(formatLogsRequest(request)).resourceLogs[0].scopeLogs[0].logRecords[0]).toMatchObject({
      timeUnixNano: '1795255200123456789',
      severityNumber: 13,
      attributes: [{ key: 'i', value: { intValue: '-5' } }, { key: 'd', value: { doubleValue: 0.5 } }, {}, {}],
      traceId: 'abababababababababababababababab',
      spanId: 'cdcdcdcdcdcdcdcd',
    });
  });

  it('are the same by way of JSON', () => {
    fc.assert(
      fc.property(logsRequest, (request) => {
        expect(parseLogsRequest(formatLogsRequest(request))).toEqual(buffers(request));
      }),
      { ...SEEDED, numRuns: 500 },
    );
  });

  it('take 64-bit integers of JSON as numbers too, absent members, and members nobody knows', () => {
    const record = '{"timeUnixNano":5,"body":{"intValue":7},"surprise":{"a":[1]},"traceId":"ABCDEF"}';
    const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}],"new":1}]}`;
    expect(parseLogsRequest(text).resourceLogs[0]?.scopeLogs[0]?.logRecords).toEqual([
      {
        ...EMPTY_LOG_RECORD,
        timeUnixNano: 5n,
        body: { kind: 'int', value: 7n },
        traceId: Buffer.from('abcdef', 'hex'),
      },
    ]);
    expect(parseLogsRequest('{}')).toEqual({ resourceLogs: [] });
  });

  it.each([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['resourceLogs: not an array', '{"resourceLogs":{}}'],
    ['resourceLogs[0]: not an object', '{"resourceLogs":[1]}'],
    ['logRecords[0].timeUnixNano: not an integer of 64 bits', withRecord('{"timeUnixNano":"1.5"}')],
    ['logRecords[0].timeUnixNano: not an integer of 64 bits', withRecord('{"timeUnixNano":"18446744073709551616"}')],
    ['logRecords[0].flags: not an integer of 32 bits', withRecord('{"flags":-1}')],
    ['logRecords[0].traceId: not hexadecimal', withRecord('{"traceId":"xy"}')],
    ['logRecords[0].body: not a value', withRecord('{"body":{"textValue":"a"}}')],
    ['logRecords[0].body: not an integer of 64 bits', withRecord('{"body":{"intValue":"9223372036854775808"}}')],
  ])('refuse, with the place: %s', (message, text) => {
    expect(() => parseLogsRequest(text)).toThrow(message);
  });

  it('hold limits on records, values and depth, in both forms', () => {
    const deep = (levels: number): AnyValue =>
      levels === 0 ? { kind: 'bool', value: true } : { kind: 'array', value: [deep(levels - 1)] };
    const limits = { records: 2, values: 20, depth: 4 };
    const readers = [
      (request: LogsRequest) => decodeLogsRequest(encodeLogsRequest(request), limits),
      (request: LogsRequest) => parseLogsRequest(formatLogsRequest(request), limits),
    ];
    for (const read of readers) {
      expect(read(oneRecord(deep(4)))).toEqual(oneRecord(deep(4)));
      expect(() => read(oneRecord(deep(5)))).toThrow('more than 4 levels of nesting');
      const wide: AnyValue = { kind: 'array', value: Array.from({ length: 20 }, () => ({ kind: 'empty' as const })) };
      expect(() => read(oneRecord(wide))).toThrow('more than 20 attributes and values');
      const [resource] = oneRecord(deep(0)).resourceLogs;
      expect(() => read({ resourceLogs: [resource!, resource!, resource!] })).toThrow('more than 2 log records');
    }
    // A thousand levels in 3 KB of protobuf and of JSON: neither reader may run out of stack.
    expect(() => decodeLogsRequest(encodeLogsRequest(oneRecord(deep(1000))))).toThrow('levels of nesting');
    expect(() => parseLogsRequest(formatLogsRequest(oneRecord(deep(1000))))).toThrow('levels of nesting');
  });
});

function withRecord(record: string): string {
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;
}

/** Decoders give Buffers where the arbitrary has arrays. */
function buffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(buffers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, buffers(member)]));
}

describe('OTLP answers', () => {
  it.each([
    [0n, ''],
    [0n, 'slow down'],
    [7n, 'too old'],
  ])('say that %d records were rejected, %j', (rejectedLogRecords, errorMessage) => {
    const response = { rejectedLogRecords, errorMessage };
    const bytes = encodeLogsResponse(response);
    expect(decodeLogsResponse(bytes)).toEqual(response);
    expect(parseLogsResponse(formatLogsResponse(response))).toEqual(response);
    const official = ExportLogsServiceResponse.toObject(ExportLogsServiceResponse.decode(bytes), plain);
    const partial = {
      ...(rejectedLogRecords === 0n ? {} : { rejectedLogRecords: String(rejectedLogRecords) }),
      ...(errorMessage === '' ? {} : { errorMessage }),
    };
    expect(official).toEqual(bytes.length === 0 ? {} : { partialSuccess: partial });
  });

  it('are refused where they are none', () => {
    expect(() => decodeLogsResponse(Buffer.from('<html>'))).toThrow(
      expect.objectContaining({ code: 'WIRE_MALFORMED' }),
    );
    expect(() => parseLogsResponse('"ok"')).toThrow('response: not an object');
  });
});
