/** JSON from anybody: parsed once, then looked at member by member, without trusting any of it. */
import { MalformedError } from './errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws {MalformedError} */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedError('not JSON', undefined, { cause });
  }
}

/** @throws {MalformedError} */
export function objectAt(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new MalformedError(`${path}: not an object`);
}

/** An absent member is an empty array. @throws {MalformedError} */
export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new MalformedError(`${path}: not an array`);
}

/** An absent member is an empty text. @throws {MalformedError} */
export function textAt(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new MalformedError(`${path}: not a text`);
}

/** An integer as JSON of Protocol Buffers has it: a number, or decimal digits in a text. An absent member is 0.
 *  @throws {MalformedError} not an integer of `bits` bits */
export function integerAt(value: unknown, path: string, bits: 32 | 64, signed: boolean): bigint {
  if (value === undefined || value === null) return 0n;
  let integer: bigint | undefined;
  if (typeof value === 'number' && Number.isInteger(value)) integer = BigInt(value);
  else if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) integer = BigInt(value);
  const fits =
    integer !== undefined && (signed ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer)) === integer;
  if (integer === undefined || !fits) throw new MalformedError(`${path}: not an integer of ${bits} bits`);
  return integer;
}
