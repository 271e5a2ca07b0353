/** Reads fields of objects of Kubernetes that are otherwise unknown. */

export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
  return found;
}

/** '' where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function flagAt(value: unknown, ...path: readonly string[]): boolean | undefined {
  const found = at(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a list: the list itself where all are. */
export function textListAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = listAt(value, ...path);
  return found.every(isText) ? found : found.filter(isText);
}

/** The values of text of a mapping. Where all are, it is the mapping itself: views of one object share it. */
export function textsAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, string>> {
  const found = at(value, ...path);
  if (typeof found !== 'object' || found === null) return NONE;
  if (isOfTexts(found)) return Object.keys(found).length === 0 ? NONE : found;
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => isText(entry[1])));
}

function isOfTexts(value: object): value is Readonly<Record<string, string>> {
  return Object.values(value).every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** One for all that have none. */
const NONE: Readonly<Record<string, string>> = Object.freeze({});
