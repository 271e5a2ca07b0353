import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCollectorConfig } from '../src/config/load-config.ts';
import { tempFolder } from './temp-folder.ts';

const examples = ['collector.md', 'otlp-metrics.md'].flatMap((page) => {
  const reference = readFileSync(new URL(`../../../docs/reference/${page}`, import.meta.url), 'utf8');
  return [...reference.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
});

it.each(examples)('loads the example of its reference: %s', async (text) => {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, text);
  expect((await loadCollectorConfig(file, { POD_NAME: 'vigie-collector-2' })).warnings).toEqual([]);
});
