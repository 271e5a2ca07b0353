/** Rules over servers of the test: one that answers queries, Alertmanagers, a receiver of remote write. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { FakeClock } from '@vigie/core/fake-clock';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESTORE } from '@vigie/rules/rule-runner';
import { WriteRequestReader } from '@vigie/wire/remote-write/write-request-reader';
import { decompress } from '@vigie/wire/snappy';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertingConfig, Endpoint } from '../../src/config/alerting-config.ts';
import { AlertingRules, type AlertingRulesDeps, loadAlertingRules } from '../../src/rules/alerting-rules.ts';
import { folderWith } from '../folder.ts';

interface Request {
  readonly path: string;
  readonly body: Buffer;
  readonly tenant: unknown;
}

/** A server that keeps what it is sent. */
class Inbox {
  readonly requests: Request[] = [];
  readonly url: URL;
  arrive: () => void = () => undefined;

  private constructor(url: URL) {
    this.url = url;
  }

  static async open(answer: (request: Request) => { readonly status: number; readonly text: string }): Promise<Inbox> {
    let inbox: Inbox | undefined;
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const request = {
          path: incoming.url ?? '',
          body: Buffer.concat(chunks),
          tenant: incoming.headers['x-scope-orgid'],
        };
        const { status, text } = answer(request);
        outgoing.writeHead(status).end(text);
        inbox?.requests.push(request);
        inbox?.arrive();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    inbox = new Inbox(new URL(`http://127.0.0.1:${port}/x`));
    return inbox;
  }

  /** The first request for which `found` says something. */
  async first<T>(found: (request: Request) => T | undefined): Promise<T> {
    for (;;) {
      for (const request of this.requests) {
        const value = found(request);
        if (value !== undefined) return value;
      }
      await new Promise<void>((resolve) => {
        this.arrive = resolve;
      });
    }
  }
}

const ok = () => ({ status: 200, text: '' });
const endpoint = (url: URL): Endpoint => ({ url, timeoutMs: 5000, http: DEFAULT_HTTP_CLIENT });

/** Answers every query with one series, `up{job="web"} 0`. */
const metrics = () =>
  Inbox.open(({ body }) => {
    const time = Number(new URLSearchParams(body.toString()).get('time'));
    const result = [{ metric: { __name__: 'up', job: 'web' }, value: [time, '0'] }];
    return { status: 200, text: JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }) };
  });

const RULES = `groups:
  - name: g
    interval: 100ms
    rules:
      - record: job:up
        expr: up
      - alert: Down
        expr: up == 0
        labels: { severity: page }
        annotations: { summary: '{{ $labels.job }} is down' }
`;

async function groupsOf(recordingRules: boolean): Promise<readonly RuleGroup[]> {
  const folder = await folderWith({ 'rules.yml': RULES });
  return loadAlertingRules({
    ruleFiles: [`${folder}/*.yml`],
    logRuleFiles: [],
    logs: undefined,
    evaluationIntervalMs: 60_000,
    recordingRules,
  });
}

async function rules(
  servers: Pick<AlertingConfig, 'remoteWrite' | 'alertmanagers'>,
  notify: (alerts: readonly AlertNotification[]) => void = () => undefined,
  others: Partial<AlertingRulesDeps> & {
    readonly watch?: Readonly<Record<string, string>>;
    readonly queryOffsetMs?: number;
    readonly graphUrl?: string;
  } = {},
) {
  const datasource = await metrics();
  const config = {
    metrics: endpoint(datasource.url),
    externalLabels: LabelSet.of({ cluster: 'prod', severity: 'none' }),
    externalUrl: 'http://alerts.example',
    evaluationIntervalMs: 60_000,
    queryOffsetMs: others.queryOffsetMs ?? 0,
    rules: { policy: DEFAULT_POLICY, resendDelayMs: 60_000, restore: DEFAULT_RESTORE, watch: others.watch },
    graphUrl: others.graphUrl ?? '',
    engine: { resolveReason: true },
    ...servers,
  } as unknown as AlertingConfig;
  const deps = {
    clock: systemClock,
    random: Math.random,
    log: createLog('error'),
    openClient: ({ http }: Pick<Endpoint, 'http'>) =>
      new HttpClient(http, { clock: systemClock, env: {}, userAgent: 'vigie/test' }),
    userAgent: 'vigie/test',
    source: undefined,
    store: { records: () => [], keep: async () => undefined },
    logs: undefined,
    notify,
    ...others,
  };
  const all = new AlertingRules(config, deps);
  onTestFinished(() => all.close({ graceMs: 1000 }));
  return { all, config, datasource };
}

