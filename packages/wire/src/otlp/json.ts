/** OTLP's JSON: the JSON mapping of Protocol Buffers in lowerCamelCase, with ids in hexadecimal, enumerations as numbers and
 *  64-bit integers as texts. Source: OTLP specification 1.9, "JSON Protobuf Encoding". Unknown members are passed over. */
import { MalformedError } from '../errors.ts';
import { arrayAt, integerAt, type JsonObject, objectAt, parseJson, textAt } from '../json-text.ts';
import type { LogRecord, LogsRequest, LogsResponse, ResourceLogs, Scope, ScopeLogs } from './logs.ts';
import { Allowance, type AnyValue, DEFAULT_LOGS_LIMITS, type KeyValue, type LogsLimits } from './values.ts';

export function formatLogsRequest(request: LogsRequest): string {
  return JSON.stringify({
    resourceLogs: request.resourceLogs.map(({ resource, scopeLogs, schemaUrl }) => ({
      resource: { attributes: resource.map(keyValueJson) },
      scopeLogs: scopeLogs.map(({ scope, logRecords, schemaUrl: url }) => ({
        scope: { ...scope, attributes: scope.attributes.map(keyValueJson) },
        logRecords: logRecords.map(logRecordJson),
        ...(url === '' ? {} : { schemaUrl: url }),
      })),
      ...(schemaUrl === '' ? {} : { schemaUrl }),
    })),
  });
}

function logRecordJson(record: LogRecord): JsonObject {
  const { severityNumber, severityText, body, droppedAttributesCount, flags, eventName } = record;
  return {
    timeUnixNano: String(record.timeUnixNano),
    observedTimeUnixNano: String(record.observedTimeUnixNano),
    ...(severityNumber === 0 ? {} : { severityNumber }),
    ...(severityText === '' ? {} : { severityText }),
    ...(body.kind === 'empty' ? {} : { body: anyValueJson(body) }),
    ...(record.attributes.length === 0 ? {} : { attributes: record.attributes.map(keyValueJson) }),
    ...(droppedAttributesCount === 0 ? {} : { droppedAttributesCount }),
    ...(flags === 0 ? {} : { flags }),
    ...(record.traceId.length === 0 ? {} : { traceId: Buffer.from(record.traceId).toString('hex') }),
    ...(record.spanId.length === 0 ? {} : { spanId: Buffer.from(record.spanId).toString('hex') }),
    ...(eventName === '' ? {} : { eventName }),
  };
}

function keyValueJson({ key, value }: KeyValue): JsonObject {
  return { key, value: anyValueJson(value) };
}

function anyValueJson(value: AnyValue): JsonObject {
  switch (value.kind) {
    case 'empty':
      return {};
    case 'string':
      return { stringValue: value.value };
    case 'bool':
      return { boolValue: value.value };
    case 'int':
      return { intValue: String(value.value) };
    case 'double':
      return { doubleValue: Number.isFinite(value.value) ? value.value : doubleName(value.value) };
    case 'array':
      return { arrayValue: { values: value.value.map(anyValueJson) } };
    case 'kvlist':
      return { kvlistValue: { values: value.value.map(keyValueJson) } };
    case 'bytes':
      return { bytesValue: Buffer.from(value.value).toString('base64') };
  }
}

