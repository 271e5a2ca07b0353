/** What the page for users of other agents says there is in Vigie is there. */
import { readFileSync } from 'node:fs';
import { agentSchema } from '@vigie/node-agent/config';
import { describe, expect, it } from 'vitest';
import { optionsOf, type Schema, sectionsOf } from '../../scripts/option-table.ts';

const PAGE = readFileSync(new URL('../../docs/reference/coming-from.md', import.meta.url), 'utf8');

/** Not of the configuration: the command line and its endpoints. */
const COMMANDS = ['--once', 'check', 'tap', '/ledger'];

const root = agentSchema.entries as unknown as Readonly<Record<string, Schema>>;
const components = ['sources', 'transforms', 'sinks'].flatMap((kind) => [...sectionsOf(root[kind])]);
const names = new Set([
  ...COMMANDS,
  ...Object.keys(root),
  'inputs',
  ...['data_dir', 'checkpoint_interval', 'listen'],
  ...[...(root.kubernetes === undefined ? [] : optionsOf(root.kubernetes).keys())].map((key) => `kubernetes.${key}`),
  ...components.flatMap(([type, section]) => [type, ...optionsOf(section).keys()]),
]);

const tables = PAGE.split(/^(?=##)/m).filter((part) => /^\|.*\| Vigie \|/m.test(part));

function columnsOf(row: string): readonly string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

describe.each(tables.map((part) => ({ title: part.split('\n', 1)[0] ?? '', part })))('$title', ({ part }) => {
  const rows = part
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[- |]+\|$|\| Vigie \|/.test(line))
    .map(columnsOf);

  it('has three columns, of which one says what to do', () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(([, vigie, note, ...more]) => more.length > 0 || (vigie === '' && note === ''))).toEqual([]);
  });

  it('names options and components that there are', () => {
    const named = rows.flatMap(([, vigie = '']) => [...vigie.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });
});
