/** Rules on logs over a real Loki and a real OpenSearch: what the agent ships, and lines that come later, is found, and a web hook is told once; a
 *  backtest finds the same. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runVigie, writeConfig } from './agent-process.ts';
import { type AlertingProcess, startAlerting } from './alerting-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { startElasticsearch } from './parts/elasticsearch.ts';
import { startLoki } from './parts/loki.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { containerIdentities, podSource, writeContainer } from './pod-logs.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { ask, type Endpoint } from './rest.ts';

const MINUTE = 60_000;

interface Line {
  readonly atMs: number;
  readonly pod: string;
  readonly message: string;
  /** Beside namespace and pod. */
  readonly fields?: Readonly<Record<string, string>>;
}

interface Store {
  /** Of alerting.yaml. */
  readonly datasource: object;
  /** Of an agent.yaml. */
  readonly sink: object;
  readonly write: (lines: readonly Line[]) => Promise<void>;
}

async function loki(): Promise<Store> {
  const server = await startLoki();
  onTestFinished(() => server.stop());
  return {
    datasource: { type: 'loki', url: server.url },
    sink: { type: 'loki', endpoints: [server.url] },
    write: async (lines) => {
      const streams = lines.map(({ atMs, pod, message, fields }) => ({
        stream: { namespace: 'shop', container: 'app' },
        values: [[`${atMs}000000`, message, { pod, ...fields }]],
      }));
      await ask({ url: server.url }, 'POST', '/loki/api/v1/push', { streams });
    },
  };
}

async function documents(server: Endpoint & { stop(): Promise<void> }, type: string): Promise<Store> {
  onTestFinished(() => server.stop());
  await putLogTemplate(server, { stream: 'logs-shop' });
  return {
    datasource: { type, url: server.url, index: 'logs-*' },
    sink: { type: 'elasticsearch', endpoints: [server.url], data_stream: 'logs-shop-default' },
    write: async (lines) => {
      const rows = lines.flatMap(({ atMs, pod, message, fields }) => [
        JSON.stringify({ create: {} }),
        JSON.stringify({
          '@timestamp': new Date(atMs).toISOString(),
          message,
          kubernetes: { namespace: 'shop', pod: { name: pod }, container: { name: 'app' } },
          ...fields,
        }),
      ]);
      await ask(server, 'POST', '/logs-shop-default/_bulk?refresh=true', `${rows.join('\n')}\n`);
    },
  };
}

const STORES: readonly (readonly [string, () => Promise<Store>])[] = [
  ['Loki', loki],
  ['OpenSearch', async () => documents(await startOpenSearch(), 'opensearch')],
  ['Elasticsearch', async () => documents(await startElasticsearch(), 'elasticsearch')],
];

const counted = { query: { namespace: 'shop', level: 'error' }, by: ['container'] };
const RULES = [
  {
    alert: 'Panic',
    pattern: { query: { namespace: 'shop', message: { contains: 'panic' } }, by: ['pod'], range: '1h' },
    annotations: { line: '{{ $line }}', summary: '{{ $value }} of {{ $labels.pod }}' },
  },
  { alert: 'Errors', rate: { ...counted, range: '10s', above: '4' }, annotations: { summary: '{{ $value }}' } },
  {
    alert: 'NewCode',
    new_term: { query: { namespace: 'shop', code: { exists: 'true' } }, field: 'code', range: '1h' },
  },
  { alert: 'Silent', absence: { query: { namespace: 'nowhere' }, range: '30s' } },
];
/** Of what can be asked, each once: nothing is found, and nothing refused. */
const FORMS = [
  { pod: { re: '^web-[0-9]+$' } },
  { pod: { contains: ['a.b', 'c*'] }, not: { container: 'app' } },
  { 'http.status': { gte: '500', lt: '600', not: { gt: '550' } } },
  { level: { not: ['debug', 'info'] }, user: { exists: 'false' }, node: ['n1', 'n2'] },
  { any: [{ a: '1' }, { all: [{ b: { exists: 'true' } }, { not: { any: [{ c: 'x' }, { d: { lte: '3' } }] } }] }] },
  { message: { contains: ['no "such"', 'thing`s'], not: { contains: 'x' } } },
].map((query, index) => ({
  alert: `Form${index}`,
  pattern: { query: { ...query, namespace: 'nobody' }, by: ['pod', 'http.status'] },
}));
const LOGQL = { alert: 'Logql', expr: 'sum by (pod) (count_over_time({namespace="shop"} |= "panic" [1h])) > 1' };

async function started(store: Store, hook: RecordingServer, rules: readonly object[]): Promise<AlertingProcess> {
  const alertmanager = {
    route: { receiver: 'hook', group_by: ['...'], group_wait: '1s', group_interval: '1h' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: `${hook.url}/`, send_resolved: false }] }],
  };
  const alerting = await startAlerting(
    {
      alertmanager_config: 'am.yml',
      log_rule_files: ['rules.yml'],
      datasources: { logs: { ...store.datasource, query_delay: '2s', max_query_delay: '2s' } },
      evaluation_interval: '1s',
    },
    { 'am.yml': JSON.stringify(alertmanager), 'rules.yml': JSON.stringify({ groups: [{ name: 'g', rules }] }) },
  );
  onTestFinished(() => alerting.stop());
  return alerting;
}

