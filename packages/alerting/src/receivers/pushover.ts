/** `pushover_configs`. Source: Alertmanager 0.34, notify/pushover. */
import { escapeUrlQuery } from '@vigie/core/template/escapes';
import type { PushoverConfig } from '../config/receivers/pushover.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverProtocol } from './http-integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { expandSecret, secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

const MESSAGES_URL = 'https://api.pushover.net/1/messages.json';
const MAX_TITLE_RUNES = 250;
const MAX_MESSAGE_RUNES = 1024;
const MAX_URL_RUNES = 512;

/** @param messagesUrl that messages are posted to */
export function pushoverProtocol(
  config: PushoverConfig,
  deps: ReceiverDeps,
  messagesUrl = MESSAGES_URL,
): ReceiverProtocol {
  const readToken = secretReader(config.token, deps.clock);
  const readUser = secretReader(config.userKey, deps.clock);
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: 0,
    requests(_notification, rendering, secrets) {
      const parameters = new Map([
        ['token', expandSecret(readToken(secrets), rendering, secrets)],
        ['user', expandSecret(readUser(secrets), rendering, secrets)],
        ...parametersOf(config, rendering),
      ]);
      const query = Array.from(parameters, ([name, value]) => `${name}=${escapeUrlQuery(value)}`).sort();
      const url = `${messagesUrl}?${query.join('&')}`;
      return [{ url: secrets.hideUrl(url), contentType: 'text/plain', body: '' }];
    },
    judge: (answer) => judgeByStatus(answer),
  };
}

function parametersOf(config: PushoverConfig, { text, html }: Rendering): readonly (readonly [string, string])[] {
  const message = truncateRunes((config.html ? html : text)(config.message), MAX_MESSAGE_RUNES).trim();
  const seconds = (durationMs: number): number => Math.trunc(durationMs / 1000);
  const ttl = seconds(config.ttlMs);
  return [
    ['title', truncateRunes(text(config.title), MAX_TITLE_RUNES)],
    ...(config.html ? [['html', '1'] as const] : []),
    ...(config.monospace ? [['monospace', '1'] as const] : []),
    // Pushover refuses a message without text.
    ['message', message === '' ? '(no details)' : message],
    ['url', truncateRunes(text(config.url), MAX_URL_RUNES)],
    ['url_title', text(config.urlTitle)],
    ['priority', text(config.priority)],
    ['retry', String(seconds(config.retryMs))],
    ['expire', String(seconds(config.expireMs))],
    ['device', text(config.device)],
    ['sound', text(config.sound)],
    ...(ttl > 0 ? [['ttl', String(ttl)] as const] : []),
  ];
}
