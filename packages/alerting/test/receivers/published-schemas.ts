/** What each service says it takes, by its public documentation (November 2026), for tests: members that there are, which must be there, of which type,
 *  and where a request is refused that is longer. Members that Vigie never sends are left out: an object with another one is a mistake. */
import * as v from 'valibot';

const text = v.string();
const upTo = (length: number) =>
  v.pipe(
    v.string(),
    v.check((value) => [...value].length <= length, `at most ${length} characters`),
  );
const url = v.pipe(v.string(), v.url());
const texts = v.record(v.string(), v.string());
/** RFC 3339. */
const time = v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/));

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const webhook = v.strictObject({
  version: v.literal('4'),
  groupKey: v.pipe(v.string(), v.startsWith('{')),
  truncatedAlerts: v.pipe(v.number(), v.integer(), v.minValue(0)),
  status: v.picklist(['firing', 'resolved']),
  receiver: text,
  groupLabels: texts,
  commonLabels: texts,
  commonAnnotations: texts,
  routeLabels: texts,
  externalURL: url,
  notification_reason: text,
  alerts: v.array(
    v.strictObject({
      status: v.picklist(['firing', 'resolved']),
      labels: texts,
      annotations: texts,
      startsAt: time,
      endsAt: time,
      generatorURL: text,
      fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
    }),
  ),
});

/** https://api.slack.com/reference/messaging/attachments and https://api.slack.com/methods/chat.postMessage */
const slack = v.strictObject({
  channel: text,
  username: v.optional(text),
  icon_emoji: v.optional(v.pipe(v.string(), v.regex(/^:.+:$/))),
  icon_url: v.optional(text),
  link_names: v.optional(v.boolean()),
  text: v.optional(upTo(40_000)),
  attachments: v.pipe(
    v.array(
      v.strictObject({
        fallback: text,
        color: v.optional(v.union([v.picklist(['good', 'warning', 'danger']), v.pipe(v.string(), v.hexColor())])),
        pretext: v.optional(text),
        title: v.optional(upTo(1024)),
        title_link: v.optional(url),
        text,
        callback_id: v.optional(text),
        fields: v.optional(
          v.array(v.strictObject({ title: v.optional(text), value: v.optional(text), short: v.optional(v.boolean()) })),
        ),
        actions: v.optional(
          v.array(
            v.strictObject({
              type: v.picklist(['button', 'select']),
              text,
              url: v.optional(text),
              name: v.optional(text),
              value: v.optional(text),
              style: v.optional(v.picklist(['default', 'primary', 'danger'])),
              confirm: v.optional(
                v.strictObject({
                  title: v.optional(text),
                  text,
                  ok_text: v.optional(text),
                  dismiss_text: v.optional(text),
                }),
              ),
            }),
          ),
        ),
        image_url: v.optional(text),
        thumb_url: v.optional(text),
        footer: v.optional(upTo(300)),
        mrkdwn_in: v.optional(v.array(v.picklist(['text', 'pretext', 'fields', 'fallback']))),
      }),
    ),
    v.maxLength(100),
  ),
});

/** https://developer.pagerduty.com/docs/send-alert-event */
const pagerdutyV2 = v.strictObject({
  routing_key: v.pipe(text, v.nonEmpty()),
  event_action: v.picklist(['trigger', 'acknowledge', 'resolve']),
  dedup_key: upTo(255),
  payload: v.strictObject({
    summary: upTo(1024),
    source: v.pipe(text, v.nonEmpty()),
    severity: v.picklist(['critical', 'error', 'warning', 'info']),
    timestamp: v.optional(time),
    component: v.optional(text),
    group: v.optional(text),
    class: v.optional(text),
    custom_details: v.optional(v.record(v.string(), v.unknown())),
  }),
  client: v.optional(text),
  client_url: v.optional(text),
  images: v.optional(v.array(v.strictObject({ src: text, href: v.optional(text), alt: v.optional(text) }))),
  links: v.optional(v.array(v.strictObject({ href: text, text: v.optional(text) }))),
});

/** https://developer.pagerduty.com/docs/events-api-v1; Alertmanager sends the two empty members that it has for version 2, too. */
const pagerdutyV1 = v.strictObject({
  service_key: v.pipe(text, v.nonEmpty()),
  event_type: v.picklist(['trigger', 'acknowledge', 'resolve']),
  incident_key: upTo(255),
  description: upTo(1024),
  client: v.optional(text),
  client_url: v.optional(text),
  details: v.record(v.string(), v.unknown()),
  event_action: v.literal(''),
  payload: v.null(),
});

/** https://docs.opsgenie.com/docs/alert-api */
const opsgenieAlert = v.strictObject({
  message: v.pipe(upTo(130), v.nonEmpty()),
  alias: upTo(512),
  description: v.optional(upTo(15_000)),
  responders: v.optional(
    v.array(
      v.strictObject({
        id: v.optional(text),
        name: v.optional(text),
        username: v.optional(text),
        type: v.picklist(['team', 'user', 'escalation', 'schedule']),
      }),
    ),
  ),
  actions: v.optional(v.pipe(v.array(upTo(50)), v.maxLength(10))),
  tags: v.optional(v.pipe(v.array(upTo(50)), v.maxLength(20))),
  details: v.optional(texts),
  entity: v.optional(upTo(512)),
  source: v.optional(upTo(100)),
  priority: v.optional(v.picklist(['P1', 'P2', 'P3', 'P4', 'P5'])),
  note: v.optional(upTo(25_000)),
});
const opsgenieMessage = v.strictObject({ message: v.pipe(upTo(130), v.nonEmpty()) });
const opsgenieDescription = v.strictObject({ description: upTo(15_000) });
const opsgenieClose = v.strictObject({ source: v.optional(upTo(100)), user: v.optional(text), note: v.optional(text) });

