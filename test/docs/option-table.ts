/** What the tables of a reference page say of options, and what the schemas say of them. */
import { size } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** `undefined`: required. `null`: optional, without a default. */
type Default = unknown;

/** The parts of a valibot schema that lead to its keys. */
export interface Schema {
  readonly type: string;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly value?: Schema;
}

/** Of every table headed `Key`, `Default`, `Meaning`: each key with its default as written. */
export function documentedOptions(markdown: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const [table] of markdown.matchAll(/^\| Key \| Default \| Meaning \|\n(?:\|.*\n?)*/gm)) {
    for (const [, key = '', value = ''] of table.matchAll(/^\| `([^`]+)` \| (.*?) \| /gm)) options.set(key, value);
  }
  return options;
}

/** Every key of a section with its default, groups flattened to dotted names. */
export function optionsOf(schema: Schema): Map<string, Default> {
  return keysOf(schema, '', undefined, new Map());
}

function keysOf(schema: Schema, path: string, fallback: Default, found: Map<string, Default>): Map<string, Default> {
  switch (schema.type) {
    case 'optional':
      return keysOf(schema.wrapped ?? schema, path, schema.default ?? null, found);
    case 'strict_object':
      for (const [key, entry] of Object.entries(schema.entries ?? {})) {
        // The type of a component stands in the heading.
        if (key === 'type' && path === '') continue;
        keysOf(entry, path === '' ? key : `${path}.${key}`, undefined, found);
      }
      return found;
    case 'union':
    case 'variant': {
      const sections = (schema.options ?? []).filter(
        (option): option is Schema => (option as Schema).type === 'strict_object',
      );
      if (schema.type === 'union') found.set(path, fallback);
      for (const section of sections) keysOf(section, path, undefined, found);
      if (schema.type === 'variant') found.set(`${path}.type`, (fallback as { type?: unknown } | null)?.type);
      return found;
    }
    default:
      found.set(path, fallback);
      return found;
  }
}

/** Whether a table shows the default that the schema has. */
export function showsDefault(shown: string, value: Default): boolean {
  if (value === undefined) return shown === '*required*';
  if (value === null) return shown === '—';
  const text = shown.replaceAll('`', '');
  if (typeof value === 'number') return v.safeParse(size(), text).output === value;
  return text === (typeof value === 'string' && value !== '' ? value : JSON.stringify(value));
}

/** Types of components, each with its section. */
export function sectionsOf(schema: Schema | undefined): Map<string, Schema> {
  const { value } = schema?.wrapped ?? schema ?? {};
  const options = (value?.options ?? [value]) as Schema[];
  return new Map(options.map((section) => [String(section.entries?.type?.literal), section]));
}
