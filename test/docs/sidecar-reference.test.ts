/** docs/reference/sidecar.md says of the options what the schema and the command line say. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { streamSchema } from '@vigie/sidecar/stream/config';
import { describe, expect, it } from 'vitest';
import { documentedOptions, optionsOf, showsDefault } from '../../scripts/option-table.ts';

const PAGE = readFileSync(new URL('../../docs/reference/sidecar.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));

describe('the reference of vigie sidecar stream', () => {
  const written = documentedOptions(PAGE);
  const known = optionsOf(streamSchema);

  it('has every option with its default, and no other', () => {
    expect([...written.keys()].sort()).toEqual([...known.keys()].sort());
    const wrong = [...written].filter(([key, shown]) => !showsDefault(shown.default, known.get(key)?.default));
    expect(wrong.map(([key, shown]) => `${key}: ${shown.default}`)).toEqual([]);
  });

  it('speaks of options that the command line takes as well', () => {
    const help = execFileSync(process.execPath, [CLI, 'sidecar', 'stream', '--help'], { encoding: 'utf8' });
    const missing = [...known.keys()]
      .filter((key) => key !== 'files')
      .filter((key) => !help.includes(`--${key.replaceAll('_', '-')} `));
    expect(missing).toEqual([]);
  });
});
