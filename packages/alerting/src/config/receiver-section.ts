/** `receivers`: who is told, and how. Source: Alertmanager, config/config.go, Receiver, and config/receiver/receiver.go. */
import { refused, section } from '@vigie/core/config/fields';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText, textMap } from '@vigie/core/config/written-fields';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import { checkTemplates } from './receiver-templates.ts';
import {
  type DiscordConfig,
  discordSection,
  type MsteamsConfig,
  type Msteamsv2Config,
  msteamsSection,
  msteamsv2Section,
  readDiscord,
  readMsteams,
  readMsteamsv2,
} from './receivers/chat-webhooks.ts';
import { type EmailConfig, emailSection, readEmail } from './receivers/email.ts';
import { type OpsgenieConfig, opsgenieSection, readOpsgenie } from './receivers/opsgenie.ts';
import { type PagerdutyConfig, pagerdutySection, readPagerduty } from './receivers/pagerduty.ts';
import { type PushoverConfig, pushoverSection, readPushover } from './receivers/pushover.ts';
import type { ReceiverContext } from './receivers/receiver-context.ts';
import { readSlack, type SlackConfig, slackSection } from './receivers/slack.ts';
import { readTelegram, type TelegramConfig, telegramSection } from './receivers/telegram.ts';
import { readWebhook, type WebhookConfig, webhookSection } from './receivers/webhook.ts';

const SENT = 'webhook, email, pagerduty, opsgenie, slack, pushover, telegram, discord, msteams or msteamsv2';
const unsent = refused(`a receiver that Vigie sends to: ${SENT}`);

const integrations = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(v.array(v.nullable(schema)), []);

export const receiverSection = section({
  name: optionalText,
  labels: textMap,
  webhook_configs: integrations(webhookSection),
  email_configs: integrations(emailSection),
  pagerduty_configs: integrations(pagerdutySection),
  opsgenie_configs: integrations(opsgenieSection),
  slack_configs: integrations(slackSection),
  pushover_configs: integrations(pushoverSection),
  telegram_configs: integrations(telegramSection),
  discord_configs: integrations(discordSection),
  msteams_configs: integrations(msteamsSection),
  msteamsv2_configs: integrations(msteamsv2Section),
  incidentio_configs: unsent,
  jira_configs: unsent,
  mattermost_configs: unsent,
  rocketchat_configs: unsent,
  sns_configs: unsent,
  victorops_configs: unsent,
  webex_configs: unsent,
  wechat_configs: unsent,
});

export type IntegrationConfig =
  | WebhookConfig
  | EmailConfig
  | PagerdutyConfig
  | OpsgenieConfig
  | SlackConfig
  | PushoverConfig
  | TelegramConfig
  | DiscordConfig
  | MsteamsConfig
  | Msteamsv2Config;

export interface ReceiverConfig {
  readonly name: string;
  /** To find it by; `name` among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** In the order in which Alertmanager has them, by which its notification log names them: `shop/webhook/0`. */
  readonly integrations: readonly IntegrationConfig[];
}

type WrittenReceiver = v.InferOutput<typeof receiverSection>;

export function readReceiver(written: WrittenReceiver, path: ConfigPath, context: ReceiverContext): ReceiverConfig {
  const { name, labels } = written;
  if (name === '') context.findings.refuse(path, 'a name', 'missing name in receiver');
  const { name: label = name } = labels;
  if (label !== name) {
    const message = `receiver label "name" must match receiver name ${quoteGo(name)}, got ${quoteGo(label)}`;
    context.findings.refuse([...path, 'labels', 'name'], "the receiver's name, or no such label", message);
  }
  const all = <Written, Config>(
    key: string,
    configs: readonly (Written | null)[],
    read: (written: Written, path: ConfigPath, context: ReceiverContext) => Config,
  ): readonly Config[] =>
    configs.flatMap((config, index) => {
      const at = [...path, key, index];
      if (config !== null) {
        checkTemplates(config, at, context.findings);
        return read(config, at, context);
      }
      context.findings.refuse(at, 'a mapping', `missing ${key.replace('_configs', '')} config`);
      return [];
    });
  return {
    name,
    labels: { ...labels, name },
    integrations: [
      ...all('webhook_configs', written.webhook_configs, readWebhook),
      ...all('email_configs', written.email_configs, readEmail),
      ...all('pagerduty_configs', written.pagerduty_configs, readPagerduty),
      ...all('opsgenie_configs', written.opsgenie_configs, readOpsgenie),
      ...all('slack_configs', written.slack_configs, readSlack),
      ...all('pushover_configs', written.pushover_configs, readPushover),
      ...all('telegram_configs', written.telegram_configs, readTelegram),
      ...all('discord_configs', written.discord_configs, readDiscord),
      ...all('msteams_configs', written.msteams_configs, readMsteams),
      ...all('msteamsv2_configs', written.msteamsv2_configs, readMsteamsv2),
    ],
  };
}
