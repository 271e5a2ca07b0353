import { readFileSync } from 'node:fs';
import { agentSchema } from '@vigie/node-agent/config';
import { describe, expect, it } from 'vitest';
import {
  documentedOptions,
  optionsOf,
  type Schema,
  sectionsOf,
  showsDefault,
  underHeading,
} from '../../scripts/option-table.ts';

const PAGE = readFileSync(new URL('../../docs/reference/node-agent.md', import.meta.url), 'utf8');

function sectionOf(schema: Schema | undefined, type: string): Schema {
  const section = sectionsOf(schema).get(type);
  if (section === undefined) throw new Error(`no ${type} in the schema`);
  return section;
}

const root = agentSchema.entries as unknown as Readonly<Record<string, Schema>>;
const { sources, sinks } = root;
if (sources === undefined || sinks === undefined) throw new Error('the schema has changed');

const cases: readonly [readonly string[], Schema][] = [
  [['`agent.yaml`'], agentSchema as unknown as Schema],
  [['Source `kubernetes_logs`'], sectionOf(sources, 'kubernetes_logs')],
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
    const written = new Map(headings.flatMap((heading) => [...documentedOptions(underHeading(PAGE, heading))]));
    const known = optionsOf(schema);
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(([key, shown]) => !showsDefault(shown.default, known.get(key)?.default));
    expect(
      wrong.map(([key, shown]) => `${key}: ${shown.default}, but ${JSON.stringify(known.get(key)?.default)}`),
    ).toEqual([]);
  });

  it('links to headings that exist', () => {
    const headings = Array.from(PAGE.matchAll(/^#+ (.*)$/gm), ([, text = '']) =>
      text.toLowerCase().replaceAll(' ', '-'),
    );
    for (const [, anchor] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
  });
});
