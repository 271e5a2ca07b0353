import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIntegrations } from '../../src/receivers/create-integrations.ts';
import { httpIntegration } from '../../src/receivers/http-integration.ts';
import type { Exchange, Integration, Notification, SendOutcome } from '../../src/receivers/integration.ts';
import type { ReceiverDeps } from '../../src/receivers/receiver-deps.ts';
import { slackProtocol } from '../../src/receivers/slack.ts';
import { notificationOf } from '../templates/notifications.ts';
import { record } from './recorder.ts';
import { never, receiverOf, testDeps } from './test-deps.ts';

function integrationOf(config: string, deps: ReceiverDeps = testDeps()): Integration {
  const [integration] = createIntegrations(receiverOf(config), deps);
  if (integration === undefined) throw new Error('no integration');
  return integration;
}

const send = (integration: Integration, data = 'firing', signal: AbortSignal = never): Promise<SendOutcome> =>
  integration.send(notificationOf(data), signal);

async function outcomeOf(
  config: (url: string) => string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = 'no',
): Promise<SendOutcome> {
  const server = await record((_request, response) => response.writeHead(status, headers).end(body));
  return send(integrationOf(config(server.url)));
}

const webhook = (url: string): string => `webhook_configs: [{ url: '${url}/in' }]`;

describe('what an answer means', () => {
  it.each([
    [200, 'sent'],
    [204, 'sent'],
    [304, 'failed'],
    [400, 'failed'],
    [403, 'failed'],
    [404, 'failed'],
    [408, 'failed'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [599, 'retry'],
  ])('%i of a web hook: %s', async (status, kind) => {
    expect((await outcomeOf(webhook, status)).kind).toBe(kind);
  });

  it('tells when to try again', async () => {
    const reason = 'unexpected status code 429: no';
    expect(await outcomeOf(webhook, 429, { 'retry-after': '7' })).toEqual({ kind: 'retry', reason, afterMs: 7000 });
    const date = new Date(testDeps().clock.nowMs() + 90_000).toUTCString();
    expect(await outcomeOf(webhook, 503, { 'retry-after': date })).toMatchObject({ kind: 'retry', afterMs: 90_000 });
    expect(await outcomeOf(webhook, 500)).toMatchObject({ kind: 'retry', afterMs: undefined });
  });

  it('is another of PagerDuty: version 1 is asked too often where it says 403, and 400 says what is wrong', async () => {
    const v2 = (url: string): string => `pagerduty_configs: [{ routing_key: k, url: '${url}' }]`;
    expect(await outcomeOf(v2, 403)).toEqual({ kind: 'failed', reason: 'unexpected status code 403' });
    const body = '{"status":"invalid event","message":"Event object is invalid","errors":["no summary","no source"]}';
    expect(await outcomeOf(v2, 400, {}, body)).toEqual({
      kind: 'failed',
      reason: 'unexpected status code 400: Event object is invalid: no summary,no source',
    });
  });

  it('is in the body of Slack', async () => {
    const slack = (url: string): string => `slack_configs: [{ api_url: '${url}/hook' }]`;
    const json = { 'content-type': 'application/json; charset=utf-8' };
    expect(await outcomeOf(slack, 200, {}, 'ok')).toEqual({ kind: 'sent' });
    expect(await outcomeOf(slack, 200, {}, 'no_text')).toEqual({
      kind: 'failed',
      reason: 'received an error response from Slack: no_text',
    });
    expect(await outcomeOf(slack, 200, json, '{"ok":true}')).toEqual({ kind: 'sent' });
    expect(await outcomeOf(slack, 200, json, '{"ok":false,"error":"channel_not_found"}')).toEqual({
      kind: 'failed',
      reason: 'error response from Slack: channel_not_found',
    });
    expect(await outcomeOf(slack, 200, json, '{')).toMatchObject({ kind: 'retry' });
  });

  it('is in the body of Telegram, with the time to wait, and never final', async () => {
    const telegram = (url: string): string => `telegram_configs: [{ bot_token: tok, chat_id: 1, api_url: '${url}' }]`;
    const tooMany = '{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":5}}';
    expect(await outcomeOf(telegram, 429, {}, tooMany)).toEqual({
      kind: 'retry',
      reason: 'telegram: Too Many Requests (429)',
      afterMs: 5000,
    });
    expect(await outcomeOf(telegram, 400, {}, '{"ok":false,"description":"chat not found"}')).toMatchObject({
      kind: 'retry',
    });
    expect(await outcomeOf(telegram, 200, {}, '{"ok":true}')).toEqual({ kind: 'sent' });
  });
});

describe('a request', () => {
  it('is posted again where it is redirected for good, and asked for where it is elsewhere', async () => {
    const to = new Map([
      ['/in', [307, '/again']],
      ['/again', [303, '/done']],
    ] as const);
    const server = await record((request, response) => {
      const [status, location] = [...to].find(([path]) => path === request.url)?.[1] ?? [200, ''];
      response.writeHead(status, location === '' ? {} : { location }).end();
    });
    expect(await send(integrationOf(webhook(server.url)))).toEqual({ kind: 'sent' });
    expect(server.requests.map(({ method, url, body }) => [method, url, body.length > 0])).toEqual([
      ['POST', '/in', true],
      ['POST', '/again', true],
      ['GET', '/done', false],
    ]);
    const still = `webhook_configs: [{ url: '${server.url}/in', http_config: { follow_redirects: false } }]`;
    expect(await send(integrationOf(still))).toMatchObject({ kind: 'failed', reason: 'unexpected status code 307' });
  });

  it('has the credentials of its URL and of its http_config, and not at another host', async () => {
    const other = await record();
    const server = await record((_request, response) => response.writeHead(307, { location: `${other.url}/x` }).end());
    const url = server.url.replace('http://', 'http://me:pass%20word@');
    expect(await send(integrationOf(`webhook_configs: [{ url: '${url}/in' }]`))).toEqual({ kind: 'sent' });
    const config = `webhook_configs: [{ url: '${server.url}/in', http_config: { authorization: { credentials: c } } }]`;
    expect(await send(integrationOf(config))).toEqual({ kind: 'sent' });
    const basic = `Basic ${Buffer.from('me:pass word').toString('base64')}`;
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([basic, 'Bearer c']);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(server.requests[0]?.headers['user-agent']).toBe('vigie/1.2.3');
  });

  it('ends after the time that the configuration gives', async () => {
    let arrived = (): void => undefined;
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const server = await record(() => arrived());
    const clock = new FakeClock(0);
    const sending = send(
      integrationOf(`webhook_configs: [{ url: '${server.url}', timeout: 1500ms }]`, testDeps(clock)),
    );
    await isThere;
    await clock.advance(1500);
    expect(await sending).toEqual({
      kind: 'retry',
      reason: 'configured webhook timeout reached (1.5s)',
      afterMs: undefined,
    });
  });

  it('ends with the signal', async () => {
    let arrived = (): void => undefined;
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const server = await record(() => arrived());
    const ending = new AbortController();
    const sending = send(integrationOf(webhook(server.url)), 'firing', ending.signal);
    await isThere;
    ending.abort(new Error('the flush is over'));
    expect(await sending).toEqual({ kind: 'retry', reason: 'the flush is over', afterMs: undefined });
  });

  it('is tried again where nobody listens, without saying what is secret', async () => {
    const outcome = await send(
      integrationOf(`webhook_configs: [{ url: 'http://u:hush@127.0.0.1:1/secret/path?t=tok' }]`),
    );
    expect(outcome).toEqual({ kind: 'retry', reason: 'connect ECONNREFUSED 127.0.0.1:1', afterMs: undefined });
  });

  it('leaves secrets out of what a server says', async () => {
    const echo = await record((request, response) => response.writeHead(400).end(`bad ${request.url} ${request.body}`));
    const integration = integrationOf(
      `discord_configs: [{ webhook_url: '${echo.url}/api/webhooks/1/s3cret', message: m }]`,
    );
    const outcome = await send(integration);
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(outcome.kind === 'failed' ? outcome.reason : '').toMatch(/^unexpected status code 400: bad <secret> \{/);
  });

  it.each([
    ['webhook', (url: string) => `webhook_configs: [{ url: '${url}/SuperSecret9/in' }]`],
    ['slack', (url: string) => `slack_configs: [{ app_token: SuperSecret9, app_url: '${url}/api', channel: c }]`],
    ['pagerduty', (url: string) => `pagerduty_configs: [{ routing_key: SuperSecret9, url: '${url}/v2' }]`],
    ['opsgenie', (url: string) => `opsgenie_configs: [{ api_key: SuperSecret9, api_url: '${url}/' }]`],
    ['telegram', (url: string) => `telegram_configs: [{ bot_token: 'SuperSecret9', chat_id: 1, api_url: '${url}' }]`],
    ['discord', (url: string) => `discord_configs: [{ webhook_url: '${url}/api/SuperSecret9?x=SuperSecret9' }]`],
    ['msteams', (url: string) => `msteams_configs: [{ webhook_url: '${url}/api/SuperSecret9' }]`],
    ['msteamsv2', (url: string) => `msteamsv2_configs: [{ webhook_url: '${url}/api/SuperSecret9' }]`],
    [
      'http_config',
      (url: string) =>
        `webhook_configs: [{ url: '${url}/in', http_config: { basic_auth: { username: u, password: SuperSecret9 }, http_headers: { X-Key: { secrets: [SuperSecret9] } } } }]`,
    ],
    ['a URL', (url: string) => `webhook_configs: [{ url: '${url.replace('//', '//u:SuperSecret9@')}/in' }]`],
  ])('shows no secret of %s that a server quotes', async (_kind, config) => {
    const echo = await record(({ url, headers, body }, response) => {
      const said = `${url} ${headers.authorization ?? ''} ${headers['x-key'] ?? ''} ${body.slice(0, 100)}`;
      response.writeHead(500).end(said);
    });
    const outcome = await send(integrationOf(config(echo.url)));
    expect(echo.requests).toHaveLength(1);
    expect(outcome.kind).toBe('retry');
    expect(JSON.stringify(outcome)).not.toContain('SuperSecret9');
    expect(JSON.stringify(outcome)).not.toContain(Buffer.from('u:SuperSecret9').toString('base64'));
  });

  it('tells of no resolved alerts where they are not wanted, and of nothing where no others are left', async () => {
    const server = await record();
    const config = `webhook_configs: [{ url: '${server.url}', send_resolved: false }]`;
    expect(await send(integrationOf(config), 'mixed')).toEqual({ kind: 'sent' });
    expect(await send(integrationOf(config), 'resolved')).toEqual({ kind: 'sent' });
    expect(server.requests).toHaveLength(1);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      status: 'firing',
      alerts: [{ status: 'firing' }],
    });
  });
});

