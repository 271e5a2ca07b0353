/** How large values would be if they were written: lists of lists of the same list grow by doubling, though they take no room. */
import { TemplateFunctionError } from '@vigie/core/template/template-error';
import { GoList, GoMap, GoStruct, type Value } from '@vigie/core/template/values';

/** Of what templates may write, twice. */
const MAX_SIZE = 128 * 1024 ** 2;

const sizes = new WeakMap<object, number>();

/** @throws {TemplateFunctionError} the value would be too large */
export function checkSize<T extends GoList | GoMap>(value: T): T {
  if (sizeOf(value) <= MAX_SIZE) return value;
  throw new TemplateFunctionError(`a value of more than ${MAX_SIZE} characters`);
}

/** In characters, roughly. Cost: O(what has not been measured yet). */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return value.length + 1;
  if (!(value instanceof GoList || value instanceof GoMap || value instanceof GoStruct)) return 8;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = 8;
  if (value instanceof GoList) for (const item of value.items) size += sizeOf(item);
  else {
    for (const [name, part] of value instanceof GoMap ? value.entries : value.fields)
      size += name.length + sizeOf(part);
    if (value instanceof GoStruct) size += value.text?.length ?? 0;
  }
  sizes.set(value, size);
  return size;
}
