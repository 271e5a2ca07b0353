import { runExplain } from '@vigie/alerting/explain/run-explain';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, InvalidArgumentError } from 'commander';
import type { RunCommand } from '../command.ts';
import { runCommandLine } from '../command-line.ts';
import { parseTime } from '../query/times.ts';

interface ExplainOptions {
  readonly config: string;
  readonly label: readonly string[];
  readonly firing: readonly string[];
  readonly time?: number;
}

/** `vigie alert` */
export const run: RunCommand = (args) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie alert').description('Look at alerts and at who is told of them.');
  command
    .command('explain')
    .description(
      'say who would be told of an alert, and why: each route, time interval and inhibition rule with its decision',
    )
    .requiredOption('--config <file>', 'alertmanager.yml')
    .requiredOption('--label <name=value>', 'of the alert; once for each label', collect)
    .option('--firing <name=value,...>', 'labels of another alert that fires then; once for each alert', collect, [])
    .option('--time <time>', '2026-11-29T10:00:00Z, Unix seconds or now+1h (default: now)', timeOption)
    .action(async ({ config, label, firing, time }: ExplainOptions) => {
      exitCode = await runExplain(
        { config, labels: label, firing, timeMs: time ?? Date.now() },
        process.stdout,
        process.stderr,
      );
    });
  return runCommandLine(command, args, () => exitCode);
};

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function timeOption(text: string): number {
  const timeMs = parseTime(text, Date.now());
  if (timeMs === undefined) throw new InvalidArgumentError('expected a time such as 2026-11-29T10:00:00Z or now+1h');
  return timeMs;
}
