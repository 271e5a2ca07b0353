/** An attribute's value as the text of a label. Source: OpenTelemetry collector, pdata/pcommon/value.go, AsString. */
import { assertNever } from '@vigie/core/errors';
import type { AnyValue, KeyValue } from '@vigie/wire/otlp/values';

export function attributeText(value: AnyValue): string {
  switch (value.kind) {
    case 'empty':
      return '';
    case 'string':
      return value.value;
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? numberText(value.value) : `json: unsupported value: ${goName(value.value)}`;
    case 'bytes':
      return base64(value.value);
    case 'array':
    case 'kvlist':
      // A number that JSON does not have makes an empty text of the whole.
      return jsonText(value) ?? '';
    default:
      return assertNever(value);
  }
}

function jsonText(value: AnyValue): string | undefined {
  switch (value.kind) {
    case 'empty':
      return 'null';
    case 'string':
      return quoted(value.value);
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? numberText(value.value) : undefined;
    case 'bytes':
      return quoted(base64(value.value));
    case 'array': {
      const items = value.value.map(jsonText);
      return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
    }
    case 'kvlist':
      return objectText(value.value);
    default:
      return assertNever(value);
  }
}

/** With its keys in order, the last of several. */
function objectText(pairs: readonly KeyValue[]): string | undefined {
  const byKey = new Map(pairs.map(({ key, value }) => [key, value]));
  const members = [...byKey]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      const text = jsonText(value);
      return text === undefined ? undefined : `${quoted(key)}:${text}`;
    });
  return members.includes(undefined) ? undefined : `{${members.join(',')}}`;
}

/** As Go's encoding/json, which takes care of JavaScript. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function goName(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