function doubleName(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

/** @throws {MalformedError | LimitError} */
export function parseLogsRequest(text: string, limits: LogsLimits = DEFAULT_LOGS_LIMITS): LogsRequest {
  const allowance = new Allowance(limits);
  const request = objectAt(parseJson(text), 'request');
  return {
    resourceLogs: arrayAt(request.resourceLogs, 'resourceLogs').map((item, index) =>
      resourceLogsOf(objectAt(item, `resourceLogs[${index}]`), `resourceLogs[${index}]`, allowance),
    ),
  };
}

function resourceLogsOf(json: JsonObject, path: string, allowance: Allowance): ResourceLogs {
  allowance.takeValue(0);
  const resource = objectAt(json.resource ?? {}, `${path}.resource`);
  return {
    resource: keyValuesOf(resource.attributes, `${path}.resource.attributes`, allowance, 0),
    scopeLogs: arrayAt(json.scopeLogs, `${path}.scopeLogs`).map((item, index) =>
      scopeLogsOf(objectAt(item, `${path}.scopeLogs[${index}]`), `${path}.scopeLogs[${index}]`, allowance),
    ),
    schemaUrl: textAt(json.schemaUrl, `${path}.schemaUrl`),
  };
}

function scopeLogsOf(json: JsonObject, path: string, allowance: Allowance): ScopeLogs {
  allowance.takeValue(0);
  return {
    scope: scopeOf(objectAt(json.scope ?? {}, `${path}.scope`), `${path}.scope`, allowance),
    logRecords: arrayAt(json.logRecords, `${path}.logRecords`).map((item, index) =>
      logRecordOf(objectAt(item, `${path}.logRecords[${index}]`), `${path}.logRecords[${index}]`, allowance),
    ),
    schemaUrl: textAt(json.schemaUrl, `${path}.schemaUrl`),
  };
}

export function scopeOf(json: JsonObject, path: string, allowance: Allowance): Scope {
  return {
    name: textAt(json.name, `${path}.name`),
    version: textAt(json.version, `${path}.version`),
    attributes: keyValuesOf(json.attributes, `${path}.attributes`, allowance, 0),
  };
}

function logRecordOf(json: JsonObject, path: string, allowance: Allowance): LogRecord {
  allowance.takeRecord();
  const unsigned = (name: string, bits: 32 | 64): bigint => integerAt(json[name], `${path}.${name}`, bits, false);
  return {
    timeUnixNano: unsigned('timeUnixNano', 64),
    observedTimeUnixNano: unsigned('observedTimeUnixNano', 64),
    severityNumber: Number(unsigned('severityNumber', 32)),
    severityText: textAt(json.severityText, `${path}.severityText`),
    body: anyValueOf(json.body, `${path}.body`, allowance, 0),
    attributes: keyValuesOf(json.attributes, `${path}.attributes`, allowance, 0),
    droppedAttributesCount: Number(unsigned('droppedAttributesCount', 32)),
    flags: Number(unsigned('flags', 32)),
    traceId: idOf(json.traceId, `${path}.traceId`),
    spanId: idOf(json.spanId, `${path}.spanId`),
    eventName: textAt(json.eventName, `${path}.eventName`),
  };
}

export function idOf(value: unknown, path: string): Uint8Array {
  const text = textAt(value, path);
  if (text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text)) return Buffer.from(text, 'hex');
  throw new MalformedError(`${path}: not hexadecimal`);
}

export function keyValuesOf(value: unknown, path: string, allowance: Allowance, depth: number): KeyValue[] {
  return arrayAt(value, path).map((item, index) => {
    const json = objectAt(item, `${path}[${index}]`);
    return {
      key: textAt(json.key, `${path}[${index}].key`),
      value: anyValueOf(json.value, `${path}[${index}].value`, allowance, depth),
    };
  });
}

function anyValueOf(value: unknown, path: string, allowance: Allowance, depth: number): AnyValue {
  allowance.takeValue(depth);
  const json = objectAt(value ?? {}, path);
  if (json.stringValue !== undefined) return { kind: 'string', value: textAt(json.stringValue, path) };
  if (typeof json.boolValue === 'boolean') return { kind: 'bool', value: json.boolValue };
  if (json.intValue !== undefined) return { kind: 'int', value: integerAt(json.intValue, path, 64, true) };
  if (json.doubleValue !== undefined) return { kind: 'double', value: doubleOf(json.doubleValue, path) };
  if (json.arrayValue !== undefined) {
    const { values } = objectAt(json.arrayValue, path);
    const items = arrayAt(values, path).map((item, index) =>
      anyValueOf(item, `${path}[${index}]`, allowance, depth + 1),
    );
    return { kind: 'array', value: items };
  }
  if (json.kvlistValue !== undefined) {
    const { values } = objectAt(json.kvlistValue, path);
    return { kind: 'kvlist', value: keyValuesOf(values, path, allowance, depth + 1) };
  }
  if (json.bytesValue !== undefined) {
    return { kind: 'bytes', value: Buffer.from(textAt(json.bytesValue, path), 'base64') };
  }
  if (Object.keys(json).length === 0) return { kind: 'empty' };
  throw new MalformedError(`${path}: not a value`);
}

export function doubleOf(value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && (!Number.isNaN(number) || value === 'NaN')) return number;
  throw new MalformedError(`${path}: not a number`);
}

export function formatLogsResponse({ rejectedLogRecords, errorMessage }: LogsResponse): string {
  if (rejectedLogRecords === 0n && errorMessage === '') return '{}';
  return JSON.stringify({ partialSuccess: { rejectedLogRecords: String(rejectedLogRecords), errorMessage } });
}

/** @throws {MalformedError} */
export function parseLogsResponse(text: string): LogsResponse {
  const response = objectAt(parseJson(text), 'response');
  const partial = objectAt(response.partialSuccess ?? {}, 'partialSuccess');
  return {
    rejectedLogRecords: integerAt(partial.rejectedLogRecords, 'partialSuccess.rejectedLogRecords', 64, true),
    errorMessage: textAt(partial.errorMessage, 'partialSuccess.errorMessage'),
  };
}
