/** `webhook_configs`: Alertmanager's message of version 4, or the configuration's own. Source: Alertmanager 0.34, notify/webhook. */
import { VigieError } from '@vigie/core/errors';
import type { WebhookConfig } from '../config/receivers/webhook.ts';
import { goJsonLine } from '../templates/go-json.ts';
import { dataJson, notificationData } from '../templates/notification-data.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { judgeByStatus, type ReceiverProtocol } from './http-integration.ts';
import type { Notification } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { renderPayload } from './rendered-payload.ts';
import { expandSecret, secretReader } from './secrets.ts';

export function webhookProtocol(config: WebhookConfig, deps: ReceiverDeps): ReceiverProtocol {
  const readUrl = secretReader(config.url, deps.clock);
  return {
    kind: config.kind,
    sendsResolved: config.sendResolved,
    http: config.http,
    timeoutMs: config.timeoutMs,
    requests(notification, _all, secrets) {
      const { told, truncatedAlerts } = truncated(notification, config.maxAlerts);
      const rendering = deps.templates.render(notificationData(told, deps.externalUrl));
      const url = expandSecret(readUrl(secrets), rendering, secrets);
      if (url === '') throw new VigieError('RECEIVER_UNUSABLE', 'webhook URL is empty after templating');
      secrets.hideUrl(url);
      const { idempotencyKey } = notification;
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      return [
        { url, headers, contentType: 'application/json', body: bodyOf(config, told, truncatedAlerts, rendering) },
      ];
    },
    judge: (answer) => judgeByStatus(answer),
  };
}

function truncated(notification: Notification, maxAlerts: number) {
  const { alerts } = notification;
  if (maxAlerts === 0 || alerts.length <= maxAlerts) return { told: notification, truncatedAlerts: 0 };
  return { told: { ...notification, alerts: alerts.slice(0, maxAlerts) }, truncatedAlerts: alerts.length - maxAlerts };
}

function bodyOf(
  { payload }: WebhookConfig,
  { groupKey }: Notification,
  truncatedAlerts: number,
  { data, text }: Rendering,
): string {
  if (payload !== undefined) return goJsonLine(renderPayload(payload, text));
  return goJsonLine({ ...dataJson(data), version: '4', groupKey, truncatedAlerts });
}
