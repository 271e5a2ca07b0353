/** Fields of Kubernetes objects as they come, parsed and not decoded: what is missing or of another type is absent. */

export function at(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** Empty where there is none. */
export function textAt(object: unknown, ...path: readonly string[]): string {
  const value = at(object, ...path);
  return typeof value === 'string' ? value : '';
}

export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = at(object, ...path);
  return typeof value === 'number' ? value : undefined;
}

/** False where there is none. */
export function isAt(object: unknown, ...path: readonly string[]): boolean {
  return at(object, ...path) === true;
}

export function listAt(object: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value : [];
}

/** In the order of their keys; of a map whose values are texts, or numbers as quantities may be. */
export function entriesAt(
  object: unknown,
  ...path: readonly string[]
): readonly (readonly [key: string, value: string])[] {
  const value = at(object, ...path);
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value).flatMap(([key, item]) =>
    typeof item === 'string' || typeof item === 'number' ? [[key, String(item)] as const] : [],
  );
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** An RFC 3339 time as whole seconds since 1970. */
export function secondsAt(object: unknown, ...path: readonly string[]): number | undefined {
  const ms = Date.parse(textAt(object, ...path));
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
