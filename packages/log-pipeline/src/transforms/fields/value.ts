/** What a field of a record holds. */

/** As JSON has it; undefined where the record has no such field. Objects and arrays are decoded. */
export type FieldValue = string | number | boolean | null | object | undefined;

const QUOTE = 0x22;

/** Decodes a JSON value in bytes. @returns undefined for what is no JSON */
export function decodeValue(bytes: Buffer, start: number, end: number): FieldValue {
  if (bytes[start] === QUOTE && bytes.subarray(start, end).indexOf('\\') === -1) {
    return bytes.toString('utf8', start + 1, end - 1);
  }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', start, end));
    return isFieldValue(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A value as text, for regular expressions, keys and templates; an object or array is its JSON. */
export function textOfValue(value: FieldValue): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

export function isFieldValue(value: unknown): value is FieldValue {
  return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint';
}
