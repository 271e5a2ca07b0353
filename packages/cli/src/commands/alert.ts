import { userInfo } from 'node:os';
import { runExplain } from '@vigie/alerting/explain/run-explain';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, InvalidArgumentError, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat } from '../alerts/output.ts';
import { acknowledgeAlerts } from '../alerts/run-ack.ts';
import { diffAlerts } from '../alerts/run-alert-diff.ts';
import { ALERT_STATES, type AlertState, listAlerts } from '../alerts/run-alert-list.ts';
import { endAlerts } from '../alerts/run-end.ts';
import { explainLive } from '../alerts/run-explain-live.ts';
import type { RunCommand } from '../command.ts';
import { durationOption, durationOptionOf, runCommandLine } from '../command-line.ts';
import { parseTime } from '../query/times.ts';

interface ExplainOptions {
  readonly config?: string;
  readonly label: readonly string[];
  readonly firing: readonly string[];
  readonly time?: number;
  readonly url: string;
  readonly tokenFile?: string;
}

interface DiffOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly since: number;
}

interface BacktestOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly dataDir?: string;
  readonly since: number;
  readonly until?: number;
  readonly interval?: number;
  readonly logRules: readonly string[];
  readonly config?: string;
  readonly alertmanager?: string;
  readonly externalLabel: readonly string[];
  readonly output: 'text' | 'json';
}

interface ListOptions extends Readonly<Record<AlertState, boolean>> {
  readonly url: string;
  readonly tokenFile?: string;
  readonly receiver?: string;
  readonly output: OutputFormat;
}

interface AckOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly group?: string;
  readonly author: string;
  readonly comment: string;
  readonly duration?: number;
  readonly withdraw: boolean;
}

type EndOptions = Pick<AckOptions, 'url' | 'tokenFile' | 'group' | 'author' | 'comment'>;

