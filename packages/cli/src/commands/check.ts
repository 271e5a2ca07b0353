import { join } from 'node:path';
import type { ExitCode } from '@vigie/core/lifecycle';
import { checkNodeAgentConfig } from '@vigie/node-agent/run';
import { Command, Option } from 'commander';
import type { RunCommand } from '../command.ts';
import { enableOption, runCommandLine } from '../command-line.ts';

/** `any`: not known. */
const LOG_STORES = ['any', 'loki', 'elasticsearch', 'opensearch'] as const;

interface RuleCheckOptions {
  readonly enable?: string;
  readonly logs?: (typeof LOG_STORES)[number];
}

/** `vigie check` */
export const run: RunCommand = (args, { version, distDir }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie check').description(
    'Check configuration files: every problem, with its position.',
  );
  command
    .command('node-agent')
    .description('check configuration files of the node agent')
    .argument('<file...>', 'agent.yaml')
    .option('--test', "run the files' tests too: exits 1 when one fails")
    .action(async (files: readonly string[], { test }: { readonly test?: boolean }) => {
      const world = test === true ? { version, kernelPath: join(distDir, 'kernel.wasm') } : undefined;
      exitCode = await checkNodeAgentConfig(files, world);
    });
  command
    .command('sidecar')
    .description('check configuration files of `vigie sidecar ship`')
    .argument('<file...>', 'sidecar.yaml')
    .action(async (files: readonly string[]) => {
      const { checkShipConfig } = await import('@vigie/sidecar/ship/check');
      exitCode = await checkShipConfig(files);
    });
  command
    .command('webhook')
    .description('check configuration files of the sidecar webhook')
    .argument('<file...>', 'webhook.yaml')
    .action(async (files: readonly string[]) => {
      const { checkWebhookConfig } = await import('@vigie/sidecar/webhook/check');
      exitCode = await checkWebhookConfig(files);
    });
  command
    .command('collector')
    .description(
      'check configuration files of the collector, which are those of Prometheus, and the rules that they name',
    )
    .argument('<file...>', 'collector.yaml or prometheus.yml')
    .option('--test', "run the files' relabel tests too: exits 1 when one fails")
    .action(async (files: readonly string[], { test }: { readonly test?: boolean }) => {
      const { checkCollectorConfig } = await import('@vigie/collector/check');
      exitCode = await checkCollectorConfig(files, process.env, { test: test === true }, process.stdout);
    });
  command
    .command('alerting')
    .description(
      'check configuration files of the alerting service, with alertmanager.yml and the rules that they name',
    )
    .argument('<file...>', 'alerting.yaml')
    .action(async (files: readonly string[]) => {
      const { checkAlertingFiles } = await import('@vigie/alerting/check-alerting-files');
      exitCode = await checkAlertingFiles(files, process.env, process.stdout);
    });
  command
    .command('rules')
    .description("check rule files in Prometheus' format, PrometheusRule objects, and rules on logs")
    .argument('<file...>', 'rule files')
    .addOption(enableOption())
    .addOption(
      new Option('--logs <store>', 'the files are rules on logs: what this store cannot be asked is a problem').choices(
        LOG_STORES,
      ),
    )
    .action(async (files: readonly string[], { enable, logs }: RuleCheckOptions) => {
      if (logs !== undefined) {
        const { checkLogRuleFiles } = await import('@vigie/alerting/check-log-rule-files');
        exitCode = await checkLogRuleFiles(files, logs === 'any' ? undefined : logs, process.stdout);
        return;
      }
      const { checkRuleFiles } = await import('@vigie/rules/check-rule-files');
      exitCode = await checkRuleFiles(files, { experimental: enable !== undefined }, process.stdout);
    });
  command
    .command('alertmanager')
    .description("check alertmanager.yml, in Alertmanager's format")
    .argument('<file...>', 'alertmanager.yml')
    .action(async (files: readonly string[]) => {
      const { checkAlertmanagerFiles } = await import('@vigie/alerting/check-alertmanager-files');
      exitCode = await checkAlertmanagerFiles(files, process.stdout);
    });
  return runCommandLine(command, args, () => exitCode);
};
