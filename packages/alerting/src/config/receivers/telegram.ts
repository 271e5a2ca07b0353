/** `telegram_configs`. Source: Alertmanager, notify/telegram/config.go. */
import { resolve } from 'node:path';
import { section } from '@vigie/core/config/fields';
import { httpClientSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { readUrl } from '../http-url.ts';
import { readSecret } from '../secret.ts';
import { wholeNumber } from '../written-fields.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

export const telegramSection = section({
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  api_url: optionalText,
  bot_token: optionalText,
  bot_token_file: optionalText,
  chat_id: wholeNumber(Number.MIN_SAFE_INTEGER),
  chat_id_file: optionalText,
  message_thread_id: wholeNumber(Number.MIN_SAFE_INTEGER),
  message: textOr('{{ template "telegram.default.message" . }}'),
  disable_notifications: flag(false),
  parse_mode: textOr('HTML'),
});

export type TelegramConfig = Readonly<ReturnType<typeof readTelegram>>;

const PARSE_MODES: readonly string[] = ['', 'Markdown', 'MarkdownV2', 'HTML'];

export function readTelegram(
  written: v.InferOutput<typeof telegramSection>,
  path: ConfigPath,
  context: ReceiverContext,
) {
  const { findings, folder, global } = context;
  const { send_resolved, http_config, api_url, bot_token, bot_token_file, chat_id, chat_id_file, ...texts } = written;
  const token = readSecret('bot_token', bot_token, bot_token_file, path, context) ?? global.telegramToken;
  if (token === undefined) {
    const message = 'missing bot_token or bot_token_file on telegram_config';
    findings.refuse(path, 'bot_token or bot_token_file, here or as those of global', message);
  }
  if (chat_id === 0 && chat_id_file === '')
    findings.refuse(path, 'chat_id or chat_id_file', 'missing chat_id or chat_id_file on telegram_config');
  if (chat_id !== 0 && chat_id_file !== '')
    findings.problemAtKey([...path, 'chat_id_file'], 'at most one of chat_id & chat_id_file');
  if (!PARSE_MODES.includes(texts.parse_mode)) {
    const message = 'unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string';
    findings.refuse([...path, 'parse_mode'], 'Markdown, MarkdownV2, HTML or empty text', message);
  }
  return {
    kind: 'telegram' as const,
    sendResolved: send_resolved,
    http: readReceiverHttp(http_config, path, context),
    url: readUrl(api_url, [...path, 'api_url'], context) || global.telegramUrl,
    token: token ?? { value: '' },
    chat: chat_id_file === '' ? { id: chat_id } : { file: resolve(folder, chat_id_file) },
    ...camelKeys(texts),
  };
}
