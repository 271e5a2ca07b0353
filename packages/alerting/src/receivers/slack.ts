/** `slack_configs`. Source: Alertmanager 0.34, notify/slack. */
import * as v from 'valibot';
import type { SlackConfig } from '../config/receivers/slack.ts';
import { chartUrlOf } from '../context/notification-context.ts';
import { goJsonLine, type Json } from '../templates/go-json.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverAnswer, type ReceiverProtocol, shortened } from './http-integration.ts';
import type { KeptValues, Notification, SendOutcome } from './integration.ts';
import { parsedAnswer } from './parsed-answer.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

const MAX_TITLE_RUNES = 1024;
const UPDATE_URL = 'https://slack.com/api/chat.update';
/** What Slack says of a message that has been deleted, or is too old to be changed. */
const UNCHANGEABLE: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'channel_not_found',
  'is_inactive',
]);
/** Of such messages: until a new one has taken their place. */
const MAX_UNCHANGEABLE = 1000;

/** A message that is there, by the names that the notification log has for it in Alertmanager. */
interface SlackMessage extends KeptValues {
  readonly channelId: string;
  readonly threadTs: string;
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
  /** Their timestamps, oldest first. */
  const unchangeable = new Set<string>();
  const messageOfGroup = ({ kept, groupKeys }: Notification): SlackMessage | undefined => {
    // One that tells of other groups, too, takes the place of the message of none.
    if (!config.updateMessage || groupKeys !== undefined) return undefined;
    const { channelId = '', threadTs = '' } = kept ?? {};
    return channelId === '' || threadTs === '' || unchangeable.has(threadTs) ? undefined : { channelId, threadTs };
  };
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: config.timeoutMs,
    requests(notification, rendering, secrets) {
      const sent = messageOfGroup(notification);
      const body = goJsonLine(messageOf(config, rendering, sent, chartUrlOf(notification.context)));
      const url = sent === undefined ? secrets.hideUrl(readUrl(secrets)) : updateUrl;
      return [{ url, contentType: 'application/json', body }];
    },
    judge(answer, notification) {
      const { outcome, message, error = '' } = judge(answer);
      const sent = messageOfGroup(notification);
      if (outcome.kind === 'failed' && sent !== undefined && UNCHANGEABLE.has(error)) {
        note(unchangeable, sent.threadTs);
        // By a new message.
        return { kind: 'retry', reason: outcome.reason, afterMs: undefined };
      }
      const isOfGroup = config.updateMessage && notification.groupKeys === undefined;
      return outcome.kind === 'sent' && isOfGroup && message !== undefined ? { ...outcome, kept: message } : outcome;
    },
  };
}

function note(timestamps: Set<string>, timestamp: string): void {
  timestamps.add(timestamp);
  const [oldest] = timestamps;
  if (timestamps.size > MAX_UNCHANGEABLE && oldest !== undefined) timestamps.delete(oldest);
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
    channel: sent?.channelId ?? given(config.channel),
    ts: sent?.threadTs,
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

interface Judgement {
  readonly outcome: SendOutcome;
  /** As it is known there, where the answer tells. */
  readonly message?: SlackMessage;
  /** What Slack calls what is wrong. */
  readonly error?: string;
}

/** A web hook says `ok` in plain text, the API says it in JSON, both with status 200 whatever it is. */
function judge(answer: ReceiverAnswer): Judgement {
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
  if (!said.ok) {
    const reason = `error response from Slack: ${shortened(said.error)}`;
    return { outcome: { kind: 'failed', reason }, error: said.error };
  }
  const isKnown = said.ts !== '' && said.channel !== '';
  return isKnown
    ? { outcome: byStatus, message: { channelId: said.channel, threadTs: said.ts } }
    : { outcome: byStatus };
}
