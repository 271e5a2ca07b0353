/** What nobody should send, and some do: it is refused or bounded, and the engine goes on with what is good. */
import { createLog } from '@vigie/core/log';
import { type FastifyInstance, fastify } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alertmanagerApi } from '../src/api/plugin.ts';
import { AlertsApiCounts } from '../src/api/telemetry.ts';
import { parseAlertmanagerConfig } from '../src/config/load-config.ts';
import { engineWorld } from '../src/engine-world.ts';
import { createIntegrations } from '../src/receivers/create-integrations.ts';
import type { Notification } from '../src/receivers/integration.ts';
import { NotificationTemplates } from '../src/templates/notification-templates.ts';
import { posted } from './alerts/alerts.ts';
import { Lab, MINUTE } from './lab.ts';
import { testDeps } from './receivers/test-deps.ts';

const CONFIG =
  "receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]\nroute: { receiver: a, group_wait: 1m }\n";

/** An engine behind its API. */
async function bed(alerts = 1000): Promise<{ readonly lab: Lab; readonly send: Send }> {
  const lab = await new Lab(CONFIG, { engine: { limits: { alerts, alertSize: 64 * 1024 } } }).start();
  const app: FastifyInstance = fastify({ logger: false });
  onTestFinished(() => app.close());
  const config = parseAlertmanagerConfig(CONFIG, 'alertmanager.yml');
  const world = engineWorld(lab.engine, {
    clock: lab.clock,
    startedAtMs: 0,
    alertmanager: () => ({ file: 'alertmanager.yml', text: CONFIG, config }),
    self: () => ({ name: 'a', address: 'a:9093' }),
    peers: () => [{ name: 'a', address: 'a:9093' }],
    routeLabelsOf: ({ route }) => route.options.labels,
  });
  const deps = {
    version: '1.2.3',
    clock: lab.clock,
    log: createLog('error'),
    counts: new AlertsApiCounts(() => undefined),
  };
  await app.register(alertmanagerApi(world, deps));
  const send: Send = async (path, body) => {
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const headers = { 'content-type': 'application/json' };
    const { statusCode, body: answer } = await app.inject({ method: 'POST', url: `/api/v2/${path}`, headers, payload });
    return { status: statusCode, answer };
  };
  return { lab, send };
}

type Send = (path: string, body: unknown) => Promise<{ readonly status: number; readonly answer: string }>;

const firing = (labels: Readonly<Record<string, string>>) => ({ labels, endsAt: '2030-01-01T00:00:00Z' });

const HUGE: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a value', { alertname: 'Huge', text: 'x'.repeat(2 ** 20) }],
  ['a name', { alertname: 'Huge', ['n'.repeat(2 ** 20)]: 'x' }],
  ['many labels', Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`label_${index}`, 'a value']))],
];

describe('labels of a megabyte', () => {
  it.each(HUGE)('are refused with 413: %s, and what came with them is taken', async (_what, labels) => {
    const { lab, send } = await bed();
    const { status, answer } = await send('alerts', [firing(labels), firing({ alertname: 'Small' })]);
    expect(status).toBe(413);
    expect(answer).toContain('one may have 65536 characters (limits.alert_size)');
    expect(answer.length).toBeLessThan(500);
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification Small']);
    expect(lab.engine.state.alerts.refused.too_large).toBe(1);
  });
});

describe('a hundred thousand alerts with a new label each', () => {
  it('are taken up to the limit; beyond, those that are known go on', async () => {
    const lab = await new Lab(CONFIG, { engine: { limits: { alerts: 100_000, alertSize: 1000 } } }).start();
    const nowMs = lab.clock.nowMs();
    const times = { startsAtMs: nowMs, endsAtMs: nowMs + 1000 * MINUTE, updatedAtMs: nowMs };
    const alerts = Array.from({ length: 100_000 }, (_, index) =>
      posted({ alertname: 'Storm', [`label_${index}`]: 'x' }, times),
    );
    await lab.engine.post(alerts);
    await expect(lab.post({ alertname: 'One', more: 'x' })).rejects.toMatchObject({ code: 'ALERTS_TOO_MANY' });
    await lab.engine.post(alerts.slice(0, 10));
    await lab.after(MINUTE);
    expect(lab.arrived.map((notification) => notification.alerts.length)).toEqual([100_000]);
    expect(lab.engine.groups).toHaveLength(1);
    expect(lab.engine.state.alerts.refused.too_many).toBe(1);
  }, 240_000);

  it('are no more in one request', async () => {
    const { send } = await bed();
    const { status, answer } = await send('alerts', `[${'{},'.repeat(100_000)}{}]`);
    expect([status, answer]).toEqual([400, '"at most 100000 alerts in a request, got 100001"\n']);
  });
});

