import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RunCommand } from '../command.ts';
import { durationOption, durationOptionOf, runCommandLine } from '../command-line.ts';
import { runExplanation } from '../hpa/run-explanation.ts';
import { runMetricList } from '../hpa/run-metric-list.ts';
import { runSimulation, type SimulationRequest } from '../hpa/run-simulation.ts';

interface SimulateOptions {
  readonly file?: string;
  readonly set: readonly string[];
  readonly metrics?: string;
  readonly url: string;
  readonly tokenFile?: string;
  readonly start: string;
  readonly end?: string;
  readonly query: readonly string[];
  readonly request: readonly string[];
  readonly replicas?: number;
  readonly podStart: number;
  readonly syncPeriod?: number;
  readonly tolerance?: number;
  readonly downscaleStabilization?: number;
  readonly cpuInitializationPeriod?: number;
  readonly output: SimulationRequest['output'];
}

interface ExplainOptions {
  readonly metrics?: true;
  readonly url: string;
  readonly tokenFile?: string;
  readonly output: 'text' | 'json';
}

/** `vigie hpa` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie hpa').description('What horizontal pod autoscalers do, and would do.');
  command
    .command('explain')
    .description(
      'Ask the collector for the rule, query, series and missing pods of each metric, and what the HPA will do next.',
    )
    .argument('[namespace/name]', 'of the HorizontalPodAutoscaler')
    .option('--metrics', 'list all metrics that HPAs can be scaled on, with the rules and series behind them')
    .option(
      '--url <url>',
      'of `vigie up` or of a collector; user and password may stand in it',
      'http://127.0.0.1:7070',
    )
    .option('--token-file <file>', 'holds a bearer token')
    .addOption(new Option('-o, --output <format>', 'json has everything').choices(['text', 'json']).default('text'))
    .action(async (hpa: string | undefined, { metrics, url, tokenFile, output }: ExplainOptions) => {
      if ((hpa === undefined) !== (metrics === true))
        throw new VigieError('CONFIG_INVALID', 'expected NAMESPACE/NAME such as shop/web, or --metrics');
      exitCode =
        hpa === undefined
          ? await runMetricList({ url, tokenFile }, output, process, version)
          : await runExplanation(hpa, { url, tokenFile }, output, process, version, Date.now());
    });
  command
    .command('simulate')
    .description(
      'Send recorded metrics through the algorithm of the HPA controller, and draw the replicas it comes to.',
    )
    .argument('[namespace/name]', 'of a HorizontalPodAutoscaler that the collector is asked for')
    .option('-f, --file <file>', 'in its place, the manifest of one')
    .option('--set <path=value>', 'one more curve, with this changed; changes separated by commas', gathered, [])
    .option('--metrics <file>', 'recorded load of each metric, CSV or JSON (default: ask the server)')
    .option('--url <url>', 'of `vigie up` or another server with the HTTP API of Prometheus', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .option('--start <time>', '2026-11-29T10:00:00Z, Unix seconds or now-1h', 'now-6h')
    .option('--end <time>', 'in the same forms (default: now)')
    .option('--query <metric=promql>', 'where the load of a metric is, summed over all pods', gathered, [])
    .option('--request <resource=quantity>', 'what each pod requests, for targets in per cent of it', gathered, [])
    .option('--replicas <count>', 'at the beginning (default: minReplicas)', countOption)
    .addOption(durationOptionOf('--pod-start <duration>', 'until a new pod is ready', 30_000))
    .option(
      '--sync-period <duration>',
      "of the controller, as are the ones below (default: Kubernetes')",
      durationOption,
    )
    .option('--tolerance <share>', 'of the target, within which nothing changes', shareOption)
    .option('--downscale-stabilization <duration>', 'without a behavior', durationOption)
    .option('--cpu-initialization-period <duration>', 'after the start of a pod', durationOption)
    .addOption(new Option('-o, --output <format>', 'text draws').choices(['text', 'csv', 'json']).default('text'))
    .action(async (hpa: string | undefined, options: SimulateOptions) => {
      const { file, set, metrics, url, tokenFile, start, end, query, request, replicas, output } = options;
      const simulation: SimulationRequest = {
        ...{ of: simulated(hpa, file), set, metrics, start, end, query, request, replicas, output },
        server: { url, tokenFile },
        podStartMs: options.podStart,
        controller: {
          ...(options.syncPeriod && { syncPeriodMs: options.syncPeriod }),
          ...(options.tolerance !== undefined && { tolerance: options.tolerance }),
          ...(options.downscaleStabilization !== undefined && {
            downscaleStabilizationMs: options.downscaleStabilization,
          }),
          ...(options.cpuInitializationPeriod !== undefined && {
            cpuInitializationPeriodMs: options.cpuInitializationPeriod,
          }),
        },
      };
      exitCode = await runSimulation(simulation, process, version, Date.now());
    });
  return runCommandLine(command, args, () => exitCode);
};

/** @throws {VigieError} CONFIG_INVALID unless it is one of the two */
function simulated(hpa: string | undefined, file: string | undefined): SimulationRequest['of'] {
  if (hpa !== undefined && file === undefined) return { kind: 'hpa', hpa };
  if (hpa === undefined && file !== undefined) return { kind: 'file', file };
  throw new VigieError('CONFIG_INVALID', 'expected NAMESPACE/NAME such as shop/web, or --file, and not both');
}

function gathered(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function countOption(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

function shareOption(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share < 1)) throw new InvalidArgumentError('expected a share such as 0.1');
  return share;
}
