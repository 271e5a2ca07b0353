/** What transforms added to a record, as values: for sinks whose form is not JSON. */
import { bug } from '@vigie/core/errors';
import { type JsonValue, readJsonObject } from '../kernel/json-reader.ts';
import type { RowTable } from '../kernel/table.ts';

/** An integer that a number cannot hold exactly is a bigint. */
export type MemberValue =
  | string
  | boolean
  | number
  | bigint
  | null
  | readonly MemberValue[]
  | { readonly [name: string]: MemberValue };

export type Member = readonly [name: string, value: MemberValue];

const LONG_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;
const NO_MEMBERS: readonly Member[] = [];

/** The members of a row's extra column, in no particular order. Cost: a parse of them. */
export function membersOf(memory: Buffer, table: RowTable, row: number): readonly Member[] {
  const length = table.extraLength(row);
  if (length === 0) return NO_MEMBERS;
  const start = table.extraStart(row);
  const text = `{${memory.toString('utf8', start, start + length)}}`;
  if (!LONG_DIGITS.test(text)) {
    const members: Readonly<Record<string, MemberValue>> = JSON.parse(text);
    return Object.entries(members);
  }
  const bytes = Buffer.from(text);
  const reading = readJsonObject(bytes, 0, bytes.length);
  if (reading.status !== 'object') throw bug(`a record's members are ${reading.status}`);
  return reading.object.members.map(({ name, value }) => [name, exactValue(bytes, value)]);
}

function exactValue(bytes: Buffer, value: JsonValue): MemberValue {
  switch (value.kind) {
    case 'object':
      return Object.fromEntries(value.members.map((member) => [member.name, exactValue(bytes, member.value)]));
    case 'array':
      return value.items.map((item) => exactValue(bytes, item));
    case 'string':
    case 'literal': {
      const text = bytes.toString('utf8', value.start, value.end);
      if (INTEGER.test(text) && !Number.isSafeInteger(Number(text))) return BigInt(text);
      const parsed: string | boolean | number | null = JSON.parse(text);
      return parsed;
    }
  }
}