describe('bytes that are no UTF-8', () => {
  it('are U+FFFD, from the request to the receiver, and over a restart', async () => {
    const { lab, send } = await bed();
    const [before = '', after = ''] = JSON.stringify([firing({ alertname: 'Torn', name: '*' })]).split('*');
    const body = Buffer.concat([Buffer.from(before), Buffer.of(0xc3, 0x28, 0xff), Buffer.from(after)]);
    expect((await send('alerts', body)).status).toBe(200);
    await lab.crash();
    await lab.after(MINUTE);
    expect(lab.arrived[0]?.alerts[0]?.labels.toJSON()).toEqual({ alertname: 'Torn', name: '\ufffd(\ufffd' });
  });
});

describe('regular expressions that others take for ever with', () => {
  const silence = (value: string) => ({
    matchers: [{ name: 'text', value, isRegex: true }],
    startsAt: '2020-01-01T00:00:00Z',
    endsAt: '2030-01-01T00:00:00Z',
    createdBy: 'me',
    comment: 'x',
  });

  it.each(['(a+)+b', '(a|aa)+b', '(.*)*b', '((a?){30})*b'])('silence in linear time: %s', async (value) => {
    const { lab, send } = await bed();
    expect((await send('silences', silence(value))).status).toBe(200);
    for (let index = 0; index < 20; index++) await lab.post({ alertname: 'A', text: `${'a'.repeat(2000)}${index}!` });
    expect(await lab.after(MINUTE)).toHaveLength(1);
  });

  it.each([
    ['repeats', '(a{1000}){1000}'],
    ['nesting', `${'('.repeat(2000)}a${')'.repeat(2000)}`],
    ['lookahead', '(?=a)b'],
    ['backreferences', '(a)\\1'],
  ])('are refused where they are none of RE2: %s', async (_what, value) => {
    const { lab, send } = await bed();
    const { status, answer } = await send('silences', silence(value));
    expect(status).toBe(400);
    expect(answer).toMatch(/invalid regular expression/);
    await lab.post({ alertname: 'A' });
    expect(await lab.after(MINUTE)).toHaveLength(1);
  });
});

describe('templates without an end', () => {
  const told: Notification = {
    receiver: 'a',
    groupKey: '{}:{}',
    groupLabels: posted({ alertname: 'A' }).labels,
    routeLabels: {},
    reason: 'first notification',
    alerts: Array.from({ length: 200 }, (_, index) => posted({ alertname: 'A', n: String(index) })),
    timeMs: 0,
  };
  const nested = (depth: number, inner: string): string =>
    `${'{{ range $.Alerts }}'.repeat(depth)}${inner}${'{{ end }}'.repeat(depth)}`;
  const doubling = Array.from(
    { length: 40 },
    (_, index) => `{{ define "d${index + 1}" }}{{ template "d${index}" . }}{{ template "d${index}" . }}{{ end }}`,
  ).join('');

  it.each([
    ['that call themselves', '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}', /template depth/],
    ['that double', `{{ define "d0" }}x{{ end }}${doubling}{{ template "d40" . }}`, /exceeded \d+ steps/],
    ['of loops in loops', nested(4, ''), /exceeded \d+ steps/],
    ['that grow', nested(3, 'x'.repeat(200)), /exceeded \d+ (steps|bytes)/],
  ])(
    'fail alone: %s',
    async (_what, text, reason) => {
      const config = parseAlertmanagerConfig(
        JSON.stringify({
          route: { receiver: 'a' },
          receivers: [{ name: 'a', slack_configs: [{ api_url: 'http://localhost/', channel: 'c', text }] }],
        }),
        'alertmanager.yml',
      );
      const [receiver] = config.receivers;
      if (receiver === undefined) throw new Error('there is no receiver');
      const deps = { ...testDeps(), templates: new NotificationTemplates(() => 0) };
      const [integration] = createIntegrations(receiver, deps);
      const { signal } = new AbortController();
      expect(await integration?.send(told, signal)).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) });
      // The templates are as they were for the others.
      const other = deps.templates.render({
        ...{ receiver: 'a', status: 'firing', alerts: [], notificationReason: '', groupLabels: new Map() },
        ...{ commonLabels: new Map(), commonAnnotations: new Map(), routeLabels: new Map(), externalUrl: '' },
      });
      expect(other.text('{{ .Status }}')).toBe('firing');
    },
    60_000,
  );
});
