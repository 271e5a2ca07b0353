/** `global`: what receivers have unless they say otherwise. Source: Alertmanager, config/config.go, GlobalConfig. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import {
  DEFAULT_HTTP_CLIENT,
  type HttpClientConfig,
  type Secret,
  type TlsConfig,
} from '@vigie/core/config/http-client-config';
import { httpClientSection, readHttpClient, readTls, tlsSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalFlag, optionalText, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { readUrl } from './http-url.ts';
import { readSecret, readSecretUrl } from './secret.ts';
import { readSmarthost, type Smarthost } from './smarthost.ts';
import { optionalDuration } from './written-fields.ts';

export const globalSection = section({
  resolve_timeout: optionalDuration,
  http_config: v.nullish(httpClientSection),
  smtp_from: optionalText,
  smtp_hello: textOr('localhost'),
  smtp_smarthost: optionalText,
  smtp_auth_username: optionalText,
  smtp_auth_password: optionalText,
  smtp_auth_password_file: optionalText,
  smtp_auth_secret: optionalText,
  smtp_auth_secret_file: optionalText,
  smtp_auth_identity: optionalText,
  smtp_require_tls: flag(true),
  smtp_tls_config: v.nullish(tlsSection),
  smtp_force_implicit_tls: optionalFlag,
  slack_api_url: optionalText,
  slack_api_url_file: optionalText,
  slack_app_token: optionalText,
  slack_app_token_file: optionalText,
  slack_app_url: textOr('https://slack.com/api/chat.postMessage'),
  pagerduty_url: textOr('https://events.pagerduty.com/v2/enqueue'),
  opsgenie_api_url: textOr('https://api.opsgenie.com/'),
  opsgenie_api_key: optionalText,
  opsgenie_api_key_file: optionalText,
  telegram_api_url: textOr('https://api.telegram.org'),
  telegram_bot_token: optionalText,
  telegram_bot_token_file: optionalText,
  // Of receivers that are refused: without one they change nothing.
  jira_api_url: optionalText,
  wechat_api_url: optionalText,
  wechat_api_secret: optionalText,
  wechat_api_secret_file: optionalText,
  wechat_api_corp_id: optionalText,
  victorops_api_url: optionalText,
  victorops_api_key: optionalText,
  victorops_api_key_file: optionalText,
  webex_api_url: optionalText,
  rocketchat_api_url: optionalText,
  rocketchat_token: optionalText,
  rocketchat_token_file: optionalText,
  rocketchat_token_id: optionalText,
  rocketchat_token_id_file: optionalText,
  mattermost_webhook_url: optionalText,
  mattermost_webhook_url_file: optionalText,
});

/** How mail is sent, as far as a receiver does not say. */
export interface SmtpConfig {
  readonly from: string;
  readonly hello: string;
  readonly smarthost: Smarthost | undefined;
  readonly username: string;
  readonly password: Secret | undefined;
  readonly secret: Secret | undefined;
  readonly identity: string;
  readonly requireTls: boolean;
  readonly tls: TlsConfig;
  /** undefined: by the port. */
  readonly forceImplicitTls: boolean | undefined;
}

export interface GlobalConfig {
  /** After which an alert without an end counts as resolved, unless it comes again. */
  readonly resolveTimeoutMs: number;
  readonly http: HttpClientConfig;
  readonly smtp: SmtpConfig;
  readonly slackUrl: Secret | undefined;
  readonly slackAppToken: Secret | undefined;
  readonly slackAppUrl: string;
  readonly pagerdutyUrl: string;
  readonly opsgenieUrl: string;
  readonly opsgenieKey: Secret | undefined;
  readonly telegramUrl: string;
  readonly telegramToken: Secret | undefined;
}

const DEFAULT_RESOLVE_TIMEOUT_MS = 5 * 60_000;

/** URLs of receivers that are refused. */
const UNREAD_URLS = [
  'jira_api_url',
  'wechat_api_url',
  'victorops_api_url',
  'webex_api_url',
  'rocketchat_api_url',
  'mattermost_webhook_url',
] as const;

/** Of pairs of which only one may be given, those that are not read here. */
const UNREAD_PAIRS = [
  'victorops_api_key',
  'rocketchat_token',
  'rocketchat_token_id',
  'wechat_api_secret',
  'mattermost_webhook_url',
] as const;

export function readGlobal(written: v.InferOutput<typeof globalSection>, context: ReadContext): GlobalConfig {
  const path: ConfigPath = ['global'];
  const pair = (name: string, value: string, file: string): Secret | undefined =>
    readSecret(name, value, file, path, context);
  const url = (name: string, value: string): string => readUrl(value, [...path, name], context);
  const slackUrl = readSecretUrl('slack_api_url', written.slack_api_url, written.slack_api_url_file, path, context);
  const slackAppToken = pair('slack_app_token', written.slack_app_token, written.slack_app_token_file);
  // A web hook's URL beside a token is taken where it is the URL that tokens are for.
  if (slackUrl !== undefined && slackAppToken !== undefined && written.slack_api_url !== written.slack_app_url) {
    const message = 'at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file';
    const key = written.slack_app_token === '' ? 'slack_app_token_file' : 'slack_app_token';
    context.findings.problemAtKey([...path, key], message);
  }
  for (const name of UNREAD_URLS) url(name, written[name]);
  for (const name of UNREAD_PAIRS) pair(name, written[name], written[`${name}_file`]);
  return {
    resolveTimeoutMs: written.resolve_timeout ?? DEFAULT_RESOLVE_TIMEOUT_MS,
    http:
      written.http_config == null
        ? DEFAULT_HTTP_CLIENT
        : readHttpClient(written.http_config, [...path, 'http_config'], context),
    smtp: {
      from: written.smtp_from,
      hello: written.smtp_hello,
      smarthost: readSmarthost(written.smtp_smarthost, [...path, 'smtp_smarthost'], context),
      username: written.smtp_auth_username,
      password: pair('smtp_auth_password', written.smtp_auth_password, written.smtp_auth_password_file),
      secret: pair('smtp_auth_secret', written.smtp_auth_secret, written.smtp_auth_secret_file),
      identity: written.smtp_auth_identity,
      requireTls: written.smtp_require_tls,
      tls: readTls(written.smtp_tls_config, [...path, 'smtp_tls_config'], context),
      forceImplicitTls: written.smtp_force_implicit_tls ?? undefined,
    },
    slackUrl,
    slackAppToken,
    slackAppUrl: url('slack_app_url', written.slack_app_url),
    pagerdutyUrl: url('pagerduty_url', written.pagerduty_url),
    opsgenieUrl: url('opsgenie_api_url', written.opsgenie_api_url),
    opsgenieKey: pair('opsgenie_api_key', written.opsgenie_api_key, written.opsgenie_api_key_file),
    telegramUrl: url('telegram_api_url', written.telegram_api_url),
    telegramToken: pair('telegram_bot_token', written.telegram_bot_token, written.telegram_bot_token_file),
  };
}
