/** The arguments of `vigie sidecar`. */
import { parseHostPort } from '@vigie/core/host-port';
import type { ExitCode } from '@vigie/core/lifecycle';
import { LOG_LEVELS, type LogLevel } from '@vigie/core/log-levels';
import { parseSize } from '@vigie/core/sizes';
import { ROTATE_MODES, ROTATE_SIGNALS, type RotateMode, type RotateSignal } from '@vigie/sidecar/stream/rotation';
import { MIN_ROTATE_BYTES, PREFIXES, type Prefix, READ_FROM, type StreamOptions } from '@vigie/sidecar/stream/settings';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../command.ts';
import { durationOption, runCommandLine } from '../command-line.ts';
import { addInject } from './inject.ts';
import { type AskedShip, addShip } from './ship.ts';
import { addWebhook } from './webhook.ts';

export interface AskedStream {
  readonly given: Partial<StreamOptions>;
  readonly configFile: string | undefined;
}

interface Options {
  readonly config?: string;
  readonly stderr?: readonly string[];
  readonly exclude?: readonly string[];
  readonly prefix?: Prefix;
  readonly dataDir?: string;
  readonly listen?: Listen;
  readonly readFrom?: StreamOptions['readFrom'];
  readonly maxLineBytes?: number;
  readonly maxOpenFiles?: number;
  readonly deletedBytesLimit?: number;
  readonly rotate?: number;
  readonly keep?: number;
  readonly rotateMode?: RotateMode;
  readonly rotateSignal?: RotateSignal;
  readonly rotateSignalTo?: string;
  readonly reconcileInterval?: number;
  readonly checkpointInterval?: number;
  readonly shutdownGrace?: number;
  readonly drainQuiet?: number;
  readonly until?: string;
  readonly untilExit?: string;
  readonly logLevel?: LogLevel;
}

interface Listen {
  readonly at: StreamOptions['listen'];
}

/** What runs in a pod. */
export type AskedSidecar =
  | { readonly runs: 'stream'; readonly asked: AskedStream }
  | { readonly runs: 'ship'; readonly asked: AskedShip };

/** Runs what was asked for, unless that is a sidecar.
 *  @returns what the sidecar is to do, else the exit code */
export async function parseSidecarCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<AskedSidecar | ExitCode> {
  let sidecar: AskedSidecar | undefined;
  let exitCode: ExitCode = 0;
  const command = new Command('vigie sidecar').description(
    'Log sidecars of pods: what runs in them, the webhook that injects them, and the same offline.',
  );
  const ended = (code: ExitCode): void => {
    exitCode = code;
  };
  streamCommand(command, (asked) => {
    sidecar = { runs: 'stream', asked };
  });
  addShip(command, (asked) => {
    sidecar = { runs: 'ship', asked };
  });
  addWebhook(command, context, ended);
  addInject(command, context, ended);
  const code = await runCommandLine(command, args, () => exitCode);
  return sidecar ?? code;
}

function streamCommand(command: Command, chosen: (asked: AskedStream) => void): void {
  command
    .command('stream')
    .description('Follow files in a shared volume, and emit every line on standard output.')
    .argument('[file...]', 'files to follow, or patterns of them')
    .option('--config <file>', 'the same options in a file, which a reload reads again')
    .option('--stderr <pattern>', 'files whose lines go to standard error; may be repeated', listed)
    .option('--exclude <pattern>', 'files that are left alone; may be repeated', listed)
    .addOption(new Option('--prefix <what>', 'what stands before a line').choices([...PREFIXES]))
    .option('--data-dir <folder>', 'where the checkpoint is kept; default: .vigie beside the files')
    .option('--listen <host:port>', 'health and metrics, or off (default: 127.0.0.1:9881)', listenOption)
    .addOption(new Option('--read-from <where>', 'for files without a checkpoint').choices([...READ_FROM]))
    .option('--max-line-bytes <size>', 'longer lines are cut (default: 1MiB)', sizeOption(1024, 16 * 1024 * 1024))
    .option('--max-open-files <number>', 'files held open (default: 128)', countOption(1))
    .option('--deleted-bytes-limit <size>', 'unread bytes of deleted files (default: 64MiB)', sizeOption(0))
    .option('--rotate <size>', 'rotate files of that size; default: not', sizeOption(MIN_ROTATE_BYTES))
    .option('--keep <number>', 'rotated files that stay when they are streamed (default: 1)', countOption(0, 1000))
    .addOption(new Option('--rotate-mode <mode>', 'as logrotate; default: create').choices([...ROTATE_MODES]))
    .addOption(new Option('--rotate-signal <signal>', 'default: HUP').choices([...ROTATE_SIGNALS]))
    .option('--rotate-signal-to <program>', 'program that is to open its files again')
    .option('--reconcile-interval <duration>', 'how often everything is looked at (default: 10s)', durationOption)
    .option('--checkpoint-interval <duration>', 'how often the checkpoint is written (default: 1s)', durationOption)
    .option('--shutdown-grace <duration>', 'time to drain after SIGTERM (default: 25s)', durationOption)
    .option('--drain-quiet <duration>', 'nobody writes for so long: the end (default: 1s)', durationOption)
    .option('--until <file>', 'end when this file exists')
    .option('--until-exit <program>', 'end when the last process of this program has ended')
    .addOption(new Option('--log-level <level>', "of the sidecar's own log").choices([...LOG_LEVELS]))
    .action((files: readonly string[], options: Options) => {
      chosen({ given: givenBy(files, options), configFile: options.config });
    });
}

function givenBy(files: readonly string[], options: Options): Partial<StreamOptions> {
  const given = {
    files: files.length > 0 ? files : undefined,
    stderr: options.stderr,
    exclude: options.exclude,
    prefix: options.prefix,
    dataDir: options.dataDir,
    readFrom: options.readFrom,
    maxLineBytes: options.maxLineBytes,
    maxOpenFiles: options.maxOpenFiles,
    deletedBytesLimit: options.deletedBytesLimit,
    rotateBytes: options.rotate,
    keep: options.keep,
    rotateMode: options.rotateMode,
    rotateSignal: options.rotateSignal,
    rotateSignalTo: options.rotateSignalTo,
    reconcileIntervalMs: options.reconcileInterval,
    checkpointIntervalMs: options.checkpointInterval,
    shutdownGraceMs: options.shutdownGrace,
    drainQuietMs: options.drainQuiet,
    until: options.until,
    untilExit: options.untilExit,
    logLevel: options.logLevel,
  };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return options.listen === undefined ? named : { ...named, listen: options.listen.at };
}

function listed(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function listenOption(text: string): Listen {
  if (text === 'off') return { at: undefined };
  const address = parseHostPort(text);
  if (address === undefined) throw new InvalidArgumentError('expected HOST:PORT or off');
  return { at: { address, auth: { type: 'none' } } };
}

function sizeOption(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const sizeBytes = parseSize(text);
    if (sizeBytes === undefined || sizeBytes < min || sizeBytes > max) {
      const bounds = max === Number.MAX_SAFE_INTEGER ? '' : `, from ${min} to ${max} bytes`;
      throw new InvalidArgumentError(`expected a size such as 64KiB, 10Mi or 50MB${bounds}`);
    }
    return sizeBytes;
  };
}

function countOption(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(count) || count < min || count > max) {
      const bounds = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`expected a whole number, ${bounds}`);
    }
    return count;
  };
}
