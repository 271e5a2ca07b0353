/** The service on a real disk, asked by HTTP, with a web hook that is a real server. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadAlertingConfig } from '../src/config/alerting-config-file.ts';
import { prepareIntegrations } from '../src/receivers/prepare-integrations.ts';
import { AlertingService, type AlertingSettings } from '../src/service.ts';
import { folderWith } from './folder.ts';
import { MINUTE, SECOND } from './lab.ts';
import { type Recorder, record } from './receivers/recorder.ts';

const START = Date.parse('2026-11-29T10:00:00Z');

const alertmanager = (url: string, wait = '10s'): string => `route:
  receiver: shop
  group_by: [alertname]
  group_wait: ${wait}
  group_interval: 1m
  labels: { tier: one }
receivers: [{ name: shop, webhook_configs: [{ url: '${url}/hook' }] }]
inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"] }]
`;

async function settingsIn(folder: string, config: string, clock: FakeClock): Promise<AlertingSettings> {
  await writeFile(join(folder, 'alertmanager.yml'), config);
  const limits = 'limits: { alerts: 5, alert_size: 1000B }';
  await writeFile(join(folder, 'alerting.yaml'), `data_dir: data\nalertmanager_config: alertmanager.yml\n${limits}\n`);
  const { config: read } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
  const integrationsOf = await prepareIntegrations(read.alertmanager?.config, {
    clock,
    random: () => 0.5,
    env: {},
    userAgent: 'vigie/1.2.3',
    externalUrl: 'http://alerts.example',
    hostname: 'host.example',
  });
  return { config: read, groups: [], integrationsOf };
}

interface Bed {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly hook: Recorder;
}

async function started({ folder, clock, hook }: Bed) {
  const service = new AlertingService(
    await settingsIn(folder, alertmanager(hook.url), clock),
    { prefix: '', self: () => ({ name: 'me', address: '127.0.0.1:9093' }) },
    { clock, random: () => 0.5, log: createLog('error', { write: () => {} }), env: {}, version: '1.2.3' },
  );
  await service.start();
  const server = createServer((incoming, outgoing) => service.serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await service.close({ graceMs: 0 });
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const ask = async (path: string, init?: RequestInit): Promise<{ status: number; json: unknown }> => {
    const answer = await fetch(url + path, init);
    const text = await answer.text();
    return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) };
  };
  const send = (path: string, body: unknown) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { service, ask, send };
}

async function bed() {
  const clock = new FakeClock(START);
  const made: Bed = { folder: await folderWith(), clock, hook: await record() };
  /** Lets seconds pass until it is so: what is sent and written meanwhile takes real time. */
  const until = <T>(assertion: () => Promise<T> | T): Promise<T> =>
    vi.waitFor(
      async () => {
        await clock.advance(SECOND);
        return assertion();
      },
      { timeout: 5000, interval: 5 },
    );
  const told = () => made.hook.requests.map(({ body }): unknown => JSON.parse(body));
  return { ...made, ...(await started(made)), until, told };
}

const DISK = { labels: { alertname: 'Disk', severity: 'page' }, annotations: { summary: 'is full' } };

const silenceOf = (alertname: string) => ({
  matchers: [{ name: 'alertname', value: alertname, isRegex: false }],
  startsAt: new Date(START).toISOString(),
  endsAt: new Date(START + 60 * MINUTE).toISOString(),
  createdBy: 'me',
  comment: 'maintenance',
});

