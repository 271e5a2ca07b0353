/** `discord_configs`, `msteams_configs` and `msteamsv2_configs`. Source: Alertmanager 0.34, notify/{discord,msteams,msteamsv2}. */
import type { DiscordConfig, MsteamsConfig, Msteamsv2Config } from '../config/receivers/chat-webhooks.ts';
import { chartUrlOf } from '../context/notification-context.ts';
import { goJsonLine, type Json } from '../templates/go-json.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverProtocol } from './http-integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { secretReader } from './secrets.ts';
import { truncateRunes } from './truncate.ts';

/** Of Discord's embeds and messages, in characters. */
const MAX_TITLE_RUNES = 256;
const MAX_DESCRIPTION_RUNES = 4096;
const MAX_CONTENT_RUNES = 2000;
/** Of a message to a web hook of Teams, which refuses longer ones: a page that long would reach nobody.
 *  https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, 28 KB. */
const MAX_TEAMS_BYTES = 28_000;

export function discordProtocol(config: DiscordConfig, deps: ReceiverDeps): ReceiverProtocol {
  return chatProtocol(config, deps, ({ data, text }, chartUrl) => ({
    content: truncateRunes(text(config.content), MAX_CONTENT_RUNES),
    embeds: [
      {
        title: truncateRunes(text(config.title), MAX_TITLE_RUNES),
        description: truncateRunes(text(config.message), MAX_DESCRIPTION_RUNES),
        color: data.status === 'firing' ? 0x992d22 : 0x2ecc71,
        image: chartUrl === undefined ? undefined : { url: chartUrl },
      },
    ],
    username: config.username || undefined,
    avatar_url: config.avatarUrl || undefined,
  }));
}

export function msteamsProtocol(config: MsteamsConfig, deps: ReceiverDeps): ReceiverProtocol {
  return chatProtocol(config, deps, ({ data, text }) =>
    withinTeams(text(config.text), (shown) => ({
      '@context': 'http://schema.org/extensions',
      type: 'MessageCard',
      title: text(config.title),
      summary: text(config.summary),
      text: shown,
      themeColor: data.status === 'firing' ? '8C1A1A' : '2DC72D',
    })),
  );
}

export function msteamsv2Protocol(config: Msteamsv2Config, deps: ReceiverDeps): ReceiverProtocol {
  return chatProtocol(config, deps, ({ data, text }, chartUrl) =>
    withinTeams(text(config.text), (shown) => ({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.2',
            body: [
              {
                type: 'TextBlock',
                text: text(config.title),
                weight: 'Bolder',
                size: 'Medium',
                wrap: true,
                style: 'heading',
                color: data.status === 'firing' ? 'Attention' : 'Good',
              },
              { type: 'TextBlock', text: shown, wrap: true },
              ...(chartUrl === undefined ? [] : [{ type: 'Image', url: chartUrl, altText: 'chart' }]),
            ],
            msteams: { width: 'full' },
          },
        },
      ],
    })),
  );
}

/** The message with as much of the text as it may have. */
function withinTeams(text: string, message: (shown: string) => Json): Json {
  const isWithin = (shown: string): boolean => Buffer.byteLength(goJsonLine(message(shown))) <= MAX_TEAMS_BYTES;
  if (isWithin(text)) return message(text);
  let [fits, beyond] = [0, Math.min([...text].length, MAX_TEAMS_BYTES)];
  while (beyond - fits > 1) {
    const middle = Math.floor((fits + beyond) / 2);
    if (isWithin(truncateRunes(text, middle))) fits = middle;
    else beyond = middle;
  }
  return message(truncateRunes(text, fits));
}

type ChatConfig = DiscordConfig | MsteamsConfig | Msteamsv2Config;

function chatProtocol(
  { kind, sendResolved, http, url }: ChatConfig,
  { clock }: ReceiverDeps,
  message: (rendering: Rendering, chartUrl: string | undefined) => Json,
): ReceiverProtocol {
  const readUrl = secretReader(url, clock);
  return {
    kind,
    sendsResolved: sendResolved,
    http,
    timeoutMs: 0,
    requests: ({ context }, rendering, secrets) => [
      {
        body: goJsonLine(message(rendering, chartUrlOf(context))),
        url: secrets.hideUrl(readUrl(secrets)),
        contentType: 'application/json',
      },
    ],
    judge: (answer) => judgeByStatus(answer),
  };
}
