import { readFileSync } from 'node:fs';
import { ANNOTATION_KEYS } from '@vigie/sidecar/inject/annotations';
import { inject } from '@vigie/sidecar/inject/inject';
import { REFUSAL_REASONS } from '@vigie/sidecar/inject/refusal';
import { defaultSettings } from '@vigie/sidecar/inject/settings';
import { webhookSchema } from '@vigie/sidecar/webhook/config';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentedOptions, optionsOf, type Schema, showsDefault, underHeading } from '../../scripts/option-table.ts';

const PAGE = readFileSync(new URL('../../docs/reference/injection.md', import.meta.url), 'utf8');

/** What stands in code in the first column of the tables below a heading. */
function rowsBelow(heading: string): readonly string[] {
  const start = PAGE.indexOf(`## ${heading}\n`);
  const section = PAGE.slice(start, PAGE.indexOf('\n## ', start + 1));
  return Array.from(section.matchAll(/^\| `([^`]+)` \|/gm), ([, name = '']) => name);
}

describe('the reference of injection', () => {
  it('names every key of webhook.yaml, no other, with its default', () => {
    const written = documentedOptions(underHeading(PAGE, '`webhook.yaml`'));
    const known = optionsOf(webhookSchema as unknown as Schema);
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(
      ([key, shown]) => shown.default !== 'all of them' && !showsDefault(shown.default, known.get(key)?.default),
    );
    expect(
      wrong.map(([key, shown]) => `${key}: ${shown.default}, but ${JSON.stringify(known.get(key)?.default)}`),
    ).toEqual([]);
  });

  it('names every annotation', () => {
    const keys = ['inject', ...ANNOTATION_KEYS, 'injected'].map((key) => `vigie.io/${key}`);
    expect([...rowsBelow('Annotations of pods')].sort()).toEqual(keys.sort());
    for (const key of ANNOTATION_KEYS) expect(underHeading(PAGE, '`webhook.yaml`')).toContain(`\`${key}\``);
  });

  it('names every reason for which there is no sidecar', () => {
    expect([...rowsBelow('When there is none')].sort()).toEqual([...REFUSAL_REASONS].sort());
  });

  it('has an example that gets its sidecar', () => {
    const [, example = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(PAGE) ?? [];
    expect(inject(parse(example), defaultSettings('0.1.0'))).toMatchObject({ status: 'injected', warnings: [] });
  });

  it('links to headings that exist', () => {
    const headings = Array.from(PAGE.matchAll(/^#+ (.*)$/gm), ([, text = '']) =>
      text.toLowerCase().replaceAll(' ', '-'),
    );
    for (const [, anchor] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
  });
});
