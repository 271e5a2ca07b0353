import { runAlerting } from '@vigie/alerting/run';
import { parseHostPort } from '@vigie/core/host-port';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { hostPortOption, runCommandLine } from '../command-line.ts';

interface Options {
  readonly config: string;
  readonly listen?: string;
}

/** `vigie alerting` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie alerting')
    .description('Take alerts, evaluate rules, and tell receivers, as Alertmanager does.')
    .requiredOption('--config <file>', 'the configuration, alerting.yaml')
    .option(
      '--listen <host:port>',
      "where to serve the API, health and metrics, in place of the file's `listen`",
      hostPortOption,
    )
    .allowExcessArguments(false)
    .action(async ({ config, listen }: Options) => {
      exitCode = await runAlerting({
        configFile: config,
        listen: listen === undefined ? undefined : parseHostPort(listen),
        version,
      });
    });
  return runCommandLine(command, args, () => exitCode);
};
