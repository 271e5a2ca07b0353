/** JSON as Go's encoding/json writes it: fit for HTML, maps by their keys. Source: Go 1.26, encoding/json/encode.go. */
import { compareBytes } from '../matchers/byte-order.ts';

/** Text, numbers and the like; a list; a struct, whose absent fields are left out; a map, whose keys are sorted. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | ReadonlyMap<string, Json>
  | { readonly [field: string]: Json | undefined };

const UNSAFE = /[<>&\u2028\u2029]/g;

export function goJson(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : 'null';
  if (typeof value === 'string') return quoted(value);
  if (isList(value)) return `[${value.map(goJson).join(',')}]`;
  const entries = isMap(value) ? Array.from(value).sort(([a], [b]) => compareBytes(a, b)) : Object.entries(value);
  const members = entries.flatMap(([key, member]) => (member === undefined ? [] : `${quoted(key)}:${goJson(member)}`));
  return `{${members.join(',')}}`;
}

/** What json.Encoder writes, with a line feed behind it. */
export function goJsonLine(value: Json): string {
  return `${goJson(value)}\n`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Exclude<Json, readonly Json[]>): value is ReadonlyMap<string, Json> {
  return value instanceof Map;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
