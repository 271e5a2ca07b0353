import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { decompress } from '@vigie/wire/snappy';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CollectorConfig } from '../src/config/collector-config.ts';
import { loadCollectorConfig } from '../src/config/load-config.ts';
import { DEFAULT_OTLP } from '../src/config/otlp-config.ts';
import type { TargetGroup } from '../src/discovery/target-group.ts';
import { loadRecordingRules } from '../src/rules/recording-rules.ts';
import { Collector } from '../src/service.ts';
import { scrapeConfig } from './scrape/configs.ts';
import { serve, type TestServer, text } from './server.ts';
import { settledIo } from './settled-io.ts';

let folder: string;
let clock: FakeClock;
let logged: Record<string, unknown>[];
let target: TestServer;
let body: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigie-collector-'));
  clock = new FakeClock();
  logged = [];
  body = '# HELP reads How many.\n# TYPE reads counter\nreads 5\n';
  target = await serve(text(() => body));
});
afterEach(() => rm(folder, { recursive: true }));

function config(parts: Partial<CollectorConfig> = {}): CollectorConfig {
  return {
    externalLabels: LabelSet.of({ cluster: 'c' }),
    evaluationIntervalMs: 15_000,
    ruleQueryOffsetMs: 0,
    ruleFiles: [],
    scrapes: [scrapeConfig({ discovery: [{ kind: 'static', groups: [] }] })],
    storage: {
      path: join(folder, 'metrics'),
      retentionMs: undefined,
      retentionBytes: undefined,
      snapshotIntervalMs: undefined,
      outOfOrderWindowMs: 0,
      maxExemplars: undefined,
      budgets: {},
    },
    remoteWrite: [],
    otlp: DEFAULT_OTLP,
    engine: undefined,
    sharding: undefined,
    adapter: undefined,
    metricsApi: undefined,
    kubeState: undefined,
    clusterJobs: [],
    probes: undefined,
    operatorObjects: undefined,
    listen: { address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } },
    logLevel: 'info',
    shutdownGraceMs: 0,
    tests: [],
    ...parts,
  };
}

/** Every job finds the target. */
async function create(parts: Partial<CollectorConfig> = {}, isEager = true) {
  const made = config(parts);
  const groups: TargetGroup[] = [{ source: '0', labels: {}, targets: [{ __address__: target.address }] }];
  const collector = new Collector(
    { config: made, rules: await loadRecordingRules(made.ruleFiles) },
    { version: '1.2.3', prefix: '/prometheus', isEager, configYaml: () => 'a: b\n', flags: { 'config.file': 'f' } },
    {
      clock,
      log: createLog('info', { write: (line) => logged.push(JSON.parse(line)) }),
      env: {},
      random: () => 0.5,
      hostName: 'node-1',
      pageOf: () => undefined,
      discover: () => ({
        run: (update, signal) => {
          update(groups);
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        },
      }),
    },
  );
  onTestFinished(() => collector.close());
  return { collector, config: made };
}

