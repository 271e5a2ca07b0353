import { runCollector } from '@vigie/collector/run';
import { parseHostPort } from '@vigie/core/host-port';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { hostPortOption, runCommandLine } from '../command-line.ts';

interface Options {
  readonly config: string;
  readonly listen?: string;
}

/** `vigie collector` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie collector')
    .description('Scrape the targets of a prometheus.yml, record its rules, and answer PromQL.')
    .requiredOption('--config <file>', 'the configuration, collector.yaml or prometheus.yml')
    .option(
      '--listen <host:port>',
      "where to serve queries, health and metrics, in place of the file's `listen`",
      hostPortOption,
    )
    .allowExcessArguments(false)
    .action(async ({ config, listen }: Options) => {
      exitCode = await runCollector({
        configFile: config,
        listen: listen === undefined ? undefined : parseHostPort(listen),
        version,
      });
    });
  return runCommandLine(command, args, () => exitCode);
};
