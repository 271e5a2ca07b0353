import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { generatedFiles } from '../scripts/generated-files.ts';

it.each([...generatedFiles()])('%s is what `npm run generate` writes', async (path, content) => {
  const committed = await readFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
  expect(committed).toBe(content);
});
