/** What receivers are sent is, byte for byte, what Alertmanager 0.34 sends: testdata/alertmanager has its requests. */
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { IntegrationConfig } from '../../src/config/receiver-section.ts';
import { createIntegrations } from '../../src/receivers/create-integrations.ts';
import { httpIntegration } from '../../src/receivers/http-integration.ts';
import type { Integration, SendOutcome } from '../../src/receivers/integration.ts';
import { pagerdutyProtocol } from '../../src/receivers/pagerduty.ts';
import { pushoverProtocol } from '../../src/receivers/pushover.ts';
import { CASES, notificationOf, readTestdata } from '../templates/notifications.ts';
import { type Recorded, record } from './recorder.ts';
import { never, receiverOf, testDeps } from './test-deps.ts';

const rowSchema = v.object({
  receiver: v.string(),
  requests: v.array(
    v.object({
      method: v.string(),
      url: v.string(),
      contentType: v.string(),
      authorization: v.optional(v.string()),
      body: v.string(),
    }),
  ),
});

const rows = new Map(
  readTestdata('requests.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => v.parse(rowSchema, JSON.parse(line)))
    .map(({ receiver, requests }) => [receiver, requests] as const),
);

/** Everything of http goes through a proxy, which is the server of this test. */
function through(url: string, config: IntegrationConfig): IntegrationConfig {
  if (config.kind === 'email') return config;
  const http: HttpClientConfig = { ...config.http, proxy: { url, noProxy: '', fromEnvironment: false } };
  // Who is told of resolved alerts is decided before.
  return { ...config, http, sendResolved: true };
}

/** Those whose URL is fixed have it without TLS here. */
function integrationOf(config: IntegrationConfig): Integration | undefined {
  const deps = testDeps();
  if (config.kind === 'pushover') {
    return httpIntegration('a', pushoverProtocol(config, deps, 'http://api.pushover.net/1/messages.json'), deps);
  }
  if (config.kind === 'pagerduty') {
    const v1 = 'http://events.pagerduty.com/generic/2010-04-15/create_event.json';
    return httpIntegration('a', pagerdutyProtocol(config, deps, v1), deps);
  }
  return createIntegrations({ name: 'a', labels: {}, integrations: [config] }, deps)[0];
}

function answerTo({ url }: Recorded): string {
  if (url.includes('slack')) return 'ok';
  return url.includes('telegram') ? '{"ok":true,"result":{"message_id":1,"chat":{"id":1}}}' : '';
}

describe('receivers', () => {
  it('cover every case', () => {
    expect([...rows.keys()]).toEqual(CASES.receivers.map(({ name }) => name));
  });

  it.each(CASES.receivers)('$name', async ({ name, data, global, config }) => {
    const server = await record((request, response) => response.end(answerTo(request)));
    const notification = notificationOf(data);
    const [read] = receiverOf(config, global, notification.receiver).integrations;
    const outcome: SendOutcome | undefined = await integrationOf(through(server.url, read!))?.send(
      { ...notification, timeMs: Date.parse('2024-06-01T00:00:00Z') },
      never,
    );
    const expected = rows.get(name) ?? [];
    const error = expected.find(({ method }) => method === 'error');
    if (error === undefined) expect(outcome).toEqual({ kind: 'sent' });
    else expect(outcome).toMatchObject({ kind: 'failed' });
    const sent = server.requests.map(({ method, url, headers, body }) => ({
      method,
      url,
      contentType: headers['content-type'],
      ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
      body,
    }));
    const plain = expected
      .filter(({ method }) => method !== 'error')
      .map((request) => ({
        ...request,
        url: request.url.replace(/^https:/, 'http:'),
      }));
    expect(sent).toEqual(plain);
  });
});
