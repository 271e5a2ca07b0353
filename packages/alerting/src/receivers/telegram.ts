/** `telegram_configs`: sendMessage of the Bot API. Source: Alertmanager 0.34, notify/telegram; telebot v3.3.8. */
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { secretValue } from '@vigie/core/http-client/secret-value';
import * as v from 'valibot';
import type { TelegramConfig } from '../config/receivers/telegram.ts';
import { goJsonLine } from '../templates/go-json.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { type ReceiverAnswer, type ReceiverProtocol, shortened } from './http-integration.ts';
import type { Notification, SendOutcome } from './integration.ts';
import { parsedAnswer } from './parsed-answer.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

const MAX_MESSAGE_RUNES = 4096;
/** HTML that is cut would not be HTML. */
const TOO_LONG = `Alertmanager notification could not be sent: message length exceeds Telegram limits.
\t\t\tPlease check the template used for producing the message content.`;

const answerSchema = v.object({
  ok: v.optional(v.boolean(), false),
  description: v.optional(v.string(), ''),
  parameters: v.optional(v.object({ retry_after: v.optional(v.number()) })),
});

export function telegramProtocol(config: TelegramConfig, deps: ReceiverDeps): ReceiverProtocol {
  const readToken = secretReader(config.token, deps.clock);
  const readChat = chatReader(config, deps.clock);
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: 0,
    requests(notification, rendering, secrets) {
      const { messageThreadId, parseMode, disableNotifications } = config;
      // By name, every one of them text.
      const fields = new Map([
        ['chat_id', readChat()],
        ['text', messageOf(config, rendering) ?? plainMessageOf(notification)],
        ['disable_web_page_preview', 'true'],
      ]);
      if (disableNotifications) fields.set('disable_notification', 'true');
      if (parseMode !== '') fields.set('parse_mode', parseMode);
      if (messageThreadId !== 0) fields.set('message_thread_id', String(messageThreadId));
      const url = `${config.url.replace(/\/+$/, '')}/bot${readToken(secrets)}/sendMessage`;
      return [{ url, contentType: 'application/json', body: goJsonLine(fields) }];
    },
    judge,
  };

  /** Without the context, which may be what makes it too long. */
  function plainMessageOf({ context, ...notification }: Notification): string {
    if (context === undefined) return TOO_LONG;
    return messageOf(config, deps.templates.render(notificationData(notification, deps.externalUrl))) ?? TOO_LONG;
  }
}

/** @returns undefined where it is too long, and cannot be cut */
function messageOf({ message, parseMode }: TelegramConfig, { text, html }: Rendering): string | undefined {
  if (parseMode !== 'HTML') return truncateRunes(text(message), MAX_MESSAGE_RUNES);
  const written = html(message);
  return written.length > MAX_MESSAGE_RUNES && Array.from(written).length > MAX_MESSAGE_RUNES ? undefined : written;
}

function chatReader({ chat }: TelegramConfig, clock: Clock): () => string {
  if ('id' in chat) return () => String(chat.id);
  const read = secretValue(chat, clock);
  return () => {
    const written = read();
    if (/^-?\d+$/.test(written)) return written;
    throw new VigieError('RECEIVER_UNUSABLE', `${chat.file} should hold the id of a chat, a whole number`);
  };
}

/** Whatever Telegram refuses is tried again, as Alertmanager does. */
function judge({ status, body = '', afterMs }: ReceiverAnswer): SendOutcome {
  const said = parsedAnswer(answerSchema, body);
  if (said?.ok === true) return { kind: 'sent' };
  const seconds = said?.parameters?.retry_after;
  const detail = shortened(said?.description ?? body);
  return {
    kind: 'retry',
    reason: `telegram: ${detail === '' ? 'no description' : detail} (${status})`,
    afterMs: seconds === undefined ? afterMs : seconds * 1000,
  };
}
