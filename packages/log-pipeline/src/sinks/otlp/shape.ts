/** Records as OTLP's LogRecords: the resource is serialised once, time, severity and body are written straight from the batch.
 *  Field numbers: opentelemetry/proto/logs/v1/logs.proto. */
import { type AnyValue, type KeyValue, writeKeyValues } from '@vigie/wire/otlp/values';
import {
  LENGTH_DELIMITED,
  PADDED_LENGTH_BYTES,
  ProtoWriter,
  putPaddedLength,
  putVarint,
  varintBytes,
} from '@vigie/wire/protobuf/writer';
import type { RecordFacts } from '../../encode/document.ts';
import { type GroupShape, isRecord, type Room, type Rows } from '../../encode/group-shape.ts';
import { type MemberValue, membersOf } from '../../encode/member-values.ts';
import { otelRecordAttributes, otelResourceAttributes } from '../../encode/otel-attributes.ts';
import { putUnixNanos } from '../../encode/unix-time-fields.ts';
import { Utf8Messages } from '../../encode/utf8-messages.ts';
import type { EncodeResult } from '../../kernel/kernel.ts';
import {
  FLAG_HIDE_MESSAGE,
  FLAG_PARTIAL,
  FLAG_SEVERITY_MASK,
  FLAG_SEVERITY_SHIFT,
  FLAG_STDERR,
  FLAG_TRUNCATED,
  FLAG_UNPARSED,
} from '../../kernel/layout.ts';
import { readUnixTime } from '../../kernel/unix-time.ts';

const RESOURCE_LOGS = (1 << 3) | LENGTH_DELIMITED;
const SCOPE_LOGS = (2 << 3) | LENGTH_DELIMITED;
const LOG_RECORD = (2 << 3) | LENGTH_DELIMITED;
const TIME = (1 << 3) | 1;
const SEVERITY_NUMBER = 2 << 3;
const BODY = (5 << 3) | LENGTH_DELIMITED;
const STRING_VALUE = (1 << 3) | LENGTH_DELIMITED;
const OBSERVED_TIME = (11 << 3) | 1;
/** A tag and eight bytes. */
const TIME_BYTES = 9;

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [FLAG_TRUNCATED, 'truncated'],
  [FLAG_UNPARSED, 'unparsed'],
  [FLAG_PARTIAL, 'partial'],
];
const NAMED_FLAGS = FLAG_TRUNCATED | FLAG_UNPARSED | FLAG_PARTIAL;
const NOTHING = Buffer.alloc(0);

export class OtlpShape implements GroupShape {
  /** Tag, resource, tag: what stands before the records, but for the two lengths. */
  readonly #resource: Buffer;
  readonly #stdout: Buffer;
  readonly #stderr: Buffer;
  readonly #maxAttributes: number;
  readonly #wallMs: () => number;
  readonly #messages = new Utf8Messages();
  readonly #scratch = new ProtoWriter();
  readonly #time = { seconds: 0, nanos: 0 };

  /** @param wallMs Unix time, for when records are observed */
  constructor(facts: RecordFacts, maxAttributes: number, wallMs: () => number) {
    this.#maxAttributes = maxAttributes;
    this.#wallMs = wallMs;
    const writer = new ProtoWriter();
    writer.message(1, () => writeKeyValues(writer, 1, keyValues(otelResourceAttributes(facts))));
    this.#resource = writer.finish();
    this.#stdout = attributeBytes(facts, 'stdout');
    this.#stderr = attributeBytes(facts, 'stderr');
  }

