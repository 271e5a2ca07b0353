import { describeError, errorCode } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';

/** Prints what is wrong with a configuration.
 *  @throws the error itself where it is of something else */
export function reportBadConfig(error: unknown): ExitCode {
  const code = errorCode(error);
  if (code?.startsWith('CONFIG_') !== true) throw error;
  // Of a file with problems each has its own line, for editors and eyes.
  const text = code === 'CONFIG_INVALID' && error instanceof Error ? error.message : describeError(error);
  process.stderr.write(`${text}\n`);
  return 2;
}
