/** The integrations of a receiver, as its configuration lists them. */
import { assertNever } from '@vigie/core/errors';
import type { IntegrationConfig, ReceiverConfig } from '../config/receiver-section.ts';
import { discordProtocol, msteamsProtocol, msteamsv2Protocol } from './chat-webhooks.ts';
import { emailIntegration } from './email.ts';
import { httpIntegration } from './http-integration.ts';
import type { Integration } from './integration.ts';
import { opsgenieProtocol } from './opsgenie.ts';
import { pagerdutyProtocol } from './pagerduty.ts';
import { pushoverProtocol } from './pushover.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { slackProtocol } from './slack.ts';
import { telegramProtocol } from './telegram.ts';
import { webhookProtocol } from './webhook.ts';

/** @returns in the order of the configuration. Their connections close by themselves when they idle. */
export function createIntegrations(receiver: ReceiverConfig, deps: ReceiverDeps): readonly Integration[] {
  return integrationsOf(receiver, (id, config) => createIntegration(id, config, deps));
}

/** @param create of each, with its id: `shop/webhook/0`, numbered by kind */
export function integrationsOf(
  { name, integrations }: ReceiverConfig,
  create: (id: string, config: IntegrationConfig) => Integration,
): readonly Integration[] {
  const counts = new Map<string, number>();
  return integrations.map((config) => {
    const index = counts.get(config.kind) ?? 0;
    counts.set(config.kind, index + 1);
    return create(`${name}/${config.kind}/${index}`, config);
  });
}

function createIntegration(id: string, config: IntegrationConfig, deps: ReceiverDeps): Integration {
  switch (config.kind) {
    case 'email':
      return emailIntegration(id, config, deps);
    case 'webhook':
      return httpIntegration(id, webhookProtocol(config, deps), deps);
    case 'pagerduty':
      return httpIntegration(id, pagerdutyProtocol(config, deps), deps);
    case 'opsgenie':
      return httpIntegration(id, opsgenieProtocol(config, deps), deps);
    case 'slack':
      return httpIntegration(id, slackProtocol(config, deps), deps);
    case 'pushover':
      return httpIntegration(id, pushoverProtocol(config, deps), deps);
    case 'telegram':
      return httpIntegration(id, telegramProtocol(config, deps), deps);
    case 'discord':
      return httpIntegration(id, discordProtocol(config, deps), deps);
    case 'msteams':
      return httpIntegration(id, msteamsProtocol(config, deps), deps);
    case 'msteamsv2':
      return httpIntegration(id, msteamsv2Protocol(config, deps), deps);
    default:
      return assertNever(config);
  }
}
