import { userInfo } from 'node:os';
import type { ExitCode } from '@vigie/core/lifecycle';
import { Command, InvalidArgumentError, Option } from 'commander';
import { OUTPUT_FORMATS, type OutputFormat } from '../alerts/output.ts';
import { addSilence, expireSilences, listSilences } from '../alerts/run-silences.ts';
import type { RunCommand } from '../command.ts';
import { durationOption, runCommandLine } from '../command-line.ts';
import { parseTime } from '../query/times.ts';

interface ServerOptions {
  readonly url: string;
  readonly tokenFile?: string;
}

interface AddOptions extends ServerOptions {
  readonly duration?: number;
  readonly start?: number;
  readonly end?: number;
  readonly comment?: string;
  readonly author: string;
  readonly annotation: readonly string[];
  readonly untilResolved: boolean;
  readonly recurs?: string;
  readonly preview: boolean;
}

interface ListOptions extends ServerOptions {
  readonly expired: boolean;
  readonly within?: number;
  readonly createdBy?: string;
  readonly id?: string;
  readonly quiet: boolean;
  readonly output: OutputFormat;
}

const SHORT_MS = 3_600_000;
/** Of one that ends by itself, or holds now and then: a bound for what is forgotten. */
const LONG_MS = 30 * 24 * 3_600_000;
const MATCHERS = 'matchers such as severity=page or team=~"a|b"; the first may be the name of an alert alone';

/** `vigie silence` */
export const run: RunCommand = (args, { version }) => {
  let exitCode: ExitCode = 0;
  const command = new Command('vigie silence').description('Silence alerts for a time, with the options of amtool.');
  withServer(command.command('add'))
    .description('Add a silence, and print its id.')
    .argument('<matcher...>', MATCHERS)
    .option('-d, --duration <duration>', 'how long (default: 1h, of the next two 30d)', durationOption)
    .option('--until-resolved', 'at most so long: it ends when what it silences is over', false)
    .option('--recurs <times>', "in that time, when it holds: 'sunday 02:00-04:00 Europe/Paris'")
    .option('--start <time>', '2026-11-29T10:00:00Z, Unix seconds or now+1h (default: now)', timeOption)
    .option('--end <time>', 'in place of a duration', timeOption)
    .option('-c, --comment <text>', 'why; a silence has to have one')
    .option('-a, --author <name>', 'who', userInfo().username)
    .option('--annotation <name=value>', 'for programs; once for each', gathered, [])
    .option('--preview', 'print which alerts it would silence now, and do not add it', false)
    .action(async (matchers: readonly string[], { url, tokenFile, ...options }: AddOptions) => {
      const request = {
        matchers,
        annotations: options.annotation,
        untilResolved: options.untilResolved,
        recurs: options.recurs,
        startsAtMs: options.start,
        endsAtMs: options.end,
        durationMs: options.duration ?? (options.untilResolved || options.recurs !== undefined ? LONG_MS : SHORT_MS),
        createdBy: options.author,
        // A preview is no silence that anybody would ask about.
        comment: options.comment ?? (options.preview ? 'preview' : ''),
        preview: options.preview,
      };
      exitCode = await addSilence(request, { server: { url, tokenFile }, version }, process, Date.now());
    });
  withServer(command.command('list'))
    .alias('query')
    .description('List the silences that have not ended.')
    .argument('[matcher...]', `of the silence itself: ${MATCHERS}`)
    .option('--expired', 'those that have ended instead', false)
    .option('--within <duration>', 'those that end, or have ended, within this time', durationOption)
    .option('--created-by <name>', 'those of one author')
    .option('--id <id>', 'one alone')
    .option('-q, --quiet', 'print ids alone', false)
    .addOption(
      new Option('-o, --output <format>', 'extended has more columns').choices([...OUTPUT_FORMATS]).default('simple'),
    )
    .action(async (matchers: readonly string[], { url, tokenFile, within, ...options }: ListOptions) => {
      const { expired, createdBy, id, quiet, output } = options;
      const request = { matchers, expired, withinMs: within, createdBy, id, quiet, output };
      exitCode = await listSilences(request, { server: { url, tokenFile }, version }, process, Date.now());
    });
  withServer(command.command('expire'))
    .description('End silences now.')
    .argument('<id...>', 'as list -q prints them')
    .action(async (ids: readonly string[], { url, tokenFile }: ServerOptions) => {
      exitCode = await expireSilences(ids, { server: { url, tokenFile }, version }, process);
    });
  return runCommandLine(command, args, () => exitCode);
};

function withServer(command: Command): Command {
  return command
    .option('--url <url>', 'of `vigie up`, of alerting or of an Alertmanager', 'http://127.0.0.1:7070')
    .option('--token-file <file>', 'holds a bearer token');
}

function gathered(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function timeOption(text: string): number {
  const timeMs = parseTime(text, Date.now());
  if (timeMs === undefined) throw new InvalidArgumentError('expected a time such as 2026-11-29T10:00:00Z or now+1h');
  return timeMs;
}
