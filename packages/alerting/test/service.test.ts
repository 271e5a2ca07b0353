/** The service on a real disk, asked by HTTP, with a web hook that is a real server. */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { parseTime } from '@vigie/promql/api/time';
import { describe, expect, it, vi } from 'vitest';
import { loadAlertingConfig } from '../src/config/alerting-config-file.ts';
import { prepareIntegrations } from '../src/receivers/prepare-integrations.ts';
import { AlertingService, type AlertingSettings } from '../src/service.ts';
import { folderWith } from './folder.ts';
import { MINUTE, SECOND } from './lab.ts';
import { type Recorder, record } from './receivers/recorder.ts';
import { served } from './served.ts';

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

async function settingsIn(folder: string, config: string, clock: FakeClock, more = ''): Promise<AlertingSettings> {
  await writeFile(join(folder, 'alertmanager.yml'), config);
  const limits = 'limits: { alerts: 5, alert_size: 1000B }';
  await writeFile(
    join(folder, 'alerting.yaml'),
    `data_dir: data\nalertmanager_config: alertmanager.yml\n${limits}\n${more}`,
  );
  const { config: read } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
  const prepared = await prepareIntegrations(
    read.alertmanager?.config,
    {
      clock,
      random: () => 0.5,
      env: {},
      userAgent: 'vigie/1.2.3',
      externalUrl: 'http://alerts.example',
      hostname: 'host.example',
    },
    read.receivers,
  );
  return { config: read, groups: [], ...prepared };
}

interface Bed {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly hook: Recorder;
  /** Of alerting.yaml. */
  readonly more?: string;
}

async function started({ folder, clock, hook, more }: Bed) {
  const service = new AlertingService(
    await settingsIn(folder, alertmanager(hook.url), clock, more),
    { prefix: '', self: () => ({ name: 'me', address: '127.0.0.1:9093' }) },
    { clock, random: () => 0.5, log: createLog('error', { write: () => {} }), env: {}, version: '1.2.3' },
  );
  await service.start();
  const url = await served(service);
  const ask = async (path: string, init?: RequestInit): Promise<{ status: number; json: unknown }> => {
    const answer = await fetch(url + path, init);
    const text = await answer.text();
    return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) };
  };
  const send = (path: string, body: unknown) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { service, ask, send };
}

/** Sockets and disks take real time, which is no event to a test: it looks until its own time is over. The clock stands still, but for `stepMs`. */
function settled<T>(clock: FakeClock, assertion: () => Promise<T> | T, stepMs = 0): Promise<T> {
  const look = async (): Promise<T> => {
    // What is due by now may have come to wait only now.
    await clock.advance(stepMs);
    return assertion();
  };
  return vi.waitFor(look, { timeout: 50_000, interval: 5 });
}

