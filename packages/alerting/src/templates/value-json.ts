/** Values of templates as JSON, as `toJson` gives them. */
import { bug } from '@vigie/core/errors';
import { GoTime, nanosOf } from '@vigie/core/template/go-time';
import { TemplateFunctionError } from '@vigie/core/template/template-error';
import { GoFunction, GoList, GoMap, GoStruct, GoText, typeOf, type Value } from '@vigie/core/template/values';
import { goJson, type Json } from './go-json.ts';
import { formatJsonTime } from './notification-data.ts';

/** @throws {TemplateFunctionError} a function has no JSON */
export function valueJson(value: Value): string {
  return goJson(jsonOf(value));
}

function jsonOf(value: Value): Json {
  if (value === undefined) return null;
  if (typeof value !== 'object') return value;
  if (value instanceof GoFunction) throw new TemplateFunctionError(`json: unsupported type: ${typeOf(value)}`);
  if (value instanceof GoList) return value.items.map(jsonOf);
  if (value instanceof GoMap) return new Map(Array.from(value.entries, ([key, item]) => [key, jsonOf(item)]));
  if (value instanceof GoStruct) return structJson(value);
  throw bug(`a value of type ${typeOf(value)}`);
}

function structJson(value: GoStruct): Json {
  if (value instanceof GoText) return value.value;
  if (value instanceof GoTime) return formatJsonTime(value.unixNanos, value.zone);
  switch (value.typeName) {
    case '*time.Duration':
    case 'time.Duration':
      return nanosOf(value);
    case '*template.Data':
    case 'template.Alert':
      return fieldsJson(value, jsonName);
    default:
      return fieldsJson(value, (name) => name);
  }
}

function fieldsJson({ fields }: GoStruct, nameOf: (field: string) => string): Json {
  const exported = Array.from(fields).filter(([field]) => !/^[a-z]/.test(field));
  return Object.fromEntries(exported.map(([field, value]) => [nameOf(field), jsonOf(value)]));
}

function jsonName(field: string): string {
  if (field === 'NotificationReason') return 'notification_reason';
  return field.charAt(0).toLowerCase() + field.slice(1);
}
