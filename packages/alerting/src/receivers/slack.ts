/** `slack_configs`. Source: Alertmanager 0.34, notify/slack. */
import * as v from 'valibot';
import type { SlackConfig } from '../config/receivers/slack.ts';
import { chartUrlOf } from '../context/notification-context.ts';
import { goJsonLine, type Json } from '../templates/go-json.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverAnswer, type ReceiverProtocol, shortened } from './http-integration.ts';
import type { SendOutcome } from './integration.ts';
import { parsedAnswer } from './parsed-answer.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

const MAX_TITLE_RUNES = 1024;
const UPDATE_URL = 'https://slack.com/api/chat.update';
/** Of messages that are remembered to be updated: a group beyond gets a new one. */
const MAX_MESSAGES = 10_000;

interface SlackMessage {
  readonly channel: string;
  readonly timestamp: string;
}

const answerSchema = v.object({
  ok: v.optional(v.boolean(), false),
  error: v.optional(v.string(), ''),
  channel: v.optional(v.string(), ''),
  ts: v.optional(v.string(), ''),
});

/** @param updateUrl that messages are updated at */
export function slackProtocol(config: SlackConfig, deps: ReceiverDeps, updateUrl = UPDATE_URL): ReceiverProtocol {
  const readUrl = secretReader(config.url, deps.clock);
  /** By the group's key, where messages are updated; oldest first. */
  const messages = new Map<string, SlackMessage>();
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: config.timeoutMs,
    requests({ groupKey, groupKeys, context }, rendering, secrets) {
      // One that tells of other groups, too, is the message of none.
      const sent = groupKeys === undefined ? messages.get(groupKey) : undefined;
      const body = goJsonLine(messageOf(config, rendering, sent, chartUrlOf(context)));
      const url = sent === undefined ? secrets.hideUrl(readUrl(secrets)) : updateUrl;
      return [{ url, contentType: 'application/json', body }];
    },
    judge(answer, { groupKey, groupKeys }) {
      const { outcome, message } = judge(answer);
      if (message !== undefined && config.updateMessage && groupKeys === undefined)
        remember(messages, groupKey, message);
      return outcome;
    },
  };
}

function remember(messages: Map<string, SlackMessage>, groupKey: string, message: SlackMessage): void {
  messages.delete(groupKey);
  messages.set(groupKey, message);
  const [oldest] = messages.keys();
  if (messages.size > MAX_MESSAGES && oldest !== undefined) messages.delete(oldest);
}

function messageOf(
  config: SlackConfig,
  { text }: Rendering,
  sent: SlackMessage | undefined,
  chartUrl: string | undefined,
): Json {
  const given = (source: string): string | undefined => text(source) || undefined;
  const attachment = {
    title: truncateRunes(text(config.title), MAX_TITLE_RUNES) || undefined,
    title_link: given(config.titleLink),
    pretext: given(config.pretext),
    text: text(config.text),
    fallback: text(config.fallback),
    callback_id: text(config.callbackId),
    fields: config.fields.length === 0 ? undefined : fieldsOf(config, text),
    actions: config.actions.length === 0 ? undefined : actionsOf(config, text),
    image_url: given(config.imageUrl) ?? chartUrl,
    thumb_url: given(config.thumbUrl),
    footer: text(config.footer),
    color: given(config.color),
    mrkdwn_in: config.mrkdwnIn.length === 0 ? ['fallback', 'pretext', 'text'] : config.mrkdwnIn,
  };
  return {
    channel: sent?.channel ?? given(config.channel),
    ts: sent?.timestamp,
    username: given(config.username),
    icon_emoji: given(config.iconEmoji),
    icon_url: given(config.iconUrl),
    link_names: config.linkNames || undefined,
    text: given(config.messageText),
    attachments: [attachment],
  };
}

function fieldsOf({ fields, shortFields }: SlackConfig, text: Rendering['text']): Json {
  return fields.map(({ title, value, short }) => ({
    title: text(title) || undefined,
    value: text(value) || undefined,
    short: short ?? shortFields,
  }));
}

function actionsOf({ actions }: SlackConfig, text: Rendering['text']): Json {
  const given = (source: string): string | undefined => text(source) || undefined;
  return actions.map(({ type, text: label, url, style, name, value, confirm }) => ({
    type: given(type),
    text: given(label),
    url: given(url),
    style: given(style),
    name: given(name),
    value: given(value),
    confirm:
      confirm === undefined
        ? undefined
        : {
            text: given(confirm.text),
            title: given(confirm.title),
            ok_text: given(confirm.okText),
            dismiss_text: given(confirm.dismissText),
          },
  }));
}

/** A web hook says `ok` in plain text, the API says it in JSON, both with status 200 whatever it is.
 *  @returns the message as it is known there, where the answer tells */
function judge(answer: ReceiverAnswer): { readonly outcome: SendOutcome; readonly message?: SlackMessage } {
  const byStatus = judgeByStatus(answer);
  if (byStatus.kind !== 'sent') return { outcome: byStatus };
  const { body, contentType, afterMs } = answer;
  const retry = (reason: string): SendOutcome => ({ kind: 'retry', reason, afterMs });
  if (body === undefined) return { outcome: retry('could not read response body') };
  if (!contentType.startsWith('application/json')) {
    if (body === 'ok') return { outcome: byStatus };
    return { outcome: { kind: 'failed', reason: `received an error response from Slack: ${shortened(body)}` } };
  }
  const said = parsedAnswer(answerSchema, body);
  if (said === undefined) return { outcome: retry(`could not unmarshal JSON response: ${shortened(body)}`) };
  if (!said.ok) return { outcome: { kind: 'failed', reason: `error response from Slack: ${shortened(said.error)}` } };
  const isKnown = said.ts !== '' && said.channel !== '';
  return isKnown
    ? { outcome: byStatus, message: { channel: said.channel, timestamp: said.ts } }
    : { outcome: byStatus };
}
