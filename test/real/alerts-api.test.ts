/** `vigie alerting` beside those who ask it, amtool, those who send to it, Prometheus, and those that its rules ask and send to. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { CONFIG } from '../../packages/alerting/test/api/world.ts';
import { serve, text } from '../../packages/collector/test/server.ts';
import { startAlerting } from './alerting-process.ts';
import { until } from './deadline.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { startAlertmanager } from './parts/alertmanager.ts';
import { installAmtool } from './parts/amtool-binary.ts';
import { startPrometheus } from './parts/prometheus.ts';
import { startRecordingServer } from './recording-server.ts';

const amtool = installAmtool();
const home = temporaryFolder('alerts-api');
afterAll(() => removeFolder(home));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(url: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(amtool, [`--alertmanager.url=${url}`, ...args], { cwd: home }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

async function bed() {
  const { url, stop } = await startAlerting({ alertmanager_config: 'am.yml' }, { 'am.yml': CONFIG });
  onTestFinished(stop);
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(url, ...args);
    expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
    return out;
  };
  const silences = async (): Promise<readonly unknown[]> => list(await answerOf(`${url}/api/v2/silences`));
  return { url, ok, silences };
}

async function answerOf(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

function list(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}

const ADD = ['silence', 'add', '--author=me', '--comment=maintenance'];

describe('amtool', () => {
  it('adds alerts, and finds them by matchers, state and receiver', async () => {
    const { ok, url } = await bed();
    await ok(
      'alert',
      'add',
      'Disk',
      'severity=page',
      '--annotation=summary=is <full>',
      '--generator-url=http://p/g?a&b',
    );
    await ok('alert', 'add', 'alertname=Net', 'team=shop', '--end=2099-01-01T00:00:00+01:00');
    expect(JSON.parse(await ok('alert', 'query', '-o', 'json', 'Disk'))).toMatchObject([
      {
        labels: { alertname: 'Disk', severity: 'page' },
        annotations: { summary: 'is <full>' },
        generatorURL: 'http://p/g?a&b',
        receivers: [{ name: 'pager' }],
        status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
    ]);
    expect(await ok('alert', 'query', 'alertname=~D.*|Net', 'team!=""')).toMatch(/^Alertname .*\nNet .* active *\n$/);
    expect(await ok('alert', 'query', '--receiver=sho.')).toMatch(/\nNet /);
    expect(await ok('alert', 'query', '--receiver=mail')).not.toMatch(/\n(?:Net|Disk) /);
    const bad = await run(url, 'alert', 'add', 'a=b', '--start=2026-01-02T00:00:00Z', '--end=2026-01-01T00:00:00Z');
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('start time must be before end time') });
  });

  it('adds, shows, updates and expires silences', async () => {
    const { ok, url } = await bed();
    await ok('alert', 'add', 'Disk');
    const id = (await ok(...ADD, '--duration=1h', '--annotation=ticket=T-1', 'Disk', 'a!~b|c')).trim();
    expect((await ok('silence', 'query', '-q')).trim()).toBe(id);
    expect(await ok('silence', 'query', '--created-by=me', 'Disk')).toContain('alertname="Disk" a!~"b|c"');
    expect(await ok('alert', 'query')).not.toContain('Disk');
    expect(await ok('alert', 'query', '--silenced')).toContain('suppressed');
    const before = Object(await answerOf(`${url}/api/v2/silence/${id}`));
    expect(before).toMatchObject({ annotations: { ticket: 'T-1' } });
    expect(await ok('silence', 'update', '--duration=2h', '--comment=longer', id)).toContain('longer');
    const after = Object(await answerOf(`${url}/api/v2/silence/${id}`));
    expect([after.comment, Date.parse(after.endsAt) - Date.parse(before.startsAt)]).toEqual(['longer', 7_200_000]);
    await ok('silence', 'expire', id);
    await until('the silence to have expired', 5000, async () =>
      (await ok('silence', 'query', '--expired', '-q')).trim() === id ? true : undefined,
    );
    expect(await ok('silence', 'query', '-q')).toBe('');
    const nobody = await run(url, 'silence', 'expire', '00000000-0000-4000-8000-00000000000f');
    expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('404') });
    const all = await run(url, ...ADD, 'a=~.*');
    expect(all).toMatchObject({ code: 1, err: expect.stringContaining('must not match the empty string') });
  });

  it('imports silences that another server had', async () => {
    const { ok } = await bed();
    for (const name of ['Disk', 'Net', 'Cpu']) await ok(...ADD, name);
    writeFileSync(join(home, 'silences.json'), await ok('silence', 'query', '-o', 'json'));
    const { ok: other, silences } = await bed();
    expect((await other('silence', 'import', 'silences.json')).trim().split('\n')).toHaveLength(3);
    const names = (await silences()).map((silence) => Object(silence).matchers[0].value);
    expect(names.sort()).toEqual(['Cpu', 'Disk', 'Net']);
    expect((await other('silence', 'import', '--force', 'silences.json')).trim().split('\n')).toHaveLength(3);
    expect(await silences()).toHaveLength(6);
  });

  it('shows the configuration and its routes, and the cluster', async () => {
    const { ok, url } = await bed();
    const config = await ok('config', 'show');
    expect(config).toContain('resolve_timeout: 5m');
    expect(config).not.toContain('hunter2');
    expect(await ok('config', 'routes', 'show')).toMatch(/└── \{team="shop"\} +receiver: shop/);
    expect((await ok('config', 'routes', 'test', 'severity=page', 'team=shop')).trim()).toBe('pager,shop');
    expect((await ok('config', 'routes', 'test', '--verify.receivers=mail', 'a=b')).trim()).toContain('mail');
    writeFileSync(join(home, 'shown.yml'), config);
    expect(await ok('check-config', 'shown.yml')).toContain('SUCCESS');
    expect(await ok('cluster', 'show')).toMatch(/Cluster Status: +ready\nNode Name: +\S/);
    const [peer = ''] = (await ok('cluster', 'show', '-o', 'extended'))
      .split('\n')
      .filter((line) => /^\S+:\d+ /.test(line));
    expect(peer.trim().split(/ +/)).toEqual([new URL(url).host, hostname()]);
  });
});

const RECEIVING = (hook: string): string => `route: { receiver: hook, group_wait: 1s, group_interval: 2s }
receivers: [{ name: hook, webhook_configs: [{ url: '${hook}/' }] }]
`;

function groupOf(...rules: readonly object[]): string {
  return JSON.stringify({ groups: [{ name: 'g', rules }] });
}

describe('Prometheus', () => {
  it('sends its alerts, and their end, which a web hook is told once each, also by a service that starts anew', async () => {
    const hook = await startRecordingServer({}, () => ({ status: 200, body: {} }));
    onTestFinished(() => hook.close());
    const vigie = await startAlerting({ alertmanager_config: 'am.yml' }, { 'am.yml': RECEIVING(hook.url) });
    onTestFinished(() => vigie.stop());
    let waning = 1;
    const { address } = await serve(text(() => `waning ${waning}\n`));
    const rule = {
      alert: 'Waning',
      expr: 'waning > 0',
      labels: { severity: 'page' },
      annotations: { summary: 'Waning <to> {{ $value }}' },
    };
    const prometheus = await startPrometheus({
      config: {
        global: { scrape_interval: '1s', evaluation_interval: '1s', external_labels: { cluster: 'c1' } },
        rule_files: ['rules.yml'],
        scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [address] }] }],
        alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(vigie.url).host] }] }] },
      },
      files: { 'rules.yml': groupOf(rule) },
    });
    onTestFinished(() => prometheus.stop());
    const first = await until('the web hook to be told', 20_000, () => hook.requests[0]);
    const labels = { alertname: 'Waning', cluster: 'c1', instance: address, job: 'shop', severity: 'page' };
    expect(first.body).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'hook',
      externalURL: vigie.url,
      alerts: [
        {
          labels,
          annotations: { summary: 'Waning <to> 1' },
          generatorURL: expect.stringMatching(/\/graph\?g0\.expr=waning/),
        },
      ],
    });
    await vigie.restart();
    waning = 0;
    const second = await until('the web hook to be told of the end', 60_000, () => hook.requests[1]);
    expect(second.body).toMatchObject({
      status: 'resolved',
      alerts: [{ labels, annotations: { vigie_resolve_reason: 'recovered' } }],
    });
    expect(await answerOf(`${vigie.url}/api/v2/alerts`)).toEqual([]);
    const { events } = Object(await answerOf(`${vigie.url}/history`));
    const kinds = list(events).map((event) => Object(event).kind);
    expect(kinds).toEqual(['sent', 'resolved', 'sent', 'grouped', 'created']);
    expect(hook.requests).toHaveLength(2);
  });
});

describe('rules of Vigie', () => {
  it('ask Prometheus, send to Alertmanager, and write ALERTS', async () => {
    const alertmanager = await startAlertmanager(RECEIVING('http://127.0.0.1:1'));
    onTestFinished(() => alertmanager.stop());
    const prometheus = await startPrometheus();
    onTestFinished(() => prometheus.stop());
    const rule = { alert: 'Lasting', expr: 'vector(7) > 1', annotations: { summary: 'is {{ $value }}' } };
    const vigie = await startAlerting(
      {
        rule_files: ['rules.yml'],
        evaluation_interval: '1s',
        external_labels: { cluster: 'c1' },
        datasources: { metrics: { url: prometheus.url } },
        remote_write: { url: `${prometheus.url}/api/v1/write` },
        alertmanagers: [alertmanager.url],
      },
      { 'rules.yml': groupOf(rule) },
    );
    onTestFinished(() => vigie.stop());
    const labels = { alertname: 'Lasting', cluster: 'c1' };
    const [alert] = await until('Alertmanager to have the alert', 30_000, async () => {
      const alerts = list(await answerOf(`${alertmanager.url}/api/v2/alerts`));
      return alerts.length > 0 ? alerts : undefined;
    });
    expect(alert).toMatchObject({
      labels,
      annotations: { summary: 'is 7' },
      generatorURL: expect.stringContaining(`${vigie.url}/graph?`),
    });
    const [series] = await until('Prometheus to have ALERTS', 30_000, async () => {
      const { data } = Object(await answerOf(`${prometheus.url}/api/v1/query?query=ALERTS`));
      const result = list(Object(data).result);
      return result.length > 0 ? result : undefined;
    });
    expect(series).toMatchObject({ metric: { __name__: 'ALERTS', alertstate: 'firing', ...labels } });
    expect(await answerOf(`${vigie.url}/api/v1/alerts`)).toMatchObject({
      data: { alerts: [{ labels: { alertname: 'Lasting' }, state: 'firing', value: '7e+00' }] },
    });
  });
});
