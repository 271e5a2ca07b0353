/** Secrets of receivers, which stand in the configuration or in a file that is read when they are used. */
import { resolve } from 'node:path';
import type { ReadContext } from '@vigie/core/config/findings';
import type { Secret } from '@vigie/core/config/http-client-config';
import type { ConfigPath } from '@vigie/core/config/problem';
import { urlProblem } from './http-url.ts';

/** The secret under `name` or `name_file`; both is a problem.
 *  @param path of the section
 *  @returns undefined where there is neither */
export function readSecret(
  name: string,
  value: string,
  file: string,
  path: ConfigPath,
  { findings, folder }: ReadContext,
): Secret | undefined {
  if (value !== '' && file !== '')
    findings.problemAtKey([...path, `${name}_file`], `at most one of ${name} & ${name}_file`);
  if (value !== '') return { value };
  // Alertmanager takes these paths from where it runs; beside the configuration is where they are meant.
  return file === '' ? undefined : { file: resolve(folder, file) };
}

/** The same of a URL. */
export function readSecretUrl(
  name: string,
  value: string,
  file: string,
  path: ConfigPath,
  context: ReadContext,
): Secret | undefined {
  const problem = value === '' ? undefined : urlProblem(value);
  if (problem !== undefined) context.findings.refuseHidden([...path, name], 'a URL of http or https', problem);
  return readSecret(name, value, file, path, context);
}