describe('rules of the alerting service', () => {
  it('hand their alerts on, with the external labels that they lack', async () => {
    let arrived: (alerts: readonly AlertNotification[]) => void = () => undefined;
    const first = new Promise<readonly AlertNotification[]>((resolve) => {
      arrived = resolve;
    });
    const { all, config, datasource } = await rules({ remoteWrite: undefined, alertmanagers: [] }, (alerts) =>
      arrived(alerts),
    );
    await all.apply(await groupsOf(false), config);
    all.start();
    const [alert] = await first;
    expect(alert?.labels.toJSON()).toEqual({ alertname: 'Down', cluster: 'prod', job: 'web', severity: 'page' });
    expect(alert?.annotations.toJSON()).toEqual({ summary: 'web is down' });
    expect(alert?.generatorUrl).toBe('http://alerts.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1');
    expect(datasource.requests[0]?.path).toBe('/x/api/v1/query');
    expect(all.groups.flatMap((group) => group.rules.map(({ rule }) => rule.name))).toEqual(['Down']);
  });

  it('link to whoever shows expressions, where that is another server', async () => {
    let arrived: (alerts: readonly AlertNotification[]) => void = () => undefined;
    const first = new Promise<readonly AlertNotification[]>((resolve) => {
      arrived = resolve;
    });
    const { all, config } = await rules({ remoteWrite: undefined, alertmanagers: [] }, (alerts) => arrived(alerts), {
      graphUrl: 'https://prometheus.example/x',
    });
    await all.apply(await groupsOf(false), config);
    all.start();
    const [alert] = await first;
    expect(alert?.generatorUrl).toBe('https://prometheus.example/x/graph?g0.expr=up+%3D%3D+0&g0.tab=1');
  });

  it("ask with vmalert's params and headers of their group", async () => {
    const { all, config, datasource } = await rules({ remoteWrite: undefined, alertmanagers: [] });
    const folder = await folderWith({
      'rules.yml': RULES.replace(
        '    rules:',
        "    params: { extra_label: ['env=dev'] }\n    headers: ['X-Scope-OrgID: shop']\n    rules:",
      ),
    });
    const asWritten = { ...config, ruleFiles: [`${folder}/*.yml`], logRuleFiles: [], recordingRules: false };
    await all.apply(await loadAlertingRules(asWritten), config);
    all.start();
    const asked = await datasource.first(({ body, tenant }) => ({
      form: new URLSearchParams(body.toString()),
      tenant,
    }));
    expect(asked.form.get('extra_label')).toBe('env=dev');
    expect(asked.form.get('query')).toBe('up == 0');
    expect(asked.tenant).toBe('shop');
  });

  it('send their alerts to each of several Alertmanagers', async () => {
    const [one, other] = [await Inbox.open(ok), await Inbox.open(() => ({ status: 500, text: 'no' }))];
    const alertmanagers = [one.url, other.url].map(endpoint);
    const { all, config } = await rules({ remoteWrite: undefined, alertmanagers });
    await all.apply(await groupsOf(false), config);
    all.start();
    const isAlerts = ({ path, body }: Request) =>
      path === '/x/api/v2/alerts' ? (JSON.parse(body.toString()) as unknown) : undefined;
    const sent = await one.first(isAlerts);
    expect(sent).toMatchObject([
      { labels: { alertname: 'Down', cluster: 'prod' }, annotations: { summary: 'web is down' } },
    ]);
    await other.first(isAlerts);
    await all.close({ graceMs: 1000 });
    const counts = [...all.queues.values()].map((queue) => queue.counts);
    expect(counts[0]).toMatchObject({ refused: 0, overflowed: 0 });
    expect(counts[1]).toMatchObject({ sent: 0, overflowed: 0 });
  });

  it('send them to several Alertmanagers behind one port, each with its own credentials', async () => {
    const inbox = await Inbox.open(ok);
    const asTenant = (name: string): Endpoint => ({
      ...endpoint(inbox.url),
      http: { ...DEFAULT_HTTP_CLIENT, headers: { 'X-Scope-OrgID': { values: [name], secrets: [] } } },
    });
    const alertmanagers = [asTenant('a'), asTenant('b'), endpoint(new URL('/y/', inbox.url))];
    const { all, config } = await rules({ remoteWrite: undefined, alertmanagers });
    await all.apply(await groupsOf(false), config);
    all.start();
    const sentTo = ({ path, tenant }: Request): string => `${path} ${String(tenant ?? 'nobody')}`;
    for (const expected of ['/x/api/v2/alerts a', '/x/api/v2/alerts b', '/y/api/v2/alerts nobody'])
      await inbox.first((request) => (sentTo(request) === expected ? true : undefined));
    const { host } = inbox.url;
    expect([...all.queues.keys()]).toEqual([`${host}/x`, `${host}/x #2`, `${host}/y`]);
  });

  it('look back as far as rule_query_offset says, unless their group does', async () => {
    const { all, config, datasource } = await rules({ remoteWrite: undefined, alertmanagers: [] }, undefined, {
      queryOffsetMs: 60_000,
    });
    const folder = await folderWith({
      'rules.yml': RULES,
      'own.yml': RULES.replace('interval: 100ms', 'interval: 100ms\n    query_offset: 1h').replace('up == 0', 'up < 1'),
    });
    const asWritten = { ...config, ruleFiles: [`${folder}/*.yml`], logRuleFiles: [], recordingRules: false };
    await all.apply(await loadAlertingRules(asWritten), config);
    all.start();
    const agoOf = (query: string): Promise<number> =>
      datasource.first(({ body }) => {
        const form = new URLSearchParams(body.toString());
        return form.get('query') === query ? Date.now() - Number(form.get('time')) * 1000 : undefined;
      });
    expect(Math.abs((await agoOf('up == 0')) - 60_000)).toBeLessThan(30_000);
    expect(Math.abs((await agoOf('up < 1')) - 3_600_000)).toBeLessThan(30_000);
  });

  it('write ALERTS and what they record', async () => {
    const inbox = await Inbox.open(ok);
    const { all, config } = await rules({ remoteWrite: endpoint(inbox.url), alertmanagers: [] });
    await all.apply(await groupsOf(true), config);
    all.start();
    const written = new Map<string, number>();
    await inbox.first(({ body }) => {
      const labels: string[] = [];
      const reader = new WriteRequestReader((series) => labels.push(series.join(' ')) - 1);
      const { count, refs, values } = reader.read(decompress(body, 1e6), '1.0');
      for (let row = 0; row < count; row++) written.set(labels[refs[row] ?? 0] ?? '', values[row] ?? 0);
      return [...written.keys()].some((name) => name.includes('ALERTS_FOR_STATE')) ? true : undefined;
    });
    const since = [...written].find(([name]) => name.includes('ALERTS_FOR_STATE'));
    expect([...written].filter(([name]) => name !== since?.[0])).toEqual([
      ['__name__ job:up cluster prod job web severity none', 0],
      ['__name__ ALERTS alertname Down alertstate firing cluster prod job web severity page', 1],
    ]);
    expect(Math.abs((since?.[1] ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('tell that they are not looked after where this replica evaluates them, and leave the others to others', async () => {
    const MINUTE = 60_000;
    const clock = new FakeClock(Date.UTC(2026, 10, 30));
    const owned = new Set(['here', 'moves']);
    const told: string[] = [];
    const { all, config } = await rules(
      { remoteWrite: undefined, alertmanagers: [] },
      (alerts) => {
        for (const { labels, isResolved } of alerts) {
          const [, group] = (labels.get('rule_group') ?? '').split(';');
          told.push(`${group} ${labels.get('alertname')} ${labels.get('severity')} ${isResolved ? 'over' : 'on'}`);
        }
      },
      {
        clock,
        watch: { severity: 'ticket' },
        owns: (group) => owned.has(group.split(';').at(-1) ?? ''),
        source: {
          query: async () => {
            throw new Error('the store is away');
          },
          append: undefined,
          restoreFrom: new MemoryStorage(),
        },
      },
    );
    const group = (name: string): string =>
      `  - { name: ${name}, interval: 15s, rules: [{ alert: A, expr: up == 0 }] }\n`;
    const folder = await folderWith({ 'rules.yml': `groups:\n${['here', 'moves', 'there'].map(group).join('')}` });
    const asWritten = { ...config, ruleFiles: [`${folder}/*.yml`], logRuleFiles: [], recordingRules: false };
    await all.apply(await loadAlertingRules(asWritten), config);
    all.start();
    await clock.advance(6 * MINUTE);
    const failed = (name: string, how: string): string => `${name} VigieRuleEvaluationFailed ticket ${how}`;
    expect(told.splice(0).toSorted()).toEqual([failed('here', 'on'), failed('moves', 'on')]);
    owned.delete('moves');
    owned.add('there');
    await clock.advance(4 * MINUTE);
    // What is known of it here is of before: another replica tells whether it still fails.
    const later = told.splice(0);
    expect(later.filter((one) => one.startsWith('moves'))[0]).toBe(failed('moves', 'over'));
    expect(later).not.toContain(failed('moves', 'on'));
    expect(later).not.toContain(failed('there', 'on'));
    await clock.advance(3 * MINUTE);
    expect(told).toContain(failed('there', 'on'));
  });
});
