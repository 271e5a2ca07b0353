import { checkConfigFiles } from '@vigie/core/config/bad-config';
import type { ExitCode } from '@vigie/core/lifecycle';
import { loadWebhookConfig } from './config.ts';

/** `vigie check webhook FILE...`: webhook.yaml, every problem with its position.
 *  @returns 2 where a file has problems */
export function checkWebhookConfig(files: readonly string[]): Promise<ExitCode> {
  return checkConfigFiles(files, (file) => loadWebhookConfig(file, process.env, undefined));
}
