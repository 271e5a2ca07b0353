/** Chats that take messages at a web hook of their own: `discord_configs`, `msteams_configs` and `msteamsv2_configs`.
 *  Source: Alertmanager, notify/{discord,msteams,msteamsv2}/config.go. */
import { section } from '@vigie/core/config/fields';
import { httpClientSection, type WrittenHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { camelKeys } from '../camel-keys.ts';
import { readSecretUrl } from '../secret.ts';
import { type ReceiverContext, readReceiverHttp } from './receiver-context.ts';

const entries = {
  send_resolved: flag(true),
  http_config: v.nullish(httpClientSection),
  webhook_url: optionalText,
  webhook_url_file: optionalText,
};

export const discordSection = section({
  ...entries,
  content: optionalText,
  title: textOr('{{ template "discord.default.title" . }}'),
  message: textOr('{{ template "discord.default.message" . }}'),
  username: optionalText,
  avatar_url: optionalText,
});

export const msteamsSection = section({
  ...entries,
  title: textOr('{{ template "msteams.default.title" . }}'),
  summary: textOr('{{ template "msteams.default.summary" . }}'),
  text: textOr('{{ template "msteams.default.text" . }}'),
});

export const msteamsv2Section = section({
  ...entries,
  title: textOr('{{ template "msteamsv2.default.title" . }}'),
  text: textOr('{{ template "msteamsv2.default.text" . }}'),
});

export type DiscordConfig = Readonly<ReturnType<typeof readDiscord>>;
export type MsteamsConfig = Readonly<ReturnType<typeof readMsteams>>;
export type Msteamsv2Config = Readonly<ReturnType<typeof readMsteamsv2>>;

export function readDiscord(written: v.InferOutput<typeof discordSection>, path: ConfigPath, context: ReceiverContext) {
  const { send_resolved, http_config, webhook_url, webhook_url_file, ...texts } = written;
  return { kind: 'discord' as const, ...readWebhookOf(written, path, context), ...camelKeys(texts) };
}

export function readMsteams(written: v.InferOutput<typeof msteamsSection>, path: ConfigPath, context: ReceiverContext) {
  const { send_resolved, http_config, webhook_url, webhook_url_file, ...texts } = written;
  return { kind: 'msteams' as const, ...readWebhookOf(written, path, context), ...camelKeys(texts) };
}

export function readMsteamsv2(
  written: v.InferOutput<typeof msteamsv2Section>,
  path: ConfigPath,
  context: ReceiverContext,
) {
  const { send_resolved, http_config, webhook_url, webhook_url_file, ...texts } = written;
  const read = readWebhookOf(written, path, context);
  // Of this receiver alone an http_config that names no proxy still has the global one.
  const url = read.http.proxy.url ?? context.global.http.proxy.url;
  const http = { ...read.http, proxy: { ...read.http.proxy, url } };
  return { kind: 'msteamsv2' as const, ...read, http, ...camelKeys(texts) };
}

interface WrittenWebhook {
  readonly send_resolved: boolean;
  readonly http_config?: WrittenHttpClient | null | undefined;
  readonly webhook_url: string;
  readonly webhook_url_file: string;
}

function readWebhookOf(written: WrittenWebhook, path: ConfigPath, context: ReceiverContext) {
  const url = readSecretUrl('webhook_url', written.webhook_url, written.webhook_url_file, path, context);
  if (url === undefined) context.findings.problem(path, 'one of webhook_url or webhook_url_file');
  return {
    sendResolved: written.send_resolved,
    http: readReceiverHttp(written.http_config, path, context),
    url: url ?? { value: '' },
  };
}