describe('a message to Teams', () => {
  it.each(['msteams', 'msteamsv2'])('of %s is cut where it would be refused for its length', async (kind) => {
    const server = await record();
    const text = `'{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}'`;
    const integration = integrationOf(`${kind}_configs: [{ webhook_url: '${server.url}', text: ${text} }]`);
    const firing = notificationOf('firing');
    const [alert] = firing.alerts;
    // Each of the characters takes six bytes of JSON.
    const annotations = LabelSet.of({ summary: '<'.repeat(50_000) });
    expect(await integration.send({ ...firing, alerts: [{ ...alert!, annotations }] }, never)).toEqual({
      kind: 'sent',
    });
    const body = server.requests[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(28_000);
    expect(Buffer.byteLength(body)).toBeGreaterThan(27_980);
    expect(body).toMatch(/\\u003c…"/);
  });
});

it('cuts the description of an alert of Opsgenie, which refuses longer ones', async () => {
  const server = await record();
  const description = `'{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}'`;
  const integration = integrationOf(
    `opsgenie_configs: [{ api_key: k, api_url: '${server.url}/', description: ${description}, update_alerts: true }]`,
  );
  const firing = notificationOf('firing');
  const [alert] = firing.alerts;
  const annotations = LabelSet.of({ summary: 'é'.repeat(20_000) });
  expect(await integration.send({ ...firing, alerts: [{ ...alert!, annotations }] }, never)).toEqual({ kind: 'sent' });
  const sent = server.requests.map(({ body }): { readonly description?: string } => JSON.parse(body));
  const cut = `${'é'.repeat(14_999)}…`;
  expect(sent.map(({ description }) => description)).toEqual([cut, undefined, cut]);
});

describe('integrations', () => {
  it('are named by their receiver, kind and place', () => {
    const config = `webhook_configs: [{ url: 'http://a' }, { url: 'http://b' }]\n    slack_configs: [{ api_url: 'http://c' }]`;
    const integrations = createIntegrations(receiverOf(config), testDeps());
    expect(integrations.map(({ id, kind, sendsResolved }) => [id, kind, sendsResolved])).toEqual([
      ['a/webhook/0', 'webhook', true],
      ['a/webhook/1', 'webhook', true],
      ['a/slack/0', 'slack', false],
    ]);
  });

  it('read secrets of files when they send, and try again where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigie-secrets-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const server = await record();
    const integration = integrationOf(`webhook_configs: [{ url_file: '${folder}/url' }]`);
    expect(await send(integration)).toMatchObject({ kind: 'retry', reason: expect.stringContaining('cannot read') });
    await writeFile(join(folder, 'url'), `${server.url}/{{ .Status }}\n`);
    expect(await send(integration)).toEqual({ kind: 'sent' });
    expect(server.requests[0]?.url).toBe('/firing');
  });

  it('fail for good where a template does, and do not quote that of a secret', async () => {
    const failing = integrationOf(`discord_configs: [{ webhook_url: 'http://127.0.0.1:1/', title: '{{ .Nope }}' }]`);
    expect(await send(failing)).toEqual({
      kind: 'failed',
      reason: `template: :1:3: executing "" at <.Nope>: can't evaluate field Nope in type *template.Data`,
    });
    const secret = integrationOf(`pagerduty_configs: [{ routing_key: 'hush{{ .Nope }}' }]`);
    expect(await send(secret)).toEqual({ kind: 'failed', reason: 'the template of a secret cannot be expanded' });
  });

  it('update a message of Slack that they have sent, and begin another where that is gone', async () => {
    let answer = '{"ok":true,"channel":"C1","ts":"1.2"}';
    const server = await record((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
    );
    const deps = testDeps();
    const [config] = receiverOf(
      `slack_configs: [{ api_url: 'https://slack.com/api/chat.postMessage', channel: '#x', update_message: true }]`,
    ).integrations;
    if (config?.kind !== 'slack') throw new Error('no slack');
    const own = { ...config, url: { value: `${server.url}/post` } };
    const integration = httpIntegration('a/slack/0', slackProtocol(own, deps, `${server.url}/update`), deps);
    const kept = { channelId: 'C1', threadTs: '1.2' };
    const sendAgain = (more: Partial<Notification> = {}) =>
      integration.send({ ...notificationOf('firing'), kept, ...more }, never);
    expect(await send(integration)).toEqual({ kind: 'sent', kept });
    expect(await sendAgain()).toEqual({ kind: 'sent', kept });
    // A digest is of other groups, too: it takes the place of no message.
    expect(await sendAgain({ groupKeys: ['{}:{a="b"}', '{}:{}'] })).toEqual({ kind: 'sent' });
    answer = '{"ok":false,"error":"message_not_found"}';
    expect(await sendAgain()).toMatchObject({ kind: 'retry', reason: expect.stringContaining('message_not_found') });
    answer = '{"ok":true,"channel":"C1","ts":"3.4"}';
    expect(await sendAgain()).toEqual({ kind: 'sent', kept: { channelId: 'C1', threadTs: '3.4' } });
    expect(server.requests.map(({ url, body }) => [url, JSON.parse(body).channel, JSON.parse(body).ts])).toEqual([
      ['/post', '#x', undefined],
      ['/update', 'C1', '1.2'],
      ['/post', '#x', undefined],
      ['/update', 'C1', '1.2'],
      ['/post', '#x', undefined],
    ]);
  });
});

describe('what goes over the wire', () => {
  const told = async (config: string): Promise<readonly Exchange[]> => {
    const exchanges: Exchange[] = [];
    await integrationOf(config).send(notificationOf('firing'), never, (one) => exchanges.push(one));
    return exchanges;
  };

  it('is told of with the status of the answer, request by request', async () => {
    const server = await record((request, response) =>
      response.writeHead(request.url.includes('description') ? 503 : 202).end(),
    );
    const exchanges = await told(
      `opsgenie_configs: [{ api_key: k, api_url: '${server.url}/', description: d, update_alerts: true }]`,
    );
    expect(exchanges.map(({ status }) => status)).toEqual([202, 202, 503]);
    expect(exchanges.map(({ body }) => body)).toEqual(server.requests.map(({ body }) => body));
  });

  it('has no status where no answer came, and is nothing where nothing could be sent', async () => {
    const [unanswered] = await told(`webhook_configs: [{ url: 'http://127.0.0.1:1/' }]`);
    expect(unanswered).toMatchObject({ status: undefined, body: expect.stringContaining('"version":"4"') });
    expect(await told(`webhook_configs: [{ url: '{{ .Status }}' }]`)).toEqual([]);
  });
});
