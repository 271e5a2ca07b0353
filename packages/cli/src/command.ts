/** What every file in commands/ exports, as `run`. */
import type { ExitCode } from '@vigie/core/lifecycle';

export interface CommandContext {
  readonly version: string;
  /** The folder of vigie.cjs, with what lies beside it: kernel.wasm. */
  readonly distDir: string;
}

/** @param args what follows the command's name
 *  @returns the process ends with it */
export type RunCommand = (args: readonly string[], context: CommandContext) => Promise<ExitCode>;

export interface CommandModule {
  readonly run: RunCommand;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Whether it works all the time that it runs, rather than waits: V8 compiles for it as it does by default. */
  readonly isBusy?: (args: readonly string[]) => boolean;
  /** Becomes a file of its own in the build. */
  readonly load: () => Promise<CommandModule>;
}
