import type { ExitCode } from '@vigie/core/lifecycle';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { enableOption, runCommandLine } from '../command-line.ts';
import { testPromql } from '../test-promql.ts';

/** `vigie test` */
export const run: RunCommand = (args) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie test').description('Run tests that are written down in files.');
  command
    .command('promql')
    .description("run test scripts in the format of Prometheus' promqltest, with the experimental language")
    .argument('<file...>', 'scripts')
    .action(async (files: readonly string[]) => {
      exitCode = await testPromql(files, process.stdout, process.stderr);
    });
  command
    .command('rules')
    .description("run unit tests of alerting and recording rules, in promtool's format, and scenarios of who is told")
    .argument('<file...>', 'unit-test files, and files of scenarios')
    .addOption(enableOption())
    .action(async (files: readonly string[], { enable }: { readonly enable?: string }) => {
      const { testRules } = await import('../test-rules.ts');
      exitCode = await testRules(files, { experimental: enable !== undefined }, process.stdout, process.stderr);
    });
  return runCommandLine(command, args, () => exitCode);
};
