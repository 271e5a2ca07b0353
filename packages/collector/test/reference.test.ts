import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCollectorConfig } from '../src/config/load-config.ts';
import { tempFolder } from './temp-folder.ts';

const REFERENCE = readFileSync(new URL('../../../docs/reference/collector.md', import.meta.url), 'utf8');
const examples = [...REFERENCE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

it.each(examples)('loads the example of its reference: %s', async (text) => {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, text);
  expect((await loadCollectorConfig(file, {})).warnings).toEqual([]);
});
