/** The files of docs/reference/rules.md are what the page says. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import { expect, it, onTestFinished } from 'vitest';
import { runTestFile } from '../src/unit-test/run-test-file.ts';
import { never } from './world.ts';

it('the unit tests of the reference pass on its rules', async () => {
  const page = await readFile(new URL('../../../docs/reference/rules.md', import.meta.url), 'utf8');
  const [rules = '', tests = '', ...others] = Array.from(
    page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
    ([, yaml = '']) => yaml,
  );
  expect(others).toEqual([]);
  const folder = await mkdtemp(join(tmpdir(), 'vigie-rules-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'shop.yml'), rules);
  await writeFile(join(folder, 'test.yml'), tests);
  expect(tests).toMatch(/^rule_files: \[shop\.yml\]/);
  expect(await runTestFile(join(folder, 'test.yml'), openMemoryStorage, never)).toEqual({
    failures: [],
    unmatched: [],
  });
});
