/** Receivers that are shown context, over real connections: where charts and log lines stand in what is sent. */

import { describe, expect, it } from 'vitest';
import { createIntegrations } from '../../src/receivers/create-integrations.ts';
import type { Notification } from '../../src/receivers/integration.ts';
import { CONTEXT_TEMPLATES } from '../../src/templates/context-template.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { chartOf } from '../context/chart/charts.ts';
import { notificationOf } from '../templates/notifications.ts';
import { record } from './recorder.ts';
import { never, receiverOf, testDeps } from './test-deps.ts';

const CHART = 'https://alerts.example/charts/1.png';

function notificationWith(lines: string): Notification {
  const firing = notificationOf('firing');
  const own = new Map([
    ['vigie_log_lines', lines],
    ['vigie_chart_url', CHART],
  ]);
  const annotations = new Map(firing.alerts.map(({ fingerprint }) => [fingerprint, own] as const));
  return { ...firing, context: { annotations, charts: new Map([[CHART, chartOf()]]) } };
}

/** @returns what was posted, as parsed */
async function sent(
  config: (url: string) => string,
  notification = notificationWith('10:00:00 boom'),
): Promise<unknown> {
  const server = await record((_request, response) =>
    response.end(config('').includes('telegram') ? '{"ok":true}' : 'ok'),
  );
  const deps = { ...testDeps(), templates: new NotificationTemplates(() => 0, CONTEXT_TEMPLATES) };
  const [integration] = createIntegrations(receiverOf(config(server.url)), deps);
  expect(await integration?.send(notification, never)).toEqual({ kind: 'sent' });
  return JSON.parse(server.requests[0]?.body ?? '');
}

describe('context in what a receiver is sent', () => {
  it('is among the annotations of a web hook, and is not common to all', async () => {
    expect(await sent((url) => `webhook_configs: [{ url: '${url}/' }]`)).toMatchObject({
      alerts: [
        { annotations: { vigie_log_lines: '10:00:00 boom', vigie_chart_url: CHART, summary: expect.any(String) } },
      ],
      commonAnnotations: { summary: expect.any(String), runbook_url: expect.any(String) },
    });
    const body = await sent((url) => `webhook_configs: [{ url: '${url}/' }]`);
    expect(Object.keys(Object(Object(body).commonAnnotations))).toEqual(['runbook_url', 'summary']);
  });

  it('is the picture and the text of Slack, whose own picture goes before it', async () => {
    const text = expect.stringContaining('```10:00:00 boom```');
    expect(await sent((url) => `slack_configs: [{ api_url: '${url}/' }]`)).toMatchObject({
      attachments: [{ image_url: CHART, text }],
    });
    const own = await sent((url) => `slack_configs: [{ api_url: '${url}/', image_url: 'https://x.example/i.png' }]`);
    expect(own).toMatchObject({ attachments: [{ image_url: 'https://x.example/i.png' }] });
  });

  it('is an image of PagerDuty, and in the details', async () => {
    expect(await sent((url) => `pagerduty_configs: [{ routing_key: k, url: '${url}/' }]`)).toMatchObject({
      images: [{ src: CHART, alt: 'chart', href: CHART }],
      payload: { custom_details: { firing: [{ annotations: { vigie_log_lines: '10:00:00 boom' } }] } },
    });
  });

  it('is a picture of Discord and of Teams', async () => {
    expect(await sent((url) => `discord_configs: [{ webhook_url: '${url}/' }]`)).toMatchObject({
      embeds: [{ image: { url: CHART }, description: expect.stringContaining('10:00:00 boom') }],
    });
    const body = [expect.anything(), expect.anything(), { type: 'Image', url: CHART, altText: 'chart' }];
    expect(await sent((url) => `msteamsv2_configs: [{ webhook_url: '${url}/' }]`)).toMatchObject({
      attachments: [{ content: { body } }],
    });
  });

  it('is left out of a message of Telegram that would be too long with it', async () => {
    const config = (url: string): string => `telegram_configs: [{ api_url: '${url}', bot_token: t, chat_id: 1 }]`;
    expect(await sent(config)).toMatchObject({ text: expect.stringContaining('10:00:00 boom') });
    const long = await sent(config, notificationWith('x'.repeat(5000)));
    expect(long).toMatchObject({ text: expect.stringContaining('HighLatency') });
    expect(JSON.stringify(long)).not.toContain('xxx');
  });
});
