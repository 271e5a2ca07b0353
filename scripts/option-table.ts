/** What the tables of a reference page say of options, and what the schemas say of them. */
import { size } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** `undefined`: required. `null`: optional, without a default. */
type Default = unknown;

/** A row of a table of options, as written. */
export interface DocumentedOption {
  readonly default: string;
  readonly meaning: string;
}

export interface Option {
  readonly default: Default;
  /** In words: `a duration such as 15s, 500ms or 1h30m`. */
  readonly type: string;
}

/** The parts of a valibot schema that lead to its keys. */
export interface Schema {
  readonly type: string;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly value?: Schema;
  readonly item?: Schema;
  readonly message?: unknown;
  readonly pipe?: readonly Schema[];
}

/** Of every table headed `Key`, `Default`, `Meaning`: its rows by key. */
export function documentedOptions(markdown: string): Map<string, DocumentedOption> {
  const options = new Map<string, DocumentedOption>();
  for (const [table] of markdown.matchAll(/^\| Key \| Default \| Meaning \|\n(?:\|.*\n?)*/gm)) {
    for (const row of table.matchAll(/^\| `([^`]+)` \| (.*?) \|(.*)\|$/gm)) {
      const [, key = '', shown = '', meaning = ''] = row;
      options.set(key, { default: shown, meaning: meaning.trim() });
    }
  }
  return options;
}

/** What stands below a heading, up to the next one. */
export function underHeading(markdown: string, heading: string): string {
  const start = markdown.indexOf(`### ${heading}\n`);
  if (start === -1) throw new Error(`no heading ${heading}`);
  const end = markdown.indexOf('\n#', start + 1);
  return markdown.slice(start, end === -1 ? undefined : end);
}

/** Every key of a section, groups flattened to dotted names. */
export function optionsOf(schema: Schema): Map<string, Option> {
  return keysOf(schema, '', undefined, new Map());
}

function keysOf(schema: Schema, path: string, fallback: Default, found: Map<string, Option>): Map<string, Option> {
  const add = (type: string): Map<string, Option> => found.set(path, { default: fallback, type });
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
      if (schema.type === 'union') add(typeOf(schema));
      for (const section of sections) keysOf(section, path, undefined, found);
      if (schema.type === 'variant') {
        const types = sections.map(({ entries }) => String(entries?.type?.literal));
        found.set(`${path}.type`, {
          default: (fallback as { type?: unknown } | null)?.type,
          type: types.join(', '),
        });
      }
      return found;
    }
    default:
      add(typeOf(schema));
      return found;
  }
}

/** The schema's own words for what it expects, or those for its kind. */
function typeOf(schema: Schema): string {
  const message = [schema, ...(schema.pipe ?? [])].find((part) => typeof part.message === 'string')?.message;
  switch (schema.type) {
    case 'optional':
      return typeOf(schema.wrapped ?? schema);
    case 'picklist':
      return (schema.options ?? []).map(String).join(', ');
    case 'literal':
      return String(schema.literal);
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list: ${schema.item === undefined ? 'values' : typeOf(schema.item)}`;
    case 'record':
    case 'lazy':
    case 'strict_object':
      return 'a mapping';
    case 'union':
      if (typeof message === 'string') return message;
      return [...new Set((schema.options ?? []).map((option) => typeOf(option as Schema)))].join(', or ');
    case 'string':
      return typeof message === 'string' ? message.replace('text that is not empty', 'text') : 'text';
    case 'number':
      return typeof message === 'string' ? message : 'a number';
    default:
      return typeof message === 'string' ? message : schema.type;
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