describe('the alerting service', () => {
  it('tells a web hook in version 4 of what fires, within group_wait, and of its end', async () => {
    const { send, until, told, hook, clock, ask } = await bed();
    expect((await send('/api/v2/alerts', [DISK])).status).toBe(200);
    await until(() => expect(told()).toHaveLength(1));
    expect(clock.nowMs()).toBeLessThan(START + 30 * SECOND);
    const alert = {
      status: 'firing',
      labels: { alertname: 'Disk', severity: 'page' },
      annotations: { summary: 'is full' },
      startsAt: '2026-11-29T10:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: '04d3456c0f54b63f',
    };
    const message = {
      receiver: 'shop',
      status: 'firing',
      alerts: [alert],
      notification_reason: 'first notification',
      groupLabels: { alertname: 'Disk' },
      commonLabels: { alertname: 'Disk', severity: 'page' },
      commonAnnotations: { summary: 'is full' },
      routeLabels: { tier: 'one' },
      externalURL: 'http://alerts.example',
      version: '4',
      groupKey: '{}:{alertname="Disk"}',
      truncatedAlerts: 0,
    };
    expect(hook.requests[0]).toMatchObject({ method: 'POST', url: '/hook' });
    expect(hook.requests[0]?.body).toBe(`${JSON.stringify(message)}\n`);
    const endsAt = new Date(clock.nowMs()).toISOString();
    await send('/api/v2/alerts', [{ ...DISK, endsAt }]);
    await until(() => expect(told()).toHaveLength(2));
    expect(told()[1]).toMatchObject({
      status: 'resolved',
      notification_reason: 'all alerts resolved',
      alerts: [{ status: 'resolved', annotations: { summary: 'is full', vigie_resolve_reason: 'recovered' } }],
    });
    const { json } = await ask('/history');
    expect(json).toMatchObject({
      events: [
        { kind: 'sent', reason: 'all alerts resolved', firing: [], resolved: [alert.fingerprint], attempt: 1 },
        { kind: 'resolved', fingerprint: alert.fingerprint, time: endsAt },
        { kind: 'sent', receiver: 'shop', integration: 'shop/webhook/0', firing: [alert.fingerprint], attempt: 1 },
        { kind: 'created', labels: alert.labels, annotations: alert.annotations, time: '2026-11-29T10:00:00.000Z' },
      ],
    });
  });

  it('tells nothing while a silence holds, and says so', async () => {
    const { send, until, told, ask, clock } = await bed();
    const { json: silence } = await send('/api/v2/silences', silenceOf('Disk'));
    const silenceID: unknown = Object(silence).silenceID;
    await send('/api/v2/alerts', [DISK]);
    expect((await ask('/api/v2/alerts')).json).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [silenceID], inhibitedBy: [], mutedBy: [] } },
    ]);
    const muted = await until(async () => {
      const { json } = await ask('/history?kind=muted');
      expect(json).toMatchObject({ events: [{ receiver: 'shop', by: 'silence', cause: silenceID }] });
      return json;
    });
    expect((await ask('/explain?label=alertname%3DDisk')).json).toMatchObject({
      told: [],
      silences: [{ id: silenceID }],
    });
    // Once, and not at each flush.
    for (let passed = 0; passed < 3; passed++) await clock.advance(MINUTE);
    expect((await ask('/history?kind=muted')).json).toEqual(muted);
    expect(told()).toEqual([]);
    await ask(`/api/v2/silence/${String(silenceID)}`, { method: 'DELETE' });
    await until(() => expect(told()).toHaveLength(1));
  });

  it('has after a restart what it said was taken, and does not tell it again', async () => {
    const one = await bed();
    await one.send('/api/v2/silences', silenceOf('Net'));
    await one.send('/api/v2/alerts', [DISK]);
    await one.until(async () => {
      expect(one.told()).toHaveLength(1);
      expect((await one.service.expose()).body).toContain('vigie_outbox_open_claims 0\n');
    });
    await one.service.close({ graceMs: 1000 });
    const two = await started(one);
    expect((await two.ask('/api/v2/alerts')).json).toMatchObject([{ labels: DISK.labels }]);
    expect((await two.ask('/api/v2/silences')).json).toMatchObject([{ comment: 'maintenance' }]);
    expect((await two.ask('/history')).json).toMatchObject({ events: [{ kind: 'sent' }, { kind: 'created' }] });
    await two.send('/api/v2/alerts', [{ labels: { alertname: 'Other' } }]);
    await one.until(() => expect(one.told()).toHaveLength(2));
    expect(one.told()[1]).toMatchObject({ groupLabels: { alertname: 'Other' } });
  });

  it('does not start on the folder of another', async () => {
    const one = await bed();
    await expect(started(one)).rejects.toMatchObject({ code: 'FOLDER_IN_USE' });
    await one.service.close({ graceMs: 0 });
    await started(one);
  });

  it('records the end of an alert of which nobody tells any more, and attempts that fail', async () => {
    const clock = new FakeClock(START);
    const hook = await record((_request, response) => response.writeHead(500).end());
    const { send, ask } = await started({ folder: await folderWith(), clock, hook });
    await send('/api/v2/alerts', [DISK]);
    const kinds = await vi.waitFor(
      async () => {
        await clock.advance(10 * SECOND);
        const { json } = await ask('/history?kind=failed&kind=resolved');
        expect(json).toMatchObject({ events: expect.arrayContaining([expect.objectContaining({ kind: 'resolved' })]) });
        return json;
      },
      { timeout: 5000, interval: 5 },
    );
    expect(kinds).toMatchObject({
      events: expect.arrayContaining([
        expect.objectContaining({ kind: 'resolved', time: '2026-11-29T10:05:00.000Z' }),
        expect.objectContaining({ kind: 'failed', attempt: 1, problem: expect.stringContaining('500') }),
      ]),
    });
  });

  it('shows inhibition, groups and itself', async () => {
    const { send, ask, service } = await bed();
    await send('/api/v2/alerts', [{ labels: { alertname: 'Node' } }, { labels: { alertname: 'Pod' } }]);
    expect((await ask('/api/v2/alerts/groups')).json).toMatchObject([
      { labels: { alertname: 'Node' }, alerts: [{ status: { state: 'active' } }] },
      {
        labels: { alertname: 'Pod' },
        alerts: [{ status: { state: 'suppressed', inhibitedBy: [expect.any(String)] } }],
      },
    ]);
    expect((await ask('/api/v2/status')).json).toMatchObject({
      cluster: { name: 'me', peers: [{ name: 'me', address: '127.0.0.1:9093' }] },
    });
    const { body } = await service.expose();
    for (const line of [
      'vigie_alerts{state="firing"} 2',
      'vigie_alerts_received_total{status="firing"} 2',
      'vigie_dispatcher_aggregation_groups 2',
      'vigie_alerts_api_received_total{state="firing"} 2',
      'vigie_alert_history_dropped_events_total 0',
      'vigie_alerting_state_writes_total{result="success"}',
    ])
      expect(body).toContain(line);
  });

  it('refuses alerts that are too many or too large, and says how many there may be', async () => {
    const { send } = await bed();
    expect(await send('/api/v2/alerts', [{ labels: { alertname: 'x'.repeat(1000) } }])).toEqual({
      status: 413,
      json: '1 of 1 alerts are not taken: one may have 1000 characters (limits.alert_size)',
    });
    const six = Array.from({ length: 6 }, (_, index) => ({ labels: { alertname: `A${index}` } }));
    expect(await send('/api/v2/alerts', six)).toEqual({
      status: 429,
      json: '1 of 6 alerts are not taken: there may be 5 alerts at a time (limits.alerts)',
    });
  });

  it('takes up another configuration and its templates, and keeps the old one where that is bad', async () => {
    const { service, folder, clock, hook, ask, send, until } = await bed();
    const other = await record();
    const payload = `/hook', payload: { text: '{{ template "text" . }}' }`;
    const next = `${alertmanager(other.url, '1s').replace("/hook'", payload)}templates: ['*.tmpl']\n`;
    for (const text of ['old', 'new']) {
      await writeFile(join(folder, 'shop.tmpl'), `{{ define "text" }}${text}{{ end }}`);
      await service.apply(await settingsIn(folder, next, clock));
    }
    expect((await ask('/api/v2/status')).json).toMatchObject({
      config: { original: expect.stringContaining('group_wait: 1s') },
    });
    await expect(settingsIn(folder, 'route: {}', clock)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await send('/api/v2/alerts', [DISK]);
    await until(() => expect(other.requests).toMatchObject([{ body: '{"text":"new"}\n' }]));
    expect(hook.requests).toEqual([]);
  });
});
