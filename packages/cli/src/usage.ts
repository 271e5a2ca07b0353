/** What `vigie` answers when it is called without a command that exists. */
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command } from 'commander';
import type { CommandEntry } from './command.ts';
import { runCommandLine } from './command-line.ts';

/** Prints help, or what is wrong and which command may be meant.
 *  @returns 0 when help was asked for, else 2 */
export function explainUsage(args: readonly string[], commands: readonly CommandEntry[]): Promise<ExitCode> {
  const program = new Command('vigie')
    .description('Observability for a Kubernetes cluster.')
    .option('-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or what a command takes');
  for (const { name, summary } of commands) program.command(name).summary(summary).description(summary);
  return runCommandLine(program, args, () => 2);
}
