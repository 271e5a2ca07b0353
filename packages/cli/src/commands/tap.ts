import type { ExitCode } from '@vigie/core/lifecycle';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { runCommandLine } from '../command-line.ts';
import { showTap, type TapRequest } from '../tap/show-tap.ts';

/** `vigie tap` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie tap')
    .description('Show records live at a source, transform or sink of a running node agent, as lines of JSON.')
    .argument('<component>', 'its name in agent.yaml')
    .option(
      '--url <url>',
      'of `vigie up` or of a node agent; user and password may stand in it',
      'http://127.0.0.1:7070',
    )
    .option('--token-file <file>', 'holds a bearer token')
    .option('--limit <records>', 'ends after so many')
    .option('--rate <records>', 'the most in a second (default: 100)')
    .action(async (component: string, options: Omit<TapRequest, 'component'>) => {
      exitCode = await showTap({ ...options, component }, process.stdout, version);
    });
  return runCommandLine(command, args, () => exitCode);
};
