/** `pushover_configs`. Source: Alertmanager, config/notifiers.go, PushoverConfig. */
import { section } from '@vigie/core/config/fields';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { httpClientSection } from '../http-client-section.ts';
import { readSecret } from '../secret.ts';
import { flag, optionalText, textDuration, textOr } from '../written-fields.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

export const pushoverSection = section({
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  user_key: optionalText,
  user_key_file: optionalText,
  token: optionalText,
  token_file: optionalText,
  title: textOr('{{ template "pushover.default.title" . }}'),
  message: textOr('{{ template "pushover.default.message" . }}'),
  url: textOr('{{ template "pushover.default.url" . }}'),
  url_title: optionalText,
  device: optionalText,
  sound: optionalText,
  priority: textOr('{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
  retry: textDuration('1m'),
  expire: textDuration('1h'),
  ttl: textDuration('0'),
  html: flag(false),
  monospace: flag(false),
});

export type PushoverConfig = Readonly<ReturnType<typeof readPushover>>;

export function readPushover(
  written: v.InferOutput<typeof pushoverSection>,
  path: ConfigPath,
  context: ReceiverContext,
) {
  const { send_resolved, http_config, user_key, user_key_file, token, token_file, ...rest } = written;
  const { retry, expire, ttl, ...texts } = rest;
  const userKey = readSecret('user_key', user_key, user_key_file, path, context);
  const ownToken = readSecret('token', token, token_file, path, context);
  if (userKey === undefined) context.findings.problem(path, 'one of user_key or user_key_file');
  if (ownToken === undefined) context.findings.problem(path, 'one of token or token_file');
  if (texts.html && texts.monospace)
    context.findings.problemAtKey([...path, 'monospace'], 'at most one of monospace & html');
  return {
    kind: 'pushover' as const,
    sendResolved: send_resolved,
    http: readReceiverHttp(http_config, path, context),
    userKey: userKey ?? { value: '' },
    token: ownToken ?? { value: '' },
    ...camelKeys(texts),
    retryMs: retry,
    expireMs: expire,
    /** 0: for ever. */
    ttlMs: ttl,
  };
}
