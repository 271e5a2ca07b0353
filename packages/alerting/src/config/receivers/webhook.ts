/** `webhook_configs`. Source: Alertmanager, notify/webhook/config.go. */
import { section } from '@vigie/core/config/fields';
import { httpClientSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText } from '@vigie/core/config/written-fields';
import { describeError, errorCode } from '@vigie/core/errors';
import { Template } from '@vigie/core/template';
import * as v from 'valibot';
import { urlProblem } from '../http-url.ts';
import { readSecret } from '../secret.ts';
import { goDuration, wholeNumber } from '../written-fields.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

export const webhookSection = section({
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  url: optionalText,
  url_file: optionalText,
  max_alerts: wholeNumber(0),
  timeout: goDuration('0'),
  payload: v.optional(v.unknown()),
});

export type WebhookConfig = Readonly<ReturnType<typeof readWebhook>>;

export function readWebhook(written: v.InferOutput<typeof webhookSection>, path: ConfigPath, context: ReceiverContext) {
  const { findings } = context;
  const url = readSecret('url', written.url, written.url_file, path, context);
  if (url === undefined) findings.problem(path, 'one of url or url_file');
  const problem = written.url === '' ? undefined : templateUrlProblem(written.url);
  if (problem !== undefined) findings.refuseHidden([...path, 'url'], 'a URL, or a template of one', problem);
  return {
    kind: 'webhook' as const,
    sendResolved: written.send_resolved,
    http: readReceiverHttp(written.http_config, path, context),
    /** May be a template. */
    url: url ?? { value: '' },
    /** 0: all. */
    maxAlerts: written.max_alerts,
    /** 0: none. */
    timeoutMs: written.timeout,
    /** What is sent in place of Alertmanager's message: text in it is templates. */
    payload: written.payload ?? undefined,
  };
}

function templateUrlProblem(url: string): string | undefined {
  if (!url.includes('{{')) {
    const problem = urlProblem(url);
    return problem === undefined ? undefined : `invalid URL: ${problem}`;
  }
  try {
    new Template('').parse(url);
    return undefined;
  } catch (error) {
    if (errorCode(error) !== 'TEMPLATE_INVALID') throw error;
    return `invalid template syntax: ${describeError(error)}`;
  }
}