/** https://core.telegram.org/bots/api#sendmessage, whose numbers and truths may be text. */
const telegram = v.strictObject({
  chat_id: v.pipe(v.string(), v.regex(/^(?:-?\d+|@\w+)$/)),
  message_thread_id: v.optional(v.pipe(v.string(), v.regex(/^\d+$/))),
  text: v.pipe(upTo(4096), v.nonEmpty()),
  parse_mode: v.optional(v.picklist(['MarkdownV2', 'HTML', 'Markdown'])),
  disable_web_page_preview: v.optional(v.picklist(['true', 'false'])),
  disable_notification: v.optional(v.picklist(['true', 'false'])),
});

const wholeNumber = (lowest: number, highest: number) =>
  v.pipe(v.string(), v.regex(/^-?\d+$/), v.transform(Number), v.minValue(lowest), v.maxValue(highest));
const orNone = v.literal('');

/** https://pushover.net/api, as parameters of the URL. */
const pushover = v.strictObject({
  token: v.pipe(text, v.nonEmpty()),
  user: v.pipe(text, v.nonEmpty()),
  message: v.pipe(upTo(1024), v.nonEmpty()),
  title: v.optional(upTo(250)),
  url: v.optional(upTo(512)),
  url_title: v.optional(upTo(100)),
  device: v.optional(text),
  sound: v.optional(text),
  priority: v.union([orNone, wholeNumber(-2, 2)]),
  retry: v.union([orNone, wholeNumber(30, 10_800)]),
  expire: v.union([orNone, wholeNumber(0, 10_800)]),
  ttl: v.optional(v.union([orNone, wholeNumber(1, 2 ** 31)])),
  html: v.optional(v.literal('1')),
  monospace: v.optional(v.literal('1')),
});

/** https://discord.com/developers/docs/resources/webhook#execute-webhook and …/message#embed-object */
const discord = v.pipe(
  v.strictObject({
    content: upTo(2000),
    username: v.optional(upTo(80)),
    avatar_url: v.optional(text),
    embeds: v.pipe(
      v.array(
        v.strictObject({
          title: v.optional(upTo(256)),
          description: v.optional(upTo(4096)),
          color: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffff)),
          image: v.optional(v.strictObject({ url })),
        }),
      ),
      v.maxLength(10),
    ),
  }),
  v.check(
    ({ embeds }) =>
      embeds.reduce((sum, { title = '', description = '' }) => sum + title.length + description.length, 0) <= 6000,
    'at most 6000 characters in all embeds',
  ),
);

/** https://learn.microsoft.com/en-us/outlook/actionable-messages/message-card-reference */
const msteams = v.strictObject({
  '@context': v.picklist(['http://schema.org/extensions', 'https://schema.org/extensions']),
  type: v.literal('MessageCard'),
  title: text,
  summary: v.pipe(text, v.nonEmpty()),
  text,
  themeColor: v.pipe(v.string(), v.regex(/^[0-9A-F]{6}$/)),
});

const textBlock = v.strictObject({
  type: v.literal('TextBlock'),
  text,
  weight: v.optional(v.picklist(['Default', 'Lighter', 'Bolder'])),
  size: v.optional(v.picklist(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge'])),
  color: v.optional(v.picklist(['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention'])),
  style: v.optional(v.picklist(['default', 'heading', 'columnHeader'])),
  wrap: v.optional(v.boolean()),
});
/** https://adaptivecards.io/schemas/adaptive-card.json in the message of an incoming webhook of Teams:
 *  https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
const msteamsv2 = v.strictObject({
  type: v.literal('message'),
  attachments: v.tuple([
    v.strictObject({
      contentType: v.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: v.null(),
      content: v.strictObject({
        $schema: v.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: v.literal('AdaptiveCard'),
        version: v.pipe(v.string(), v.regex(/^1\.\d$/)),
        body: v.array(
          v.variant('type', [textBlock, v.strictObject({ type: v.literal('Image'), url, altText: v.optional(text) })]),
        ),
        msteams: v.strictObject({ width: v.literal('full') }),
      }),
    }),
  ]),
});

/** The one that a request is to fulfil.
 *  @param kind of receiver, `webhook`
 *  @param path of the URL */
export function publishedSchema(kind: string, method: string, path: string): v.GenericSchema {
  switch (kind) {
    case 'webhook':
      return webhook;
    case 'slack':
      return slack;
    case 'pagerduty':
      return path.includes('create_event') ? pagerdutyV1 : pagerdutyV2;
    case 'opsgenie':
      if (method === 'PUT') return path.endsWith('/message') ? opsgenieMessage : opsgenieDescription;
      return path.endsWith('/close') ? opsgenieClose : opsgenieAlert;
    case 'telegram':
      return telegram;
    case 'pushover':
      return pushover;
    case 'discord':
      return discord;
    case 'msteams':
      return msteams;
    case 'msteamsv2':
      return msteamsv2;
    default:
      throw new Error(`nothing is known of receivers of the kind ${kind}`);
  }
}