/** `vigie alert` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie alert').description('Look at alerts and at who is told of them.');
  command
    .command('list')
    .alias('query')
    .description('List the alerts that there are; without a state, the active ones alone.')
    .argument('[matcher...]', 'such as severity=page or team=~"a|b"; the first may be the name of an alert alone')
    .option('-a, --active', 'those that are told', false)
    .option('-s, --silenced', 'those that a silence holds', false)
    .option('-i, --inhibited', 'those that another alert makes superfluous', false)
    .option('-u, --unprocessed', 'those that are new', false)
    .option('-r, --receiver <regex>', 'those that go to this receiver')
    .option('--url <url>', 'of `vigie up`, of alerting or of an Alertmanager', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .addOption(
      new Option('-o, --output <format>', 'extended has more columns').choices([...OUTPUT_FORMATS]).default('simple'),
    )
    .action(async (matchers: readonly string[], { url, tokenFile, receiver, output, ...flags }: ListOptions) => {
      const request = { matchers, states: ALERT_STATES.filter((state) => flags[state]), receiver, output };
      exitCode = await listAlerts(request, { server: { url, tokenFile }, version }, process);
    });
  command
    .command('ack')
    .description('Say that somebody is on it: no repeats and no further steps, until another alert joins the group.')
    .argument('[matcher...]', 'such as severity=page or team=~"a|b"; the first may be the name of an alert alone')
    .option('--group <key>', 'the group of this key alone')
    .option('-a, --author <name>', 'who', userInfo().username)
    .option('-c, --comment <text>', 'what is being done', '')
    .option('-d, --duration <duration>', 'for how long (default: until another alert joins)', durationOption)
    .option('--withdraw', 'open again what was acknowledged', false)
    .option('--url <url>', 'of `vigie up` or of alerting', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .action(async (matchers: readonly string[], { url, tokenFile, author, duration, ...options }: AckOptions) => {
      const { group, comment, withdraw } = options;
      const endsAtMs = duration === undefined ? undefined : Date.now() + duration;
      const request = { matchers, group, createdBy: author, comment, endsAtMs, withdraw };
      exitCode = await acknowledgeAlerts(request, { server: { url, tokenFile }, version }, process);
    });
  command
    .command('end')
    .description('Say that alerts are over of which nobody else will ever say so: those of a host that is scrapped.')
    .argument('[matcher...]', 'such as instance=db-3 or team=~"a|b"; the first may be the name of an alert alone')
    .option('--group <key>', 'those of the group of this key alone')
    .option('-a, --author <name>', 'who says so', userInfo().username)
    .requiredOption('-c, --comment <text>', 'why')
    .option('--url <url>', 'of `vigie up` or of alerting', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .action(async (matchers: readonly string[], { url, tokenFile, author, group, comment }: EndOptions) => {
      const request = { matchers, group, createdBy: author, comment };
      exitCode = await endAlerts(request, { server: { url, tokenFile }, version }, process);
    });
  command
    .command('explain')
    .description(
      'say who would be told of an alert, and why: each route, time interval and inhibition rule with its decision',
    )
    .option('--config <file>', 'alertmanager.yml; no server is asked')
    .requiredOption('--label <name=value>', 'of the alert; once for each label', collect)
    .option(
      '--firing <name=value,...>',
      'with --config: labels of another alert that fires then; once for each',
      collect,
      [],
    )
    .option('--time <time>', '2026-11-29T10:00:00Z, Unix seconds or now+1h (default: now)', timeOption)
    .option('--url <url>', 'of `vigie up` or of alerting', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .action(async ({ config, label, firing, time, url, tokenFile }: ExplainOptions) => {
      if (config === undefined) {
        const client = { server: { url, tokenFile }, version };
        exitCode = await explainLive({ labels: label, timeMs: time }, client, process);
        return;
      }
      exitCode = await runExplain(
        { config, labels: label, firing, timeMs: time ?? Date.now() },
        process.stdout,
        process.stderr,
      );
    });
  command
    .command('diff')
    .description(
      'Say which of the alerts that there were another alertmanager.yml would tell of elsewhere, or otherwise.',
    )
    .argument('<before>', 'alertmanager.yml as it is')
    .argument('<after>', 'alertmanager.yml as it is to be')
    .addOption(
      durationOptionOf('--since <duration>', 'how far back; the history has the newest 50,000 events', 30 * 86_400_000),
    )
    .option('--url <url>', 'of `vigie up` or of alerting', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token')
    .action(async (before: string, after: string, { url, tokenFile, since }: DiffOptions) => {
      const request = { before, after, fromMs: Date.now() - since };
      exitCode = await diffAlerts(request, { server: { url, tokenFile }, version }, process);
    });
  command
    .command('backtest')
    .description(
      'Ask how often alerting rules would have fired and paged, of what a server with the API of Prometheus, and a log store, have.',
    )
    .argument('[file...]', 'rule files')
    .option(
      '--log-rules <file>',
      'rules on logs, of which datasources.logs of --config is asked; once for each',
      collect,
      [],
    )
    .option(
      '--config <file>',
      'alerting.yaml: what it says holds where no option does, and its rules are tested where none are named',
    )
    .addOption(durationOptionOf('--since <duration>', 'how far back', 7 * 86_400_000))
    .option('--until <time>', '2026-11-29T10:00:00Z, Unix seconds or now-1h (default: now)', timeOption)
    .option('--interval <duration>', 'between evaluations of groups that name none (default: 1m)', durationOption)
    .option('--alertmanager <file>', 'alertmanager.yml: counts the notifications that each receiver would have got')
    .option('--external-label <name=value>', 'of alerts, as in alerting.yaml; once for each', collect, [])
    .option(
      '--url <url>',
      'of `vigie up`, or of another server with the HTTP API of Prometheus',
      'http://127.0.0.1:7070',
    )
    .option('--token-file <file>', 'holds a bearer token')
    .addOption(
      new Option(
        '--data-dir <dir>',
        'of `vigie up` or of a collector on this machine: its metrics are asked in place of a server',
      ).conflicts(['url', 'tokenFile']),
    )
    .addOption(new Option('-o, --output <format>', 'json has everything').choices(['text', 'json']).default('text'))
    .action(
      async (files: readonly string[], { url, tokenFile, since, until, interval, ...options }: BacktestOptions) => {
        const { backtestRules } = await import('../alerts/run-backtest.ts');
        const request = {
          ...{ files, logRules: options.logRules, config: options.config, alertmanager: options.alertmanager },
          ...{ sinceMs: since, untilMs: until ?? Date.now(), intervalMs: interval, output: options.output },
          dataDir: options.dataDir,
          externalLabels: options.externalLabel,
        };
        const client = { server: { url, tokenFile }, version };
        exitCode = await backtestRules(request, client, process, new AbortController().signal);
      },
    );
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
