/** Ids of traces and spans in the forms that tracers write. */

/** The first that a record has counts: W3C and OpenTelemetry, then Datadog, Google Cloud, B3. */
export const TRACE_FIELDS: readonly string[] = [
  'trace.id',
  'trace_id',
  'traceId',
  'traceID',
  'TraceId',
  'otelTraceID',
  'dd.trace_id',
  'logging.googleapis.com/trace',
  'X-B3-TraceId',
  'x-b3-traceid',
];

export const SPAN_FIELDS: readonly string[] = [
  'span.id',
  'span_id',
  'spanId',
  'spanID',
  'SpanId',
  'otelSpanID',
  'dd.span_id',
  'logging.googleapis.com/spanId',
  'X-B3-SpanId',
  'x-b3-spanid',
];

export const TRACEPARENT_FIELDS: readonly string[] = ['traceparent', 'trace_parent'];

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const MAX_ID = 2n ** 64n;

/** 32 hex digits, with or without dashes; 16, as B3 and Datadog have them; a decimal number of 64 bits; the name of a
 *  trace in Google Cloud.
 *  @returns 32 lower-case digits, or undefined for what is none */
export function readTraceId(text: string): string | undefined {
  const bare = text.replace(/^projects\/[^/]+\/traces\//, '').replaceAll('-', '');
  if (/^[0-9a-fA-F]{32}$/.test(bare)) return valid(bare);
  // Sixteen decimal digits may be either; a decimal one of that length is the rarer.
  if (/^[0-9a-fA-F]{16}$/.test(bare)) return valid(bare.padStart(TRACE_DIGITS, '0'));
  return fromDecimal(bare, TRACE_DIGITS);
}

/** 16 hex digits, or a decimal number of 64 bits. */
export function readSpanId(text: string): string | undefined {
  return /^[0-9a-fA-F]{16}$/.test(text) ? valid(text) : fromDecimal(text, SPAN_DIGITS);
}

/** `00-TRACE-SPAN-FLAGS`; later versions may have more. Source: W3C Trace Context, section 3.2. */
export function readTraceparent(text: string): { readonly trace: string; readonly span: string } | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(text);
  const [, version = 'ff', traceDigits = '', spanDigits = '', more] = match ?? [];
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  const trace = valid(traceDigits);
  const span = valid(spanDigits);
  return trace === undefined || span === undefined ? undefined : { trace, span };
}

function fromDecimal(text: string, digits: number): string | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const id = BigInt(text);
  return id < MAX_ID ? valid(id.toString(16).padStart(digits, '0')) : undefined;
}

/** All zeros mean that there is none. */
function valid(digits: string): string | undefined {
  return /^0+$/.test(digits) ? undefined : digits.toLowerCase();
}
