/** Keys of a file as names of the program: `title_link` is `titleLink`. */

type Camel<Key extends string> = Key extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Key;

export type CamelKeys<Written> = {
  readonly [Key in keyof Written as Key extends string ? Camel<Key> : never]: Written[Key];
};

/** @param written what a schema has decoded; nested mappings stay as they are */
export function camelKeys<Written extends object>(written: Written): CamelKeys<Written> {
  const entries = Object.entries(written).map(([key, value]) => [
    key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries) as CamelKeys<Written>;
}
