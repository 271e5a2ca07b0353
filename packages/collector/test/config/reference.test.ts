/** The configurations in the reference are loaded, and their tests run. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runRelabelTests } from '../../src/check/relabel-tests.ts';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { tempFolder } from '../temp-folder.ts';

const page = readFileSync(new URL('../../../../docs/reference/collector-config.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);

it.each(examples.map((yaml, index) => ({ yaml, index })))('example $index', async ({ yaml }) => {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, yaml);
  const { config, warnings } = await loadCollectorConfig(file, {});
  expect(warnings).toEqual([]);
  expect(config.scrapes.length).toBeGreaterThan(0);
  expect(runRelabelTests(config).filter(({ failures }) => failures.length > 0)).toEqual([]);
});
