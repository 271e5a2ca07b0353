import type { ExitCode } from '@vigie/core/lifecycle';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command.ts';

interface Options {
  readonly filename: string;
  readonly output: 'yaml' | 'patch';
  readonly config?: string;
}

/** `vigie sidecar inject` */
export function addInject(parent: Command, { version }: CommandContext, ended: (code: ExitCode) => void): void {
  parent
    .command('inject')
    .description('add log sidecars to manifests, as the webhook would: exits 2 when a pod asks for one it cannot have')
    .requiredOption('-f, --filename <file>', 'manifests, YAML or JSON; - reads stdin')
    .addOption(
      new Option('-o, --output <form>', 'the manifests with their sidecars, or a JSON Patch a line for each')
        .choices(['yaml', 'patch'])
        .default('yaml'),
    )
    .option('--config <file>', "webhook.yaml, for the operator's settings")
    .action(async ({ filename, output, config }: Options) => {
      const { runInject } = await import('@vigie/sidecar/inject/run');
      ended(await runInject({ file: filename, output, configFile: config, version }));
    });
}
