/** Reads typed fields out of JSON that another process of the benchmark wrote, so that a mistake shows at once. */
export type Fields = Readonly<Record<string, unknown>>;

export function parseFields(json: string): Fields {
  return asFields(JSON.parse(json), json);
}

export function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`expected a JSON object, got ${what}`);
  return Object.fromEntries(Object.entries(value));
}

export function numberField(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number') throw new Error(`field ${name}: expected a number, got ${JSON.stringify(value)}`);
  return value;
}

export function booleanField(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new Error(`field ${name}: expected a boolean, got ${JSON.stringify(value)}`);
  return value;
}
