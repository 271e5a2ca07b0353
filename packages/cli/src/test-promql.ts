/** `vigie test promql` */
import { readFile } from 'node:fs/promises';
import type { ExitCode } from '@vigie/core/lifecycle';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import { runScript } from '@vigie/promql/script/run-script';

/** What the scripts are run on. */
const openStorage = openMemoryStorage;

/** Prints each case that fails, with what was expected and what came, and `N passed, N failed` last.
 *  @returns 1 when a case fails */
export async function testPromql(
  files: readonly string[],
  output: { readonly write: (text: string) => void },
): Promise<ExitCode> {
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const outcome = await runScript(await readFile(file, 'utf8'), openStorage, new AbortController().signal);
    passed += outcome.passed;
    failed += outcome.failures.length;
    for (const { line, query, expected, got } of outcome.failures) {
      output.write(`${file}:${line}:${query && ` ${query}`}\n  expected ${expected}\n  got      ${got}\n`);
    }
  }
  output.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
