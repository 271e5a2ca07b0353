/** OTLP's requests and answers for logs, as Protocol Buffers. Source: opentelemetry/proto/collector/logs/v1/logs_service.proto
 *  and opentelemetry/proto/logs/v1/logs.proto of opentelemetry-proto 1.9. */
import { ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import {
  Allowance,
  type AnyValue,
  DEFAULT_LOGS_LIMITS,
  type KeyValue,
  type LogsLimits,
  readAnyValue,
  readKeyValue,
  writeAnyValue,
  writeKeyValues,
} from './values.ts';

/** ExportLogsServiceRequest. */
export interface LogsRequest {
  readonly resourceLogs: readonly ResourceLogs[];
}

export interface ResourceLogs {
  readonly resource: readonly KeyValue[];
  readonly scopeLogs: readonly ScopeLogs[];
  readonly schemaUrl: string;
}

export interface ScopeLogs {
  readonly scope: Scope;
  readonly logRecords: readonly LogRecord[];
  readonly schemaUrl: string;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
}

export interface LogRecord {
  /** 0: not known. */
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** 1 to 24; 0: not known. A later OpenTelemetry may have others. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AnyValue;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
  /** 16 bytes, or none. */
  readonly traceId: Uint8Array;
  /** 8 bytes, or none. */
  readonly spanId: Uint8Array;
  readonly eventName: string;
}

/** ExportLogsServiceResponse: the zero values are a full success. */
export interface LogsResponse {
  readonly rejectedLogRecords: bigint;
  readonly errorMessage: string;
}

export const NO_SCOPE: Scope = { name: '', version: '', attributes: [] };

export const EMPTY_LOG_RECORD: LogRecord = {
  timeUnixNano: 0n,
  observedTimeUnixNano: 0n,
  severityNumber: 0,
  severityText: '',
  body: { kind: 'empty' },
  attributes: [],
  droppedAttributesCount: 0,
  flags: 0,
  traceId: Buffer.alloc(0),
  spanId: Buffer.alloc(0),
  eventName: '',
};

export function encodeLogsRequest(request: LogsRequest): Buffer {
  const writer = new ProtoWriter();
  for (const resourceLogs of request.resourceLogs) {
    writer.message(1, () => {
      writer.message(1, () => writeKeyValues(writer, 1, resourceLogs.resource));
      for (const scopeLogs of resourceLogs.scopeLogs) writer.message(2, () => writeScopeLogs(writer, scopeLogs));
      if (resourceLogs.schemaUrl !== '') writer.string(3, resourceLogs.schemaUrl);
    });
  }
  return writer.finish();
}

function writeScopeLogs(writer: ProtoWriter, { scope, logRecords, schemaUrl }: ScopeLogs): void {
  writer.message(1, () => {
    if (scope.name !== '') writer.string(1, scope.name);
    if (scope.version !== '') writer.string(2, scope.version);
    writeKeyValues(writer, 3, scope.attributes);
  });
  for (const record of logRecords) writer.message(2, () => writeLogRecord(writer, record));
  if (schemaUrl !== '') writer.string(3, schemaUrl);
}

/** Writes the fields of one LogRecord. */
export function writeLogRecord(writer: ProtoWriter, record: LogRecord): void {
  if (record.timeUnixNano !== 0n) writer.fixed64(1, record.timeUnixNano);
  if (record.severityNumber !== 0) writer.uint(2, record.severityNumber);
  if (record.severityText !== '') writer.string(3, record.severityText);
  if (record.body.kind !== 'empty') writer.message(5, () => writeAnyValue(writer, record.body));
  writeKeyValues(writer, 6, record.attributes);
  if (record.droppedAttributesCount !== 0) writer.uint(7, record.droppedAttributesCount);
  if (record.flags !== 0) writer.fixed32(8, record.flags);
  if (record.traceId.length > 0) writer.bytes(9, record.traceId);
  if (record.spanId.length > 0) writer.bytes(10, record.spanId);
  if (record.observedTimeUnixNano !== 0n) writer.fixed64(11, record.observedTimeUnixNano);
  if (record.eventName !== '') writer.string(12, record.eventName);
}

/** @throws {MalformedError | LimitError} */
export function decodeLogsRequest(bytes: Buffer, limits: LogsLimits = DEFAULT_LOGS_LIMITS): LogsRequest {
  const reader = new ProtoReader(bytes);
  const allowance = new Allowance(limits);
  const resourceLogs: ResourceLogs[] = [];
  while (reader.next()) {
    if (reader.field === 1) resourceLogs.push(readResourceLogs(reader.message(), allowance));
    else reader.skip();
  }
  return { resourceLogs };
}

function readResourceLogs(reader: ProtoReader, allowance: Allowance): ResourceLogs {
  // A resource of two bytes is an object too.
  allowance.takeValue(0);
  const resource: KeyValue[] = [];
  const scopeLogs: ScopeLogs[] = [];
  let schemaUrl = '';
  while (reader.next()) {
    if (reader.field === 1) readAttributes(reader.message(), 1, resource, allowance);
    else if (reader.field === 2) scopeLogs.push(readScopeLogs(reader.message(), allowance));
    else if (reader.field === 3) schemaUrl = reader.string();
    else reader.skip();
  }
  return { resource, scopeLogs, schemaUrl };
}

function readScopeLogs(reader: ProtoReader, allowance: Allowance): ScopeLogs {
  allowance.takeValue(0);
  let scope = NO_SCOPE;
  const logRecords: LogRecord[] = [];
  let schemaUrl = '';
  while (reader.next()) {
    if (reader.field === 1) scope = readScope(reader.message(), allowance);
    else if (reader.field === 2) logRecords.push(readLogRecord(reader.message(), allowance));
    else if (reader.field === 3) schemaUrl = reader.string();
    else reader.skip();
  }
  return { scope, logRecords, schemaUrl };
}

export function readScope(reader: ProtoReader, allowance: Allowance): Scope {
  const attributes: KeyValue[] = [];
  let name = '';
  let version = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) version = reader.string();
    else if (reader.field === 3) attributes.push(readKeyValue(reader.message(), allowance, 0));
    else reader.skip();
  }
  return { name, version, attributes };
}

