import type { ExitCode } from '@vigie/core/lifecycle';
import { checkNodeAgentConfig } from '@vigie/node-agent/run';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { runCommandLine } from '../command-line.ts';

/** `vigie check` */
export const run: RunCommand = (args) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie check').description(
    'Check configuration files: every problem, with its position.',
  );
  command
    .command('node-agent')
    .description('check configuration files of the node agent')
    .argument('<file...>', 'agent.yaml')
    .action(async (files: readonly string[]) => {
      exitCode = await checkNodeAgentConfig(files);
    });
  return runCommandLine(command, args, () => exitCode);
};
