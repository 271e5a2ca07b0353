import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { size } from '@vigie/core/config/fields';
import { agentSchema } from '@vigie/node-agent/config';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';

const PAGE = readFileSync(new URL('../../docs/reference/node-agent.md', import.meta.url), 'utf8');

/** `undefined`: required. `null`: optional, without a default. */
type Default = unknown;

/** What the tables below a heading say of each key. */
function documented(heading: string): Map<string, string> {
  const start = PAGE.indexOf(`### ${heading}\n`);
  if (start === -1) throw new Error(`no heading ${heading}`);
  const text = PAGE.slice(start, PAGE.indexOf('\n#', start + 1));
  return new Map(Array.from(text.matchAll(/^\| `([^`]+)` \| (.*?) \| /gm), ([, key = '', value = '']) => [key, value]));
}

/** The parts of a valibot schema that lead to its keys. */
interface Schema {
  readonly type: string;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly value?: Schema;
}

/** Every key of a section with its default, groups flattened to dotted names. */
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

function matches(shown: string, value: Default): boolean {
  if (value === undefined) return shown === '*required*';
  if (value === null) return shown === '—';
  const text = shown.replaceAll('`', '');
  if (typeof value === 'number') return v.safeParse(size(), text).output === value;
  return text === (typeof value === 'string' && value !== '' ? value : JSON.stringify(value));
}

function sectionOf(schema: Schema | undefined, type: string): Schema {
  const options = (schema?.value?.options ?? [schema?.value]) as Schema[];
  const section = options.find(({ entries }) => entries?.type?.literal === type);
  if (section === undefined) throw new Error(`no ${type} in the schema`);
  return section;
}

/** Types with a page of their own: test/docs/components.test.ts holds those. */
function pagesOf(kind: string): string[] {
  const folder = new URL(`../../docs/reference/${kind}/`, import.meta.url);
  return existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.md$/, '')) : [];
}

function unwrapped(schema: Schema): Schema {
  return schema.wrapped ?? schema;
}

const root = agentSchema.entries as unknown as Readonly<Record<string, Schema>>;
const { sources, transforms, sinks } = root;
if (sources === undefined || transforms === undefined || sinks === undefined) throw new Error('the schema has changed');

const cases: readonly [readonly string[], Schema][] = [
  [['`agent.yaml`'], agentSchema as unknown as Schema],
  [['Source `kubernetes_logs`'], sectionOf(sources, 'kubernetes_logs')],
  [['Transform `parse_json`'], sectionOf(unwrapped(transforms), 'parse_json')],
  [
    ['Every sink', 'Sinks of JSON documents', 'Sinks over HTTP', 'Sink `elasticsearch`'],
    sectionOf(sinks, 'elasticsearch'),
  ],
  [['Every sink', 'Sinks of JSON documents', 'Sinks over HTTP', 'Sink `http`'], sectionOf(sinks, 'http')],
  [['Every sink', 'Sinks of JSON documents', 'Sink `file`'], sectionOf(sinks, 'file')],
  [['Every sink', 'Sinks of JSON documents', 'Sink `console`'], sectionOf(sinks, 'console')],
];

describe('the configuration reference', () => {
  it.each(cases)('%s: names every key, no other, with its default', (headings, schema) => {
    const written = new Map(headings.flatMap((heading) => [...documented(heading)]));
    const known = keysOf(schema, '', undefined, new Map());
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(([key, shown]) => !matches(shown, known.get(key)));
    expect(wrong.map(([key, shown]) => `${key}: ${shown}, but ${JSON.stringify(known.get(key))}`)).toEqual([]);
  });

  it('describes every type of source, transform and sink', () => {
    const types = [sources, unwrapped(transforms), sinks].flatMap(({ value }) =>
      ((value?.options ?? [value]) as Schema[]).map(({ entries }) => entries?.type?.literal),
    );
    const described = types.filter((type) => new RegExp(`^### (Source|Transform|Sink) \`${type}\`$`, 'm').test(PAGE));
    const pages = ['sources', 'transforms', 'sinks'].flatMap(pagesOf);
    for (const type of types) expect([...described, ...pages]).toContain(type);
  });

  it('links to headings that exist', () => {
    const headings = Array.from(PAGE.matchAll(/^#+ (.*)$/gm), ([, text = '']) =>
      text.toLowerCase().replaceAll(' ', '-'),
    );
    for (const [, anchor] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
  });
});