async function listen(collector: Collector): Promise<string> {
  const server = http.createServer((incoming, outgoing) => collector.serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus`;
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/** Moves time on until it holds, never past what is on its way. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    await clock.advance(50);
    await settledIo();
  }
}

const isScraped = (collector: Collector) => (): boolean =>
  [...collector.pools.values()].flatMap(({ targets }) => targets).every(({ health }) => health === 'up') &&
  [...collector.pools.values()].some(({ targetCount }) => targetCount > 0);

const instant = async (url: string, query: string): Promise<unknown> => {
  const answer = (await json(
    `${url}/api/v1/query?${new URLSearchParams({ query, time: String(clock.nowMs() / 1000) })}`,
  )) as { data: { result: unknown } };
  return answer.data.result;
};

describe('Collector', () => {
  it('answers 503 until it has read what was recorded, then what it scrapes', async () => {
    const { collector } = await create();
    const url = await listen(collector);
    expect((await fetch(`${url}/api/v1/query?query=1`)).status).toBe(503);
    expect(collector.ready()).toEqual([{ name: 'metrics', problem: 'they are starting' }]);
    await collector.start();
    await until(isScraped(collector));
    expect(collector.ready()).toEqual([{ name: 'metrics' }]);
    expect(await instant(url, 'reads')).toMatchObject([
      { metric: { __name__: 'reads', instance: target.address, job: 'shop' }, value: [expect.any(Number), '5'] },
    ]);
  });

  it('tells of its targets as Prometheus does', async () => {
    const { collector } = await create();
    const url = await listen(collector);
    await collector.start();
    await until(isScraped(collector));
    const [, port] = target.address.split(':');
    expect(await json(`${url}/api/v1/targets`)).toEqual({
      status: 'success',
      data: {
        activeTargets: [
          {
            discoveredLabels: {
              __address__: target.address,
              __always_scrape_classic_histograms__: 'false',
              __convert_classic_histograms_to_nhcb__: 'false',
              __metrics_path__: '/metrics',
              __scheme__: 'http',
              __scrape_interval__: '15s',
              __scrape_native_histograms__: 'false',
              __scrape_timeout__: '10s',
              job: 'shop',
            },
            labels: { instance: target.address, job: 'shop' },
            scrapePool: 'shop',
            scrapeUrl: `${target.url}/metrics`,
            globalUrl: `http://node-1:${port}/metrics`,
            lastError: '',
            lastScrape: expect.stringMatching(/^2026-01-01T00:00:00(\.\d+)?Z$/),
            lastScrapeDuration: expect.any(Number),
            health: 'up',
            scrapeInterval: '15s',
            scrapeTimeout: '10s',
          },
        ],
        droppedTargets: [],
        droppedTargetCounts: { shop: 0 },
      },
    });
    expect(await json(`${url}/api/v1/targets?state=dropped&scrapePool=none`)).toMatchObject({
      data: { activeTargets: [], droppedTargets: [], droppedTargetCounts: { shop: 0 } },
    });
    expect(await json(`${url}/api/v1/targets/metadata?match_target={job="shop"}`)).toEqual({
      status: 'success',
      data: [
        {
          target: { instance: target.address, job: 'shop' },
          metric: 'reads',
          type: 'counter',
          help: 'How many.',
          unit: '',
        },
      ],
    });
    expect(await json(`${url}/api/v1/targets/metadata?metric=reads&limit=1`)).toMatchObject({
      data: [{ type: 'counter' }],
    });
    expect(await json(`${url}/api/v1/targets/metadata?match_target={job="no"}`)).toMatchObject({ data: [] });
    expect(await json(`${url}/api/v1/scrape_pools`)).toMatchObject({ data: { scrapePools: ['shop'] } });
  });

  it('has everything else of a Prometheus that Grafana and other Prometheus ask for', async () => {
    const { collector } = await create();
    const url = await listen(collector);
    await collector.start();
    await until(isScraped(collector));
    expect(await json(`${url}/api/v1/status/config`)).toMatchObject({ data: { yaml: 'a: b\n' } });
    expect(await json(`${url}/api/v1/status/flags`)).toMatchObject({ data: { 'config.file': 'f' } });
    expect(await json(`${url}/api/v1/status/runtimeinfo`)).toMatchObject({
      data: { hostname: 'node-1', reloadConfigSuccess: true, storageRetention: '6h' },
    });
    expect(await json(`${url}/api/v1/status/tsdb`)).toMatchObject({ data: { headStats: { numSeries: 6 } } });
    expect(await json(`${url}/api/v1/metadata?metric=reads`)).toMatchObject({ data: { reads: [{ type: 'counter' }] } });
    expect(await (await fetch(`${url}/federate?match[]=reads`)).text()).toMatch(/^reads\{.*cluster="c".*\} 5 /m);
    const statuses = ['/-/ready', '/-/healthy', '/nothing'].map(async (path) => (await fetch(url + path)).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
    const { body: metrics } = await collector.expose();
    expect(metrics).toMatch(/^vigie_scrapes_total\{scrape_job="shop"\} [1-9]/m);
    expect(metrics).toMatch(/^vigie_scrape_pool_targets\{scrape_job="shop"\} 1$/m);
  });

  it('takes metrics of OpenTelemetry where Prometheus does', async () => {
    const { collector } = await create();
    const url = await listen(collector);
    await collector.start();
    const dataPoints = [{ timeUnixNano: `${clock.nowMs()}000000`, asInt: '7' }];
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'pushed', gauge: { dataPoints } }] }] }] };
    const headers = { 'content-type': 'application/json' };
    const push = (body: string): Promise<Response> =>
      fetch(`${url}/api/v1/otlp/v1/metrics`, { method: 'POST', headers, body });
    expect(await (await push(JSON.stringify(request))).json()).toEqual({});
    expect(await instant(url, 'pushed')).toMatchObject([{ value: [expect.any(Number), '7'] }]);
    expect(await (await push('{')).json()).toMatchObject({ code: 3 });
    expect((await push(' '.repeat(17 << 20))).status).toBe(413);
    const { body: metrics } = await collector.expose();
    expect(metrics).toMatch(/^vigie_otlp_metrics_requests_total\{format="json",result="written"\} 1$/m);
    expect(metrics).toMatch(/^vigie_otlp_metrics_requests_total\{format="json",result="too_large"\} 1$/m);
  });

  it('sends on what it records, with its external labels, and says how much', async () => {
    const bodies: Buffer[] = [];
    const receiver = await serve((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        bodies.push(Buffer.from(decompress(Buffer.concat(chunks), 1e6)));
        outgoing.writeHead(204).end();
      });
    });
    const yaml = `remote_write: [{ name: far, url: ${receiver.url}/write, headers: { X-Scope-OrgID: prod } }]`;
    await writeFile(join(folder, 'collector.yaml'), yaml);
    const { remoteWrite } = (await loadCollectorConfig(join(folder, 'collector.yaml'), {})).config;
    const { collector } = await create({ remoteWrite });
    await collector.start();
    // Metadata names the metric too, and may come first.
    const samples = (): Buffer | undefined =>
      bodies.find((body) => body.includes('reads') && body.includes('instance'));
    await until(() => samples() !== undefined);
    expect(samples()?.toString('latin1')).toContain('cluster');
    expect(receiver.requests[0]).toMatchObject({ url: '/write', headers: { 'x-scope-orgid': 'prod' } });
    await until(async () =>
      /^vigie_remote_storage_samples_total\{remote_name="far",.*\} [1-9]/m.test((await collector.expose()).body),
    );
  });

  it('records what its rules say, leaves alerts to others, and ends the series of rules that are gone', async () => {
    const file = join(folder, 'rules.yaml');
    const groups = (name: string): string => `groups:
  - name: g
    rules:
      - { record: ${name}, expr: reads * 2 }
      - { alert: Many, expr: reads > 1 }
`;
    await writeFile(file, groups('double'));
    const { collector, config: made } = await create({ ruleFiles: [join(folder, '*.yaml')] });
    const url = await listen(collector);
    await collector.start();
    await until(isScraped(collector));
    await until(async () => JSON.stringify(await instant(url, 'double')).includes('"10"'));
    expect(logged).toMatchObject([
      { level: 'warn', message: expect.stringContaining('left to vigie alerting'), rules: 1 },
    ]);
    expect(await json(`${url}/api/v1/rules`)).toMatchObject({
      data: { groups: [{ name: 'g', file, rules: [{ type: 'recording', name: 'double', health: 'ok' }] }] },
    });
    expect(await json(`${url}/api/v1/alerts`)).toMatchObject({ data: { alerts: [] } });
    await writeFile(file, groups('twice'));
    await collector.apply({ config: made, rules: await loadRecordingRules(made.ruleFiles) });
    await until(async () => JSON.stringify(await instant(url, 'twice')).includes('"10"'));
    await until(async () => JSON.stringify(await instant(url, 'double')) === '[]');
    expect((await collector.expose()).body).toMatch(/^vigie_collector_alerting_rules_left 1$/m);
  });

  it('takes up other jobs, and ends the series of those that are gone', async () => {
    const { collector, config: made } = await create();
    const url = await listen(collector);
    await collector.start();
    await until(isScraped(collector));
    const other = scrapeConfig({ jobName: 'other', discovery: made.scrapes[0]?.discovery ?? [] });
    await collector.apply({ config: { ...made, scrapes: [other] }, rules: { groups: [], left: 0 } });
    await until(isScraped(collector));
    expect([...collector.pools.keys()]).toEqual(['other']);
    await until(async () => JSON.stringify(await instant(url, 'reads{job="shop"}')) === '[]');
    expect(await instant(url, 'up{job="other"}')).toMatchObject([{ value: [expect.any(Number), '1'] }]);
  });

  it('asks another engine where it is told to, and still keeps what it scrapes', async () => {
    const engine = await serve((incoming, outgoing) => {
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(
        JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] }, asked: incoming.headers }),
      );
    });
    const client = {
      ...DEFAULT_HTTP_CLIENT,
      authorization: { kind: 'basic', username: { value: 'u' }, password: { value: 'p' } },
      headers: { 'X-Scope-OrgID': { values: ['tenant'], secrets: [] } },
    } as const;
    const { collector } = await create({ engine: { url: new URL(engine.url), timeoutMs: 5_000, client } });
    const url = await listen(collector);
    await collector.start();
    await until(isScraped(collector));
    expect(await json(`${url}/api/v1/query?query=up`)).toMatchObject({ asked: { 'x-scope-orgid': 'tenant' } });
    expect(engine.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
    expect(await (await fetch(`${url}/federate?match[]=up`)).text()).toMatch(/^up\{/m);
  });

  it('knows after a restart what was recorded before, and goes on with it', async () => {
    const first = await create();
    await first.collector.start();
    await until(isScraped(first.collector));
    await first.collector.close();
    await clock.advance(10_000);
    body = '';
    const { collector } = await create({ scrapes: [] });
    const url = await listen(collector);
    await collector.start();
    expect(await instant(url, 'reads')).toMatchObject([{ value: [expect.any(Number), '5'] }]);
    expect(await instant(url, 'up')).toMatchObject([{ value: [expect.any(Number), '1'] }]);
  });

  it('does not start where it cannot keep anything', async () => {
    await writeFile(join(folder, 'metrics'), 'a file in its place');
    const { collector } = await create();
    await expect(collector.start()).rejects.toMatchObject({ code: 'METRICS_DATA' });
  });

  it('takes up what objects of the cluster ask for, and leaves its own jobs as they are', async () => {
    const { collector, config: made } = await create();
    await collector.start();
    await until(isScraped(collector));
    const own = collector.pools.get('shop');
    const scrapes = [
      scrapeConfig({ jobName: 'serviceMonitor/shop/web/0' }),
      scrapeConfig({ jobName: 'shop', intervalMs: 1 }),
    ];
    await collector.use({ scrapes, rules: { groups: [], left: 2 } });
    expect([...collector.pools.keys()]).toEqual(['serviceMonitor/shop/web/0', 'shop']);
    await collector.apply({ config: made, rules: await loadRecordingRules([]) });
    expect([...collector.pools.keys()]).toEqual(['serviceMonitor/shop/web/0', 'shop']);
    expect(collector.pools.get('shop')).toBe(own);
    await collector.use({ scrapes: [], rules: { groups: [], left: 0 } });
    expect([...collector.pools.keys()]).toEqual(['shop']);
  });
});
