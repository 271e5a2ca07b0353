/** Fields of an object on their way to the keys of a configuration file, which are named otherwise. */

export type Fields = Readonly<Record<string, unknown>>;

/** Names of keys: as the file has them, to what the object calls them. */
export type KeyNames = Readonly<Record<string, string>>;

/** Those of the fields that are given, under their other names. */
export function renamed(fields: Fields, names: KeyNames): Fields {
  const given = Object.entries(names).filter(([, own]) => isGiven(fields[own]));
  return Object.fromEntries(given.map(([written, own]) => [written, fields[own]]));
}

/** As Go sees it: nothing and the empty text are the same. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
