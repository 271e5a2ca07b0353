/** `slack_configs`. Source: Alertmanager, config/notifiers.go, SlackConfig, and its defaults in config/config.go. */
import { section } from '@vigie/core/config/fields';
import type { HttpClientConfig, Secret } from '@vigie/core/config/http-client-config';
import { httpClientSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalFlag, optionalText, textList, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { readUrl } from '../http-url.ts';
import { readSecret, readSecretUrl } from '../secret.ts';
import { goDuration } from '../written-fields.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

const confirmation = section({
  text: optionalText,
  title: optionalText,
  ok_text: optionalText,
  dismiss_text: optionalText,
});

const action = section({
  type: optionalText,
  text: optionalText,
  url: optionalText,
  style: optionalText,
  name: optionalText,
  value: optionalText,
  confirm: v.nullish(confirmation),
});

const field = section({ title: optionalText, value: optionalText, short: optionalFlag });

const shown = (what: string): ReturnType<typeof textOr> => textOr(`{{ template "slack.default.${what}" . }}`);

export const slackSection = section({
  send_resolved: flag(false),
  http_config: v.nullish(httpClientSection),
  api_url: optionalText,
  api_url_file: optionalText,
  app_token: optionalText,
  app_token_file: optionalText,
  app_url: optionalText,
  channel: optionalText,
  username: shown('username'),
  color: shown('color'),
  title: shown('title'),
  title_link: shown('titlelink'),
  pretext: shown('pretext'),
  text: shown('text'),
  message_text: optionalText,
  fields: v.nullish(v.array(field), []),
  short_fields: flag(false),
  footer: shown('footer'),
  fallback: shown('fallback'),
  callback_id: shown('callbackid'),
  icon_emoji: shown('iconemoji'),
  icon_url: shown('iconurl'),
  image_url: optionalText,
  thumb_url: optionalText,
  link_names: flag(false),
  mrkdwn_in: textList,
  actions: v.nullish(v.array(action), []),
  update_message: flag(false),
  timeout: goDuration('0'),
});

type WrittenSlack = v.InferOutput<typeof slackSection>;

export type SlackConfig = Readonly<ReturnType<typeof readSlack>>;

const UPDATES_URL = 'https://slack.com/api/chat.postMessage';

export function readSlack(written: WrittenSlack, path: ConfigPath, context: ReceiverContext) {
  const { send_resolved, http_config, api_url, api_url_file, app_token, app_token_file, app_url, ...rest } = written;
  const { fields, actions, timeout, ...texts } = rest;
  checkFields(written, path, context);
  if (written.update_message && api_url !== UPDATES_URL) {
    const message = `update_message can only be used with bot tokens. api_url must be set to ${UPDATES_URL}`;
    context.findings.refuseKey([...path, 'update_message'], `api_url ${UPDATES_URL} beside it`, message);
  }
  return {
    kind: 'slack' as const,
    sendResolved: send_resolved,
    ...readDestination(written, path, context),
    ...camelKeys(texts),
    fields,
    actions: actions.map(readAction),
    /** 0: none. */
    timeoutMs: timeout,
  };
}

interface Destination {
  readonly url: Secret;
  readonly http: HttpClientConfig;
}

/** A web hook's URL, or an application's token for the one URL that takes them. */
function readDestination(written: WrittenSlack, path: ConfigPath, context: ReceiverContext): Destination {
  const { findings, global } = context;
  const http = readReceiverHttp(written.http_config, path, context);
  const ownUrl = readSecretUrl('api_url', written.api_url, written.api_url_file, path, context);
  const ownToken = readSecret('app_token', written.app_token, written.app_token_file, path, context);
  const appUrl = readUrl(written.app_url, [...path, 'app_url'], context) || global.slackAppUrl;
  if (appUrl === '')
    findings.refuse(path, 'app_url, here or as slack_app_url of global', 'no global Slack App URL set');
  if (ownUrl !== undefined && ownToken !== undefined) {
    const key = written.app_token === '' ? 'app_token_file' : 'app_token';
    findings.problemAtKey([...path, key], 'at most one of api_url/api_url_file & app_token/app_token_file');
  }
  const ownAuthorization = written.http_config == null ? undefined : http.authorization;
  const takesGlobalToken = ownToken === undefined && ownAuthorization?.kind !== 'credentials' && written.api_url === '';
  const token = ownToken ?? (takesGlobalToken ? global.slackAppToken : undefined);
  const url = ownUrl ?? global.slackUrl;
  if (url === undefined && token === undefined) {
    const message = 'no Slack API URL nor App token set either inline or in a file';
    findings.refuse(path, 'api_url, api_url_file, app_token or app_token_file, here or in global', message);
  }
  if (token === undefined) return { url: url ?? { value: '' }, http };
  if (http.authorization?.kind === 'credentials') {
    const message = "http authorization can't be set when using Slack App tokens";
    findings.refuse(path, 'no authorization in http_config beside a token', message);
  }
  return {
    url: { value: appUrl },
    http: { ...http, authorization: { kind: 'credentials', type: 'Bearer', credentials: token } },
  };
}

function checkFields({ fields, actions }: WrittenSlack, path: ConfigPath, { findings }: ReceiverContext): void {
  for (const [index, { title, value }] of fields.entries()) {
    const at = [...path, 'fields', index];
    if (title === '') findings.refuse(at, 'a title', 'missing title in Slack field configuration');
    if (value === '') findings.refuse(at, 'a value', 'missing value in Slack field configuration');
  }
  for (const [index, { type, text, url, name, confirm }] of actions.entries()) {
    const at = [...path, 'actions', index];
    if (type === '') findings.refuse(at, 'a type', 'missing type in Slack action configuration');
    if (text === '') findings.refuse(at, 'a text', 'missing text in Slack action configuration');
    if (url === '' && name === '')
      findings.refuse(at, 'a name or url', 'missing name or url in Slack action configuration');
    if (confirm != null && confirm.text === '')
      findings.refuse([...at, 'confirm'], 'a text', 'missing text in Slack confirmation configuration');
  }
}

/** An action that opens a URL has none of what a message's has. */
function readAction({ type, text, url, style, name, value, confirm }: WrittenSlack['actions'][number]) {
  if (url !== '') return { type, text, url, style, name: '', value: '', confirm: undefined };
  return { type, text, url, style, name, value, confirm: confirm == null ? undefined : camelKeys(confirm) };
}
