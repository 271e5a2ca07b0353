/** Scripts of our own, in the format of Prometheus' promqltest. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openMemoryStorage } from '../../src/script/memory.ts';
import { runScript } from '../../src/script/run-script.ts';

const folder = new URL('../../testdata/', import.meta.url);

it.each(readdirSync(folder))('%s', async (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const { passed, failures } = await runScript(text, openMemoryStorage, new AbortController().signal);
  expect(failures).toEqual([]);
  expect(passed).toBe(text.match(/^eval /gm)?.length);
});
