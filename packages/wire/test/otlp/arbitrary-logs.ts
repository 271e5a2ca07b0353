/** OTLP requests with everything in them. */
import fc from 'fast-check';
import type { LogRecord, LogsRequest } from '../../src/otlp/logs.ts';
import type { AnyValue, KeyValue } from '../../src/otlp/values.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 20 });

const { value, pairs } = fc.letrec<{ value: AnyValue; pair: KeyValue; pairs: KeyValue[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<AnyValue>({ kind: 'empty' }),
    text.map((value): AnyValue => ({ kind: 'string', value })),
    fc.boolean().map((value): AnyValue => ({ kind: 'bool', value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): AnyValue => ({ kind: 'int', value })),
    fc.double().map((value): AnyValue => ({ kind: 'double', value })),
    bytes.map((value): AnyValue => ({ kind: 'bytes', value })),
    fc.array(tie('value'), { maxLength: 4 }).map((value): AnyValue => ({ kind: 'array', value })),
    tie('pairs').map((value): AnyValue => ({ kind: 'kvlist', value })),
  ),
  pair: fc.record({ key: text, value: tie('value') }),
  pairs: fc.array(tie('pair'), { maxLength: 4 }),
}));

const logRecord: fc.Arbitrary<LogRecord> = fc.record({
  timeUnixNano: uint64,
  observedTimeUnixNano: uint64,
  severityNumber: fc.nat({ max: 24 }),
  severityText: text,
  body: value,
  attributes: pairs,
  droppedAttributesCount: fc.nat({ max: 2 ** 31 }),
  flags: fc.nat({ max: 2 ** 31 }),
  traceId: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  spanId: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 8, maxLength: 8 })),
  eventName: text,
});

export const logsRequest: fc.Arbitrary<LogsRequest> = fc.record({
  resourceLogs: fc.array(
    fc.record({
      resource: pairs,
      scopeLogs: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, attributes: pairs }),
          logRecords: fc.array(logRecord, { maxLength: 3 }),
          schemaUrl: text,
        }),
        { maxLength: 2 },
      ),
      schemaUrl: text,
    }),
    { maxLength: 2 },
  ),
});
