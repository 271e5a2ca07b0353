/** `vigie test promql` */
import { readFile } from 'node:fs/promises';
import { describeError, errorCode } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { runScript, type ScriptOutcome } from '@vigie/promql/script/run-script';
import { openHeadStorage } from '@vigie/tsdb/script-storage';

interface Output {
  readonly write: (text: string) => void;
}

/** Runs each script on a database of its own, in memory. Prints each case that fails, with what was expected and what came,
 *  and `N passed, N failed` last.
 *  @returns 1 when a case fails, 2 when a file cannot be read: the others are run all the same */
export async function testPromql(files: readonly string[], stdout: Output, stderr: Output): Promise<ExitCode> {
  let passed = 0;
  let failed = 0;
  let worst: ExitCode = 0;
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      stderr.write(`${file}: cannot be read: ${describeError(error)}\n`);
      worst = 2;
      continue;
    }
    let outcome: ScriptOutcome;
    try {
      outcome = await runScript(text, openHeadStorage, new AbortController().signal);
    } catch (error) {
      // Of this script nothing is known; the others may be run all the same.
      if (errorCode(error) !== 'SCRIPT_SAMPLE_REFUSED') throw error;
      stderr.write(`${file}: cannot be run: ${describeError(error)}\n`);
      failed++;
      continue;
    }
    passed += outcome.passed;
    failed += outcome.failures.length;
    for (const { line, query, expected, got } of outcome.failures) {
      stdout.write(`${file}:${line}:${query && ` ${query}`}\n  expected ${expected}\n  got      ${got}\n`);
    }
  }
  stdout.write(`${passed} passed, ${failed} failed\n`);
  return worst === 0 && failed > 0 ? 1 : worst;
}
