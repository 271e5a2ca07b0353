import { join } from 'node:path';
import type { ExitCode } from '@vigie/core/lifecycle';
import { runNodeAgent } from '@vigie/node-agent/run';
import { Command } from 'commander';
import type { RunCommand } from '../command.ts';
import { durationOptionOf, hostPortOption, runCommandLine } from '../command-line.ts';

interface Options {
  readonly config: string;
  readonly listen?: string;
  readonly once?: true;
  readonly onceTimeout: number;
  readonly replay?: string;
}

/** `vigie node-agent` */
export const run: RunCommand = (args, { version, distDir }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie node-agent')
    .description("Ship a node's container logs to the sinks of a configuration file.")
    .requiredOption('--config <file>', 'the configuration, agent.yaml')
    .option(
      '--listen <host:port>',
      "where to serve health, metrics and the ledger, in place of the file's `listen`",
      hostPortOption,
    )
    .option('--once', 'read everything to its end, deliver it, and exit')
    .addOption(
      durationOptionOf('--once-timeout <duration>', 'with --once: exit 1 when a sink stays down for longer', 60_000),
    )
    .option('--replay <file>', 'send the records of a dead-letter file again, and exit')
    .action(async (options: Options) => {
      exitCode = await runNodeAgent({
        configFile: options.config,
        version,
        kernelPath: join(distDir, 'kernel.wasm'),
        listen: options.listen,
        once: options.once === true,
        onceTimeoutMs: options.onceTimeout,
        replayFile: options.replay,
      });
    });
  return runCommandLine(command, args, () => exitCode);
};
