import { readFileSync } from 'node:fs';
import { agentSchema } from '@vigie/node-agent/config';
import { describe, expect, it } from 'vitest';
import { documentedOptions, optionsOf, type Schema, showsDefault, underHeading } from '../../scripts/option-table.ts';

const PAGE = readFileSync(new URL('../../docs/reference/node-agent.md', import.meta.url), 'utf8');

describe('the configuration reference', () => {
  it('names every key of agent.yaml, no other, with its default', () => {
    const written = documentedOptions(underHeading(PAGE, '`agent.yaml`'));
    const known = optionsOf(agentSchema as unknown as Schema);
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
