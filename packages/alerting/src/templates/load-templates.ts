/** The templates of alertmanager.yml: what Alertmanager ships, and the files that it names. */
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { describeError, errorCode } from '@vigie/core/errors';
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

function problemOf({ path, name, source }: TemplateFile, message: string): ConfigProblem {
  const place = message.startsWith(`template: ${name}:`) ? message.slice(`template: ${name}:`.length) : '';
  const line = Number(/^\d+/.exec(place)?.[0] ?? 1);
  const got = source.split('\n')[line - 1]?.trim() ?? '';
  return { file: path, line, column: 1, path: [], expected: `templates of Go (${message})`, got: JSON.stringify(got) };
}
