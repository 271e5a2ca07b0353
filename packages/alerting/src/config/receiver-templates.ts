/** Templates in the texts of receivers: what cannot be parsed is said when the file is read, not when someone is to be told. */
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { describeError, errorCode } from '@vigie/core/errors';
import { Template } from '@vigie/core/template';
import { templateFunctions } from '../templates/template-functions.ts';

/** Templates whose text is not to be shown. */
const SECRETS: ReadonlySet<string> = new Set(['routing_key', 'service_key', 'api_key', 'token', 'user_key']);
/** No templates, or checked where they are read. */
const OTHERS: ReadonlySet<string> = new Set([
  ...['http_config', 'tls_config', 'smarthost', 'hello', 'webhook_url', 'api_url', 'app_url', 'app_token', 'bot_token'],
  ...['auth_username', 'auth_password', 'auth_secret', 'auth_identity', 'parse_mode'],
]);

const functions = templateFunctions(
  () => 0,
  () => '',
);

/** @param written the section of an integration, or a part of it */
export function checkTemplates(written: unknown, path: ConfigPath, findings: Findings): void {
  if (typeof written === 'string') checkText(written, path, findings);
  else if (Array.isArray(written)) {
    for (const [index, item] of written.entries()) checkTemplates(item, [...path, index], findings);
  } else if (typeof written === 'object' && written !== null) {
    for (const [key, item] of Object.entries(written)) {
      if (!isOther(key, path)) checkTemplates(item, [...path, key], findings);
    }
  }
}

function isOther(key: string, path: ConfigPath): boolean {
  const isWebhookUrl = key === 'url' && path.at(-2) === 'webhook_configs';
  return OTHERS.has(key) || key.endsWith('_file') || isWebhookUrl;
}

function checkText(text: string, path: ConfigPath, findings: Findings): void {
  const problem = text.includes('{{') ? problemOf(text) : undefined;
  if (problem === undefined) return;
  if (SECRETS.has(String(path.at(-1)))) findings.problemOfHidden(path, 'a template of Go');
  else findings.refuse(path, 'a template of Go', problem);
}

function problemOf(text: string): string | undefined {
  try {
    new Template('', { functions }).parse(text);
    return undefined;
  } catch (error) {
    if (errorCode(error) !== 'TEMPLATE_INVALID') throw error;
    return describeError(error);
  }
}
