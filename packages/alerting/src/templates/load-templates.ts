/** The templates of alertmanager.yml: what Alertmanager ships, and the files that it names. */
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { describeError, errorCode } from '@vigie/core/errors';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { CONTEXT_TEMPLATES } from './context-template.ts';
import { NotificationTemplates } from './notification-templates.ts';
import { readTemplateFiles, type TemplateFile } from './template-files.ts';

/** @param patterns absolute
 *  @param more as of NotificationTemplates: what the files define goes before it
 *  @throws {ConfigError} with a problem for each file that holds no templates
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function loadTemplates(
  patterns: readonly string[],
  nowMs: () => number,
  more: readonly string[] = [],
): Promise<NotificationTemplates> {
  const templates = new NotificationTemplates(nowMs, more);
  const problems: ConfigProblem[] = [];
  for (const file of await readTemplateFiles(patterns)) {
    try {
      templates.addFile(file.source, file.name);
    } catch (error) {
      if (errorCode(error) !== 'TEMPLATE_INVALID') throw error;
      problems.push(problemOf(file, describeError(error)));
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return templates;
}

/** By the name of a receiver: one that is shown context has more in them.
 *  @param options by the names of receivers
 *  @throws as loadTemplates */
export async function loadReceiverTemplates(
  patterns: readonly string[],
  nowMs: () => number,
  options: ReadonlyMap<string, Pick<ReceiverOptions, 'context'>>,
): Promise<(receiver: string) => NotificationTemplates> {
  const templates = await loadTemplates(patterns, nowMs);
  const isWanted = [...options.values()].some(({ context }) => context !== undefined);
  const withContext = isWanted ? await loadTemplates(patterns, nowMs, CONTEXT_TEMPLATES) : templates;
  return (receiver) => (options.get(receiver)?.context === undefined ? templates : withContext);
}

function problemOf({ path, name, source }: TemplateFile, message: string): ConfigProblem {
  const place = message.startsWith(`template: ${name}:`) ? message.slice(`template: ${name}:`.length) : '';
  const line = Number(/^\d+/.exec(place)?.[0] ?? 1);
  const got = source.split('\n')[line - 1]?.trim() ?? '';
  return { file: path, line, column: 1, path: [], expected: `templates of Go (${message})`, got: JSON.stringify(got) };
}