  write({ kernel, first, end }: Rows, room: Room, wrote: (row: number) => void): EncodeResult {
    const { memory, table } = kernel;
    const headerBytes = 2 * (1 + PADDED_LENGTH_BYTES) + this.#resource.length;
    const recordsAt = room.start + headerBytes;
    const observed = this.#observedTime();
    this.#messages.begin(kernel, first, end);
    let out = recordsAt;
    let row = first;
    let records = 0;
    for (; row < end; row++) {
      const flags = table.flags(row);
      if (!isRecord(flags)) continue;
      const variable = this.#variableFields(memory, table, row, flags);
      const constant = (flags & FLAG_STDERR) === 0 ? this.#stdout : this.#stderr;
      const severity = (flags >>> FLAG_SEVERITY_SHIFT) & FLAG_SEVERITY_MASK;
      const isHidden = (flags & FLAG_HIDE_MESSAGE) !== 0;
      let valueBytes = 0;
      let bodyBytes = 0;
      if (!isHidden) {
        this.#messages.read(row);
        valueBytes = 1 + varintBytes(this.#messages.length) + this.#messages.length;
        bodyBytes = 1 + varintBytes(valueBytes) + valueBytes;
      }
      const length = 2 * TIME_BYTES + (severity === 0 ? 0 : 2) + bodyBytes + constant.length + variable.length;
      const recordBytes = 1 + varintBytes(length) + length;
      // A group is begun where its first record has room too.
      const at = records === 0 ? room.start : out;
      if (at >= room.softEnd || out + recordBytes > room.hardEnd) break;
      memory[out] = LOG_RECORD;
      out = putVarint(memory, out + 1, length);
      memory[out] = TIME;
      readUnixTime(memory, table.timeStart(row), table.timeLength(row), this.#time);
      out = putUnixNanos(memory, out + 1, this.#time);
      memory.set(observed, out);
      out += TIME_BYTES;
      if (severity !== 0) {
        memory[out] = SEVERITY_NUMBER;
        memory[out + 1] = severity;
        out += 2;
      }
      if (!isHidden) {
        memory[out] = BODY;
        out = putVarint(memory, out + 1, valueBytes);
        memory[out] = STRING_VALUE;
        out = putVarint(memory, out + 1, this.#messages.length);
        out = this.#messages.copyTo(memory, out);
      }
      memory.set(constant, out);
      out += constant.length;
      memory.set(variable, out);
      out += variable.length;
      records++;
      wrote(row);
    }
    if (records === 0) return { nextRow: row, records: 0, writtenBytes: 0 };
    this.#putHeader(memory, room.start, out);
    return { nextRow: row, records, writtenBytes: out - room.start };
  }

  #putHeader(memory: Buffer, start: number, end: number): void {
    let at = start;
    memory[at++] = RESOURCE_LOGS;
    putPaddedLength(memory, at, end - at - PADDED_LENGTH_BYTES);
    at += PADDED_LENGTH_BYTES;
    memory.set(this.#resource, at);
    at += this.#resource.length;
    memory[at++] = SCOPE_LOGS;
    putPaddedLength(memory, at, end - at - PADDED_LENGTH_BYTES);
  }

  #observedTime(): Buffer {
    const bytes = Buffer.allocUnsafe(TIME_BYTES);
    bytes[0] = OBSERVED_TIME;
    const wallMs = this.#wallMs();
    const seconds = Math.floor(wallMs / 1000);
    putUnixNanos(bytes, 1, { seconds, nanos: Math.floor(wallMs - seconds * 1000) * 1_000_000 });
    return bytes;
  }

  /** What not every record has: the members that transforms added, and its flags. Valid until the next call. */
  #variableFields(memory: Buffer, table: Rows['kernel']['table'], row: number, flags: number): Buffer {
    if (table.extraLength(row) === 0 && (flags & NAMED_FLAGS) === 0) return NOTHING;
    const writer = this.#scratch;
    writer.clear();
    const attributes: KeyValue[] = [];
    if ((flags & NAMED_FLAGS) !== 0) {
      const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0);
      const value = names.map(([, name]): AnyValue => ({ kind: 'string', value: name }));
      attributes.push({ key: 'log.flags', value: { kind: 'array', value } });
    }
    for (const [name, value] of membersOf(memory, table, row)) {
      if (this.#isOwnField(writer, name, value)) continue;
      if (value !== null) attributes.push({ key: name, value: anyValue(value) });
    }
    writeKeyValues(writer, 6, attributes.slice(0, this.#maxAttributes));
    if (attributes.length > this.#maxAttributes) writer.uint(7, attributes.length - this.#maxAttributes);
    return writer.written;
  }

  /** Severity's text and the ids of the trace have fields of their own, where they are what these may hold. */
  #isOwnField(writer: ProtoWriter, name: string, value: MemberValue): boolean {
    if (typeof value !== 'string') return false;
    if (name === 'log.level') writer.string(3, value);
    else if (name === 'trace.id' && /^[0-9a-fA-F]{32}$/.test(value)) writer.bytes(9, Buffer.from(value, 'hex'));
    else if (name === 'span.id' && /^[0-9a-fA-F]{16}$/.test(value)) writer.bytes(10, Buffer.from(value, 'hex'));
    else return false;
    return true;
  }
}

/** The attributes of every record of that stream, as fields of the record. */
function attributeBytes(facts: RecordFacts, stream: 'stdout' | 'stderr'): Buffer {
  const writer = new ProtoWriter();
  writeKeyValues(writer, 6, keyValues(otelRecordAttributes(facts, stream)));
  return writer.finish();
}

function keyValues(attributes: ReadonlyMap<string, string | number>): KeyValue[] {
  return Array.from(attributes, ([key, value]) => ({ key, value: anyValue(value) }));
}

const INT64_END = 2n ** 63n;

function anyValue(value: MemberValue): AnyValue {
  if (value === null) return { kind: 'empty' };
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'boolean') return { kind: 'bool', value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { kind: 'int', value: BigInt(value) } : { kind: 'double', value };
  }
  if (typeof value === 'bigint') {
    // What 64 bits do not hold keeps its digits.
    const fits = value >= -INT64_END && value < INT64_END;
    return fits ? { kind: 'int', value } : { kind: 'string', value: String(value) };
  }
  if (isArray(value)) return { kind: 'array', value: value.map(anyValue) };
  return { kind: 'kvlist', value: Object.entries(value).map(([key, item]) => ({ key, value: anyValue(item) })) };
}

function isArray(value: object): value is readonly MemberValue[] {
  return Array.isArray(value);
}
