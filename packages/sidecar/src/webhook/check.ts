/** `vigie check webhook` */
import { describeError, errorCode } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { loadWebhookConfig } from './config.ts';

/** Loads each file as the webhook would, and says what is wrong with all of them.
 *  @returns 0; 2 where one is bad or cannot be read */
export async function checkWebhookConfig(files: readonly string[]): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      await loadWebhookConfig(file, process.env, undefined);
      process.stdout.write(`${file}: ok\n`);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}

/** @throws what is no fault of a configuration */
export function reportBadConfig(error: unknown): ExitCode {
  const code = errorCode(error);
  if (code?.startsWith('CONFIG_') !== true) throw error;
  // Of a file with problems each has its own line, for editors and eyes.
  const text = code === 'CONFIG_INVALID' && error instanceof Error ? error.message : describeError(error);
  process.stderr.write(`${text}\n`);
  return 2;
}
