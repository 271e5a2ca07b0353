/** Each type of source, transform and sink is described: on a page of its own, or in node-agent.md. */
import { existsSync, readFileSync } from 'node:fs';
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

const REFERENCE = new URL('../../docs/reference/', import.meta.url);
const AGENT_PAGE = readFileSync(new URL('node-agent.md', REFERENCE), 'utf8');
/** Tables of options that several sinks have. */
const SHARED = ['Every sink', 'Sinks of JSON documents', 'Sinks over HTTP'];

const root = agentSchema.entries as unknown as Readonly<Record<string, Schema>>;
const components = (['source', 'transform', 'sink'] as const).flatMap((kind) =>
  Array.from(sectionsOf(root[`${kind}s`]), ([type, section]) => ({ kind, type, section })),
);

function pageOf(kind: string, type: string): string | undefined {
  const page = new URL(`${kind}s/${type}.md`, REFERENCE);
  return existsSync(page) ? readFileSync(page, 'utf8') : undefined;
}

const shared = SHARED.flatMap((heading) => [...documentedOptions(underHeading(AGENT_PAGE, heading))]);

describe.each(components)('$kind $type', ({ kind, type, section }) => {
  const page = pageOf(kind, type);

  it('is described', () => {
    const heading = new RegExp(`^### ${kind} \`${type}\`$`, 'im');
    expect(page !== undefined || heading.test(AGENT_PAGE)).toBe(true);
  });

  it.runIf(page !== undefined)('has a page with every option and its default, and no other', () => {
    const own = documentedOptions(page ?? '');
    const known = optionsOf(section);
    const ofOthersToo = kind === 'sink' ? shared.filter(([key]) => known.has(key)) : [];
    const written = new Map([...ofOthersToo, ...own]);
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(([key, shown]) => !showsDefault(shown.default, known.get(key)?.default));
    expect(
      wrong.map(([key, shown]) => `${key}: ${shown.default}, but ${JSON.stringify(known.get(key)?.default)}`),
    ).toEqual([]);
  });
});
