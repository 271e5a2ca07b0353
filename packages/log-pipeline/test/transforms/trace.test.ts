import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Trace } from '../../src/transforms/trace.ts';
import {
  readSpanId,
  readTraceId,
  readTraceparent,
  SPAN_FIELDS,
  TRACE_FIELDS,
  TRACEPARENT_FIELDS,
} from '../../src/transforms/trace-ids.ts';
import { twinKernel } from '../kernel/kernels.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { batchOf, Counts, extraOf, setExtra } from './harness.ts';

const T = '4bf92f3577b34da6a3ce929d0e0e4736';
const S = '00f067aa0ba902b7';
const CONFIG = {
  trace_fields: [...TRACE_FIELDS],
  span_fields: [...SPAN_FIELDS],
  traceparent_fields: [...TRACEPARENT_FIELDS],
};

function traced(members: string): { readonly added: string; readonly kept: Readonly<Record<string, number>> } {
  const batch = batchOf(twinKernel(), ['x']);
  if (members !== '') setExtra(batch, 0, members);
  const counts = new Counts();
  new Trace(CONFIG).apply(batch, counts.context);
  return { added: extraOf(batch, 0).slice(members.length), kept: counts.kept };
}

describe('Trace', () => {
  const cases: [members: string, added: string][] = [
    ['', ''],
    ['"a":1', ''],
    [`"trace_id":"${T}","span_id":"${S}"`, `,"trace.id":"${T}","span.id":"${S}"`],
    [`"traceId":"${T.toUpperCase()}"`, `,"trace.id":"${T}"`],
    [`"trace.id":"${T}","span.id":"${S}"`, ''],
    [`"trace":{"id":"${T}"}`, ''],
    [`"traceparent":"00-${T}-${S}-01"`, `,"trace.id":"${T}","span.id":"${S}"`],
    [`"trace_id":"${T}","traceparent":"00-${T}-${S}-01"`, `,"trace.id":"${T}","span.id":"${S}"`],
    [`"trace_id":"${S}","traceparent":"00-${T}-${S}-01"`, `,"trace.id":"0000000000000000${S}"`],
    [
      '"dd.trace_id":"11803532876627986230","dd.span_id":67667974448284343',
      `,"trace.id":"0000000000000000a3ce929d0e0e4736","span.id":"${S}"`,
    ],
    ['"dd":{"trace_id":11803532876627986230}', ',"trace.id":"0000000000000000a3ce929d0e0e4736"'],
    [`"logging.googleapis.com/trace":"projects/p-1/traces/${T}"`, `,"trace.id":"${T}"`],
    [`"trace_id":"","otelTraceID":"0","traceID":"${T}"`, `,"trace.id":"${T}"`],
  ];
  it.each(cases)('to %s adds %s', (members, added) => {
    expect(traced(members)).toEqual({ added, kept: {} });
  });

  it('counts what is no id, and leaves it', () => {
    expect(traced('"trace_id":"nope","span_id":true')).toEqual({
      added: '',
      kept: { bad_trace_id: 1, bad_span_id: 1 },
    });
    expect(traced(`"traceparent":"00-${T}-${S}"`)).toEqual({ added: '', kept: { bad_trace_id: 1 } });
  });
});

describe('ids', () => {
  it('are what they should be, or none, whatever the text is', () => {
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF-xz'), maxLength: 40 });
    const text = fc.oneof(hex, fc.string(), fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String));
    fc.assert(
      fc.property(text, (given) => {
        expect(readTraceId(given) ?? T).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(readSpanId(given) ?? S).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        expect(readTraceparent(given)?.trace ?? T).toMatch(/^[0-9a-f]{32}$/);
      }),
      { ...SEEDED, numRuns: 2000 },
    );
  });

  it('of a traceparent follow its version', () => {
    expect(readTraceparent(`00-${T}-${S}-01`)).toEqual({ trace: T, span: S });
    expect(readTraceparent(`01-${T}-${S}-01-more`)).toEqual({ trace: T, span: S });
    expect(readTraceparent(`00-${T}-${S}-01-more`)).toBeUndefined();
    expect(readTraceparent(`ff-${T}-${S}-01`)).toBeUndefined();
    expect(readTraceparent(`00-${'0'.repeat(32)}-${S}-01`)).toBeUndefined();
  });
});