async function bed(change: Partial<Bed> = {}) {
  const clock = new FakeClock(START);
  const made: Bed = { folder: await folderWith(), clock, hook: await record(), ...change };
  const told = () => made.hook.requests.map(({ body }): unknown => JSON.parse(body));
  const running = await started(made);
  /** Lets time pass, and waits until what is sent and written by then has come to it, however long that takes. */
  const after = async <T>(ms: number, assertion: () => Promise<T> | T): Promise<T> => {
    await clock.advance(ms);
    return settled(clock, assertion);
  };
  /** So many messages have arrived, and are on record as told. */
  const arrived =
    (count: number, service = running.service) =>
    async () => {
      expect(told()).toHaveLength(count);
      expect((await service.expose()).body).toContain('vigie_outbox_open_claims 0\n');
    };
  return { ...made, ...running, after, arrived, told };
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
    const { send, after, arrived, told, hook, clock, ask } = await bed();
    expect((await send('/api/v2/alerts', [DISK])).status).toBe(200);
    await clock.advance(10 * SECOND - 1);
    expect(told()).toEqual([]);
    await after(1, arrived(1));
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
    expect(hook.requests[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{64}-\d{13}-[0-9a-f]{16}$/);
    expect(hook.requests[0]?.body).toBe(`${JSON.stringify(message)}\n`);
    const endsAt = new Date(clock.nowMs()).toISOString();
    await send('/api/v2/alerts', [{ ...DISK, endsAt }]);
    await after(MINUTE, arrived(2));
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
        {
          ...{ kind: 'sent', receiver: 'shop', integration: 'shop/webhook/0', firing: [alert.fingerprint], attempt: 1 },
          ...{
            status: 200,
            bodySha256: createHash('sha256')
              .update(hook.requests[0]?.body ?? '')
              .digest('hex'),
          },
        },
        { kind: 'grouped', labels: alert.labels, receiver: 'shop', groupKey: '{}:{alertname="Disk"}' },
        { kind: 'created', labels: alert.labels, annotations: alert.annotations, time: '2026-11-29T10:00:00.000Z' },
      ],
    });
    const { json: exported } = await ask('/history?format=alertmanager-v2&limit=1');
    expect(exported).toMatchObject({
      instance: 'me',
      data: {
        notification: { resolvedAlerts: [{ name: 'Disk', annotations: { summary: 'is full' }, resolved: true }] },
      },
    });
  });

  it('shows groups with the labels of their route as notifications have them', async () => {
    const { service, send, ask, folder, clock, hook } = await bed();
    const tiers = `{ tier: '{{ .CommonLabels.severity }} of {{ routeLabels "area" }}', area: one }`;
    const config = alertmanager(hook.url).replace('{ tier: one }', tiers);
    await service.apply(await settingsIn(folder, config, clock));
    await send('/api/v2/alerts', [DISK]);
    const { json } = await ask('/api/v2/alerts/groups');
    expect(json).toMatchObject([{ routeLabels: { area: 'one', tier: 'page of one' } }]);
  });

  it('tells nothing while a silence holds, and says so', async () => {
    const { send, after, arrived, told, ask, clock } = await bed();
    const { json: silence } = await send('/api/v2/silences', silenceOf('Disk'));
    const silenceID: unknown = Object(silence).silenceID;
    await send('/api/v2/alerts', [DISK]);
    expect((await ask('/api/v2/alerts')).json).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [silenceID], inhibitedBy: [], mutedBy: [] } },
    ]);
    const muted = await after(10 * SECOND, async () => {
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
    await after(MINUTE, arrived(1));
  });

  it('has after a restart what it said was taken, and does not tell it again', async () => {
    const one = await bed();
    await one.send('/api/v2/silences', silenceOf('Net'));
    await one.send('/api/v2/alerts', [DISK]);
    await one.after(10 * SECOND, one.arrived(1));
    await one.service.close({ graceMs: 1000 });
    const two = await started(one);
    expect((await two.ask('/api/v2/alerts')).json).toMatchObject([{ labels: DISK.labels }]);
    expect((await two.ask('/api/v2/silences')).json).toMatchObject([{ comment: 'maintenance' }]);
    expect((await two.ask('/history')).json).toMatchObject({
      events: [
        { kind: 'sent' },
        { kind: 'grouped' },
        { kind: 'created' },
        { kind: 'silenced', by: 'me', cause: 'maintenance' },
      ],
    });
    await two.send('/api/v2/alerts', [{ labels: { alertname: 'Other' } }]);
    await one.after(10 * SECOND, one.arrived(2, two.service));
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
    const hasEvent = (event: Readonly<Record<string, unknown>>) => async () => {
      const { json } = await ask('/history?kind=failed&kind=resolved');
      expect(json).toMatchObject({ events: expect.arrayContaining([expect.objectContaining(event)]) });
    };
    await clock.advance(10 * SECOND);
    await settled(clock, hasEvent({ kind: 'failed', attempt: 1, problem: expect.stringContaining('500') }));
    for (let passed = 0; passed < 6; passed++) await clock.advance(MINUTE);
    await settled(clock, hasEvent({ kind: 'resolved', time: '2026-11-29T10:05:00.000Z' }));
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
      'vigie_alert_history_left_out_events_total 0',
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

  it('shows the last log lines, links and a chart, asked of real servers, and serves the chart', async () => {
    const metrics = await record(({ body }, response) => {
      const form = new URLSearchParams(body);
      const values = [form.get('start'), form.get('end')].map((time, index) => [Number(time), String(index * 3)]);
      const result = [{ metric: { pod: 'web-1' }, values }];
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
    const logs = await record(({ body }, response) => {
      const endNs = new URLSearchParams(body).get('end') ?? '';
      const values = [[String(BigInt(endNs) - 1n), 'web-1 lost me@example.com']];
      const result = [{ stream: { namespace: 'shop', pod: 'web-1' }, values }];
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'streams', result } }));
    });
    const more = `datasources: { metrics: { url: '${metrics.url}' }, logs: { type: loki, url: '${logs.url}' } }
external_url: http://alerts.example
receivers: { shop: { context: { links: { silence: '', dashboard: 'http://g.example/{{ .Labels.pod }}' } } } }
`;
    const { send, after, arrived, told, service } = await bed({ more });
    const labels = { alertname: 'Slow', namespace: 'shop', pod: 'web-1' };
    await send('/api/v2/alerts', [{ labels, generatorURL: 'http://p.example/graph?g0.expr=latency+%3E+2&g0.tab=1' }]);
    await after(10 * SECOND, arrived(1));
    const [{ alerts } = { alerts: [] }] = told().map((message) => Object(message));
    const { vigie_chart_url: url, ...annotations } = Object(alerts[0]).annotations;
    expect(annotations).toEqual({
      vigie_dashboard_url: 'http://g.example/web-1',
      vigie_log_lines: expect.stringMatching(/^10:00:\d\d web-1 lost \[email\]$/),
    });
    expect(url).toMatch(/^http:\/\/alerts\.example\/charts\/[0-9a-f]{32}\.png$/);
    const form = new URLSearchParams(metrics.requests[0]?.body);
    expect(form.get('query')).toBe('latency');
    const span = [form.get('end'), form.get('start')].map((time) => parseTime(time ?? '') ?? 0);
    expect((span[0] ?? 0) - (span[1] ?? 0)).toBe(60 * MINUTE);
    const file = String(url).split('/').at(-1) ?? '';
    const chart = service.chart(file);
    expect(chart.headers).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': "default-src 'none'",
    });
    expect(Buffer.from(Object(chart.body)).toString('latin1', 1, 4)).toBe('PNG');
    expect(String(service.chart(file.replace('.png', '.svg')).body)).toContain('&gt; 2</text>');
    expect(service.chart('0.png').status).toBe(404);
    const { body } = await service.expose();
    for (const line of [
      'vigie_notification_context_total{part="log_lines",result="lines"} 1',
      'vigie_notification_context_total{part="chart",result="drawn"} 1',
      'vigie_charts 1',
    ])
      expect(body).toContain(line);
  });

  it('keeps who is on it over a restart, and explains it', async () => {
    const one = await bed();
    await one.send('/api/v2/alerts', [DISK]);
    await one.after(10 * SECOND, one.arrived(1));
    const { json } = await one.send('/escalation/ack', { filter: ['alertname=Disk'], createdBy: 'ann' });
    expect(json).toMatchObject({ acknowledged: [{ receiver: 'shop', acknowledgement: { createdBy: 'ann' } }] });
    await one.service.close({ graceMs: 1000 });
    const two = await started(one);
    const explained = await two.ask('/explain?label=alertname%3DDisk&label=severity%3Dpage');
    expect(explained.json).toMatchObject({
      notifications: [
        {
          nextFlush: '2026-11-29T10:01:10.000Z',
          nextRepeat: '2026-11-29T14:01:10.000Z',
          page: { acknowledgement: { createdBy: 'ann' } },
        },
      ],
    });
    expect((await two.ask('/history?kind=acknowledged')).json).toMatchObject({
      events: [{ kind: 'acknowledged', by: 'ann', groupKey: '{}:{alertname="Disk"}' }],
    });
    expect((await two.service.expose()).body).toContain('vigie_pages{state="acknowledged"} 1');
  });

  it('tells a dead man that alerts get through, as long as they do', async () => {
    const dead = await record();
    const more = `heartbeats: [{ url: '${dead.url}/ping', interval: 10s, stuck_after: 1m }]\n`;
    let status = 500;
    const hook = await record((_request, response) => response.writeHead(status).end());
    const { send, after, clock, service } = await bed({ more, hook });
    const heard = (beats: number) => () => expect(dead.requests).toHaveLength(beats);
    await after(0, heard(1));
    await after(10 * SECOND, heard(2));
    expect(dead.requests[0]).toMatchObject({ method: 'POST', url: '/ping' });
    expect(JSON.parse(dead.requests[0]?.body ?? '')).toMatchObject({ status: 'ok', time: expect.any(String) });
    await send('/api/v2/alerts', [{ ...DISK, endsAt: new Date(START + 600 * MINUTE).toISOString() }]);
    // It is on its way from group_wait on, which is over at 0:20.
    for (let beats = 3; beats <= 9; beats++) await after(10 * SECOND, heard(beats));
    for (let passed = 0; passed < 6; passed++) await clock.advance(10 * SECOND);
    expect((await service.expose()).body).toContain('vigie_heartbeats_total{result="deliveries_stuck"} 6\n');
    expect(dead.requests).toHaveLength(9);
    status = 200;
    await settled(clock, () => expect(dead.requests.length).toBeGreaterThan(9), SECOND);
  });

  it('raises an alert where a heartbeat is missing, also over a restart, and ends it with the next', async () => {
    const more = 'heartbeats_in: [{ name: backup, every: 10m, grace: 1m, labels: { severity: page } }]\n';
    const one = await bed({ more });
    expect(await one.ask('/heartbeats/backup')).toEqual({ status: 200, json: { status: 'ok' } });
    expect((await one.send('/heartbeats/other', {})).status).toBe(404);
    await one.after(12 * MINUTE, one.arrived(1));
    expect(one.told()[0]).toMatchObject({
      status: 'firing',
      commonLabels: { alertname: 'HeartbeatMissing', heartbeat: 'backup', severity: 'page' },
      commonAnnotations: { summary: 'heartbeat backup has not been heard for 11m' },
    });
    await one.service.close({ graceMs: 1000 });
    const two = await started({ ...one, more });
    expect((await two.ask('/heartbeats')).json).toEqual({ heartbeats: [{ name: 'backup', isMissing: true }] });
    // It goes on firing, for longer than its alert lasts by itself.
    for (let passed = 0; passed < 10; passed++) await one.clock.advance(MINUTE);
    expect(one.told()).toHaveLength(1);
    expect((await two.service.expose()).body).toContain('vigie_expected_heartbeat_missing{heartbeat="backup"} 1');
    await two.send('/heartbeats/backup', { anything: 1 });
    await one.after(MINUTE, one.arrived(2, two.service));
    expect(one.told()[1]).toMatchObject({ status: 'resolved' });
    expect((await two.ask('/heartbeats')).json).toEqual({ heartbeats: [{ name: 'backup', isMissing: false }] });
  });

  it('names what of another configuration waits for the next start, as long as it does', async () => {
    const { service, folder, clock, hook } = await bed();
    const config = alertmanager(hook.url);
    const more =
      'rules: { for_outage_tolerance: 2h, resend_delay: 2m }\nremote_write: { url: "http://localhost:1/" }\n';
    await service.apply(await settingsIn(folder, config, clock, more));
    expect(service.nextStart).toEqual(['remote_write', 'rules.for_outage_tolerance']);
    await service.apply(await settingsIn(folder, config, clock));
    expect(service.nextStart).toEqual([]);
  });

  it('takes up another configuration and its templates, and keeps the old one where that is bad', async () => {
    const { service, folder, clock, hook, ask, send, after } = await bed();
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
    await after(SECOND, () => expect(other.requests).toMatchObject([{ body: '{"text":"new"}\n' }]));
    expect(hook.requests).toEqual([]);
  });
});
