/** `vigie test rules` */
import { runScenarioFile } from '@vigie/alerting/scenario/run-scenario-file';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { ExitCode } from '@vigie/core/lifecycle';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import { runTestFile } from '@vigie/rules/unit-test/run-test-file';
import { recordedContainerLogs } from './recorded-container-logs.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Prints what promtool does, of scenarios too.
 *  @returns 1 when a test fails, 2 when a file is bad or cannot be read: the others are run all the same */
export async function testRules(
  files: readonly string[],
  options: { readonly experimental: boolean },
  stdout: Output,
  stderr: Output,
): Promise<ExitCode> {
  const { signal } = new AbortController();
  const ofScenarios = { ...options, environment: process.env, containerLogs: recordedContainerLogs() };
  let worst: ExitCode = 0;
  for (const file of files) {
    stdout.write(`Unit Testing:  ${file}\n`);
    try {
      const { failures, unmatched } =
        (await runScenarioFile(file, signal, ofScenarios)) ??
        (await runTestFile(file, openMemoryStorage, signal, options));
      for (const pattern of unmatched) stderr.write(`  WARNING: no file match pattern ${pattern}\n`);
      if (failures.length === 0) stdout.write('  SUCCESS\n');
      else {
        stderr.write('  FAILED:\n');
        for (const failure of failures) {
          stderr.write(`${failure}\n`);
          stdout.write('\n');
        }
        if (worst === 0) worst = 1;
      }
    } catch (error) {
      worst = reportBadConfig(error);
    }
    stdout.write('\n');
  }
  return worst;
}
