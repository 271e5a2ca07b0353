import type { ExitCode } from '@vigie/core/lifecycle';
import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { hostPortOption } from '../command-line.ts';

interface Options {
  readonly config: string;
  readonly listen?: string;
}

/** `vigie sidecar webhook` */
export function addWebhook(parent: Command, { version }: CommandContext, ended: (code: ExitCode) => void): void {
  parent
    .command('webhook')
    .description('serve the admission webhook that adds log sidecars to pods')
    .requiredOption('--config <file>', 'the configuration, webhook.yaml')
    .option(
      '--listen <host:port>',
      "where to serve health and metrics, in place of the file's `listen`",
      hostPortOption,
    )
    .action(async ({ config, listen }: Options) => {
      const { runWebhook } = await import('@vigie/sidecar/webhook/run');
      ended(await runWebhook({ configFile: config, listen, version }));
    });
}