function readLogRecord(reader: ProtoReader, allowance: Allowance): LogRecord {
  allowance.takeRecord();
  const attributes: KeyValue[] = [];
  const record: { -readonly [Key in keyof LogRecord]: LogRecord[Key] } = { ...EMPTY_LOG_RECORD, attributes };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        record.timeUnixNano = reader.fixed64();
        break;
      case 2:
        record.severityNumber = reader.uint32();
        break;
      case 3:
        record.severityText = reader.string();
        break;
      case 5:
        record.body = readAnyValue(reader.message(), allowance, 0);
        break;
      case 6:
        attributes.push(readKeyValue(reader.message(), allowance, 0));
        break;
      case 7:
        record.droppedAttributesCount = reader.uint32();
        break;
      case 8:
        record.flags = reader.fixed32();
        break;
      case 9:
        record.traceId = Buffer.from(reader.bytes());
        break;
      case 10:
        record.spanId = Buffer.from(reader.bytes());
        break;
      case 11:
        record.observedTimeUnixNano = reader.fixed64();
        break;
      case 12:
        record.eventName = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  return record;
}

export function readAttributes(reader: ProtoReader, field: number, into: KeyValue[], allowance: Allowance): void {
  while (reader.next()) {
    if (reader.field === field) into.push(readKeyValue(reader.message(), allowance, 0));
    else reader.skip();
  }
}

export function encodeLogsResponse({ rejectedLogRecords, errorMessage }: LogsResponse): Buffer {
  const writer = new ProtoWriter();
  if (rejectedLogRecords !== 0n || errorMessage !== '') {
    writer.message(1, () => {
      if (rejectedLogRecords !== 0n) writer.int64(1, rejectedLogRecords);
      if (errorMessage !== '') writer.string(2, errorMessage);
    });
  }
  return writer.finish();
}

/** @throws {MalformedError} */
export function decodeLogsResponse(bytes: Buffer): LogsResponse {
  const reader = new ProtoReader(bytes);
  let rejectedLogRecords = 0n;
  let errorMessage = '';
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const partial = reader.message();
    while (partial.next()) {
      if (partial.field === 1) rejectedLogRecords = partial.int64();
      else if (partial.field === 2) errorMessage = partial.string();
      else partial.skip();
    }
  }
  return { rejectedLogRecords, errorMessage };
}