interface Told {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function toldOf({ requests }: RecordingServer, name: string): readonly Told[] {
  return requests
    .flatMap(({ body }) => Object(body).alerts as readonly Told[])
    .filter(({ labels }) => labels.alertname === name);
}

interface Tested {
  readonly alert: string;
  readonly alerts: number;
  readonly fired: number;
}

/** What the rules would have found in the last minutes. */
async function backtested({ datasource }: Store, rules: readonly object[]): Promise<readonly Tested[]> {
  const folder = temporaryFolder('log-backtest');
  const alertmanager = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] };
  writeConfig(folder, alertmanager, 'am.yml');
  const logRules = writeConfig(folder, { groups: [{ name: 'g', rules }] }, 'rules.yml');
  const config = writeConfig(
    folder,
    {
      data_dir: 'data',
      alertmanager_config: 'am.yml',
      evaluation_interval: '1s',
      datasources: { logs: { ...datasource, query_delay: '2s' } },
    },
    'alerting.yaml',
  );
  const asked = ['alert', 'backtest', '--log-rules', logRules, '--config', config, '--since', '15m', '-o', 'json'];
  const { code, stdout, stderr } = await runVigie(asked);
  expect(code, stderr).toBe(0);
  return Object(JSON.parse(stdout)).rules;
}

async function shipPanic({ sink }: Store): Promise<string> {
  const folder = temporaryFolder('log-rules');
  const root = join(folder, 'log');
  const [identity] = containerIdentities(1);
  if (identity === undefined) throw new Error('no container');
  writeContainer(root, identity, ['all is well', 'panic: for jo@example.com', 'panic: again']);
  const config = {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(root) },
    sinks: { out: { ...sink, inputs: ['pods'] } },
  };
  const run = await runVigie(['node-agent', '--config', writeConfig(folder, config), '--once']);
  expect(run.code, run.stderr).toBe(0);
  return identity.pod;
}

describe.each(STORES)('log rules over a real %s', (name, open) => {
  it('find lines of the agent, lines that come late, rates, values and silence, and tell of each once, over a restart', async () => {
    const store = await open();
    const hook = await startRecordingServer({}, () => ({ status: 200, body: {} }));
    onTestFinished(() => hook.close());
    const startMs = Date.now();
    await store.write([{ atMs: startMs - 60 * MINUTE, pod: 'old', message: 'known', fields: { code: 'E1' } }]);
    const rules = [...RULES, ...FORMS, ...(name === 'Loki' ? [LOGQL] : [])];
    const alerting = await started(store, hook, rules);
    const told = (alert: string, count: number): Promise<readonly Told[]> =>
      until(
        `${count} ${alert}`,
        60_000,
        () => {
          const all = toldOf(hook, alert);
          return all.length >= count ? all : undefined;
        },
        () => JSON.stringify(hook.requests.map(({ body }) => body)).slice(-3000),
      );
    await told('Silent', 1);

    const pod = await shipPanic(store);
    const [panic] = await told('Panic', 1);
    expect(panic?.labels).toEqual({ alertname: 'Panic', pod });
    expect(panic?.annotations).toEqual({ line: 'panic: again', summary: `2 of ${pod}` });
    if (name === 'Loki') expect((await told('Logql', 1)).map(({ labels }) => labels.pod)).toEqual([pod]);

    // Later than its time by minutes.
    await store.write([{ atMs: Date.now() - 5 * MINUTE, pod: 'late-1', message: 'panic: late of 10.1.2.3' }]);
    const late = (await told('Panic', 2)).find(({ labels }) => labels.pod === 'late-1');
    expect(late?.annotations).toEqual({ line: 'panic: late of [ipv4]', summary: '1 of late-1' });

    const error = (atMs: number, n: number): Line => ({
      atMs,
      pod: 'web-1',
      message: `error ${n}`,
      fields: { level: 'error' },
    });
    const atMs = Math.ceil(Date.now() / 10_000) * 10_000;
    await until('the edge of a step', 30_000, () => (Date.now() > atMs + 100 ? true : undefined));
    await store.write([error(atMs + 1, 1), error(atMs + 3, 2), error(atMs + 50, 3)]);
    await until('the window to be over', 60_000, () => (Date.now() > atMs + 25_000 ? true : undefined));
    expect(toldOf(hook, 'Errors')).toEqual([]);
    await store.write([error(atMs + 2, 4), error(atMs + 49, 5)]);
    const [errors] = await told('Errors', 1);
    expect(errors).toMatchObject({ labels: { container: 'app' }, annotations: { summary: '5' } });

    const code = (value: string): Line => ({
      atMs: Date.now(),
      pod: 'web-1',
      message: 'code',
      fields: { code: value },
    });
    await store.write([code('E1'), code('E2')]);
    expect((await told('NewCode', 1)).map(({ labels }) => labels.code)).toEqual(['E2']);

    await alerting.restart();
    await store.write([{ atMs: Date.now() - MINUTE, pod: 'late-2', message: 'panic: after the restart' }]);
    expect((await told('Panic', 3)).map(({ labels }) => labels.pod).sort()).toEqual(['late-1', 'late-2', pod].sort());
    const { data } = Object(await ask(alerting, 'GET', '/api/v1/rules'));
    const problems = (data.groups[0].rules as readonly { readonly lastError?: string }[]).flatMap(
      ({ lastError }) => lastError ?? [],
    );
    expect(problems).toEqual([]);
    const counts = ['Silent', 'Panic', 'Errors', 'NewCode'].map((alert) => toldOf(hook, alert).length);
    expect(counts).toEqual([1, 3, 1, 1]);

    const found = (await backtested(store, rules)).filter(({ fired }) => fired > 0);
    expect(found.map(({ alert, alerts }) => [alert, alerts])).toEqual([
      ['Panic', 3],
      ['Errors', 1],
      ['NewCode', 1],
      ['Silent', 1],
      ...(name === 'Loki' ? [['Logql', 1]] : []),
    ]);
  }, 240_000);
});
