import { describeError, errorCode } from '../errors.ts';
import type { ExitCode } from '../lifecycle.ts';

/** Prints what is wrong with a configuration, all of it, on stderr.
 *  @throws the error itself where it is of something else */
export function reportBadConfig(error: unknown): ExitCode {
  const code = errorCode(error);
  if (code?.startsWith('CONFIG_') !== true) throw error;
  // Of a file with problems each has its own line, for editors and eyes.
  const text = code === 'CONFIG_INVALID' && error instanceof Error ? error.message : describeError(error);
  process.stderr.write(`${text}\n`);
  return 2;
}

/** What `vigie check` does with files that are only loaded.
 *  @param load as the component itself would
 *  @returns 2 where one is bad or cannot be read */
export async function checkConfigFiles(
  files: readonly string[],
  load: (file: string) => Promise<unknown>,
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      await load(file);
      process.stdout.write(`${file}: ok\n`);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}
