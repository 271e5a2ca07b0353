/** OTLP's values and attributes: opentelemetry/proto/common/v1/common.proto. */
import { LimitError } from '../errors.ts';
import type { ProtoReader } from '../protobuf/reader.ts';
import type { ProtoWriter } from '../protobuf/writer.ts';

export type AnyValue =
  | { readonly kind: 'empty' }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'array'; readonly value: readonly AnyValue[] }
  | { readonly kind: 'kvlist'; readonly value: readonly KeyValue[] }
  | { readonly kind: 'bytes'; readonly value: Uint8Array };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** What a request may hold: an attribute of two bytes becomes objects of a hundred, so that its size alone bounds too little. */
export interface LogsLimits {
  readonly records: number;
  /** Attributes, and values in arrays and lists, over the whole request. */
  readonly values: number;
  /** Arrays and lists within each other. */
  readonly depth: number;
}

export const DEFAULT_LOGS_LIMITS: LogsLimits = { records: 100_000, values: 1_000_000, depth: 32 };

/** What is left of the limits while one request is read. */
export class Allowance {
  readonly #limits: LogsLimits;
  readonly #recordName: string;
  #records = 0;
  #values = 0;

  /** @param recordName `log records`, `data points` */
  constructor(limits: LogsLimits, recordName = 'log records') {
    this.#limits = limits;
    this.#recordName = recordName;
  }

  /** @throws {LimitError} */
  takeRecord(): void {
    if (++this.#records > this.#limits.records) throw new LimitError(this.#recordName, this.#limits.records);
  }

  /** @param depth of the array or list that it is in; 0 for none
   *  @throws {LimitError} */
  takeValue(depth: number): void {
    if (++this.#values > this.#limits.values) throw new LimitError('attributes and values', this.#limits.values);
    if (depth > this.#limits.depth) throw new LimitError('levels of nesting', this.#limits.depth);
  }
}

/** Writes the fields of an AnyValue: what stands in its embedded message. */
export function writeAnyValue(writer: ProtoWriter, value: AnyValue): void {
  switch (value.kind) {
    case 'empty':
      return;
    case 'string':
      writer.string(1, value.value);
      return;
    case 'bool':
      writer.bool(2, value.value);
      return;
    case 'int':
      writer.int64(3, value.value);
      return;
    case 'double':
      writer.double(4, value.value);
      return;
    case 'array':
      writer.message(5, () => {
        for (const item of value.value) writer.message(1, () => writeAnyValue(writer, item));
      });
      return;
    case 'kvlist':
      writer.message(6, () => writeKeyValues(writer, 1, value.value));
      return;
    case 'bytes':
      writer.bytes(7, value.value);
  }
}

/** Writes attributes as the repeated field of that number. */
export function writeKeyValues(writer: ProtoWriter, field: number, values: readonly KeyValue[]): void {
  for (const { key, value } of values) {
    writer.message(field, () => {
      writer.string(1, key);
      writer.message(2, () => writeAnyValue(writer, value));
    });
  }
}

const EMPTY: AnyValue = { kind: 'empty' };

/** The last of several fields counts, as in every oneof. */
export function readAnyValue(reader: ProtoReader, allowance: Allowance, depth: number): AnyValue {
  allowance.takeValue(depth);
  let value = EMPTY;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = { kind: 'string', value: reader.string() };
        break;
      case 2:
        value = { kind: 'bool', value: reader.bool() };
        break;
      case 3:
        value = { kind: 'int', value: reader.int64() };
        break;
      case 4:
        value = { kind: 'double', value: reader.double() };
        break;
      case 5:
        value = { kind: 'array', value: readArray(reader.message(), allowance, depth + 1) };
        break;
      case 6:
        value = { kind: 'kvlist', value: readList(reader.message(), allowance, depth + 1) };
        break;
      case 7:
        value = { kind: 'bytes', value: Buffer.from(reader.bytes()) };
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

export function readKeyValue(reader: ProtoReader, allowance: Allowance, depth: number): KeyValue {
  let key = '';
  let value = EMPTY;
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = readAnyValue(reader.message(), allowance, depth);
    else reader.skip();
  }
  if (value === EMPTY) allowance.takeValue(depth);
  return { key, value };
}

function readArray(reader: ProtoReader, allowance: Allowance, depth: number): AnyValue[] {
  const items: AnyValue[] = [];
  while (reader.next()) {
    if (reader.field === 1) items.push(readAnyValue(reader.message(), allowance, depth));
    else reader.skip();
  }
  return items;
}

function readList(reader: ProtoReader, allowance: Allowance, depth: number): KeyValue[] {
  const items: KeyValue[] = [];
  while (reader.next()) {
    if (reader.field === 1) items.push(readKeyValue(reader.message(), allowance, depth));
    else reader.skip();
  }
  return items;
}
