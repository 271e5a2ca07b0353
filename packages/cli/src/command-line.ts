/** Options and arguments of a command, by commander: what it refuses is bad usage, exit 2. */
import { formatDuration, parseDuration } from '@vigie/core/durations';
import { parseHostPort } from '@vigie/core/host-port';
import type { ExitCode } from '@vigie/core/lifecycle';
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** Parses the arguments and runs the action of the command (or of its subcommand) that they name.
 *  @returns what the action said; 0 after help, 2 after bad usage, which commander has printed */
export async function runCommandLine(
  command: Command,
  args: readonly string[],
  exitCode: () => ExitCode,
): Promise<ExitCode> {
  for (const part of [command, ...command.commands]) part.exitOverride().showHelpAfterError('(--help tells more)');
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

/** For options such as `--once-timeout 60s`. */
export function durationOption(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('expected a duration such as 15s or 1h30m');
  return durationMs;
}

/** Help shows the default as people write it. */
export function durationOptionOf(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).argParser(durationOption).default(defaultMs, formatDuration(defaultMs));
}

/** For `--listen`; stays text, because a configuration may hold it too. */
export function hostPortOption(text: string): string {
  if (parseHostPort(text) === undefined) throw new InvalidArgumentError('expected HOST:PORT');
  return text;
}

/** `--enable experimental`, of commands that read PromQL. */
export function enableOption(): Option {
  return new Option('--enable <feature>', 'parts of PromQL that are off unless asked for').choices(['experimental']);
}
