/** docs/reference/sidecar-ship.md says of the options what the schema says. */
import { readFileSync } from 'node:fs';
import { shipSchema } from '@vigie/sidecar/ship/config';
import { describe, expect, it } from 'vitest';
import {
  documentedOptions,
  optionsOf,
  type Schema,
  sectionsOf,
  showsDefault,
  underHeading,
} from '../../scripts/option-table.ts';

const page = (name: string): string => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8');
const PAGE = page('sidecar-ship.md');

describe('the reference of vigie sidecar ship', () => {
  it('has every key of sidecar.yaml with its default, and no other', () => {
    const written = documentedOptions(underHeading(PAGE, 'Keys'));
    const known = optionsOf(shipSchema as unknown as Schema);
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(([key, shown]) => !showsDefault(shown.default, known.get(key)?.default));
    expect(wrong.map(([key, shown]) => `${key}: ${shown.default}`)).toEqual([]);
  });

  it('has every key of a source of files in which it differs from the node agent', () => {
    const written = documentedOptions(underHeading(PAGE, 'Source `file`'));
    const ofNode = documentedOptions(page('sources/file.md'));
    const section = sectionsOf(Reflect.get(shipSchema.entries, 'sources') as unknown as Schema).get('file');
    const known = section === undefined ? new Map() : optionsOf(section);
    const differing = [...known].filter(([key, { default: value }]) => {
      const shown = ofNode.get(key);
      return shown === undefined || !showsDefault(shown.default, value);
    });
    expect([...written.keys()].sort()).toEqual(differing.map(([key]) => key).sort());
    const wrong = [...written].filter(([key, shown]) => !showsDefault(shown.default, known.get(key)?.default));
    expect(wrong.map(([key, shown]) => `${key}: ${shown.default}`)).toEqual([]);
  });

  it.each([
    ...sectionsOf(Reflect.get(shipSchema.entries, 'sources') as unknown as Schema).keys(),
  ])('speaks of the source %s', (type) => {
    expect(PAGE).toContain(`[\`${type}\`](sources/${type}.md)`);
  });
});
