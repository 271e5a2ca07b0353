import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatWarning } from '@vigie/core/config/findings';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OTLP } from '../../src/config/otlp-config.ts';
import { writtenRegex } from '../../src/relabel/relabel-regex.ts';
import { job, load, problemsOf } from './written-config.ts';

const testdata = fileURLToPath(new URL('../../testdata/config/', import.meta.url));

describe('a whole configuration', () => {
  it('is read with the defaults of Prometheus', async () => {
    const yaml = await readFile(join(testdata, 'full.good.yml'), 'utf8');
    const { config, warnings } = await load(yaml);
    expect(warnings).toEqual([]);
    expect(config.externalLabels.toJSON()).toEqual({ cluster: 'dev', region: 'eu', price: '5$' });
    expect(config).toMatchObject({
      evaluationIntervalMs: 30_000,
      ruleQueryOffsetMs: 5000,
      logLevel: 'info',
      listen: { address: { host: '', port: 9090 }, auth: { type: 'bearer', tokenFile: '/run/token' } },
      engine: { url: new URL('http://mimir.example/prometheus'), timeoutMs: 150_000 },
      metricsApi: {
        auth: 'none',
        listen: { host: '127.0.0.1', port: 8443 },
        certificate: {
          kind: 'self_made',
          service: 'vigie-collector',
          secret: 'vigie-collector-tls',
          takeOver: ['metrics.k8s.io'],
        },
        delegate: { url: new URL('https://keda.keda.svc') },
        queryTimeoutMs: 1000,
        maxAgeMs: 300_000,
      },
      kubeState: { resources: ['pods', 'nodes'], labels: { pods: ['app'] }, annotations: {} },
      storage: {
        retentionMs: 43_200_000,
        retentionBytes: 512 * 1024 ** 2,
        snapshotIntervalMs: 300_000,
        outOfOrderWindowMs: 1_800_000,
        maxExemplars: 0,
        budgets: { maxSeries: 1_000_000, maxSeriesPerJob: Number.POSITIVE_INFINITY },
      },
    });
    expect(config.storage.path).toMatch(/^\/.*\/data$/);
    expect(config.ruleFiles.map((path) => path.replace(/^\/tmp\/[^/]+/, '…'))).toEqual([
      '…/first.rules',
      '/absolute/second.rules',
      '…/my/*.rules',
    ]);
  });

  it('has jobs that inherit from global', async () => {
    const { config } = await load(await readFile(join(testdata, 'full.good.yml'), 'utf8'));
    const [first, second] = config.scrapes;
    expect(first).toMatchObject({
      jobName: 'prometheus',
      intervalMs: 15_000,
      timeoutMs: 10_000,
      honorLabels: true,
      fallbackProtocol: 'PrometheusText0.0.4',
      scrapeNativeHistograms: true,
      metricsPath: '/metrics',
      scheme: 'http',
      limits: { bodyBytes: 15 * 1024 ** 2, samples: 1500, labels: 30, targets: undefined },
      histogramLimits: { buckets: 160, maxSchema: 2 },
      client: {
        authorization: {
          kind: 'credentials',
          type: 'Bearer',
          credentials: { file: expect.stringMatching(/\/token$/) },
        },
        tls: { minVersion: 'TLS10', insecureSkipVerify: false },
        followRedirects: true,
      },
    });
    expect(first?.protocols[0]).toBe('PrometheusProto');
    expect(second).toMatchObject({
      intervalMs: 50_000,
      timeoutMs: 5000,
      honorTimestamps: false,
      scrapeNativeHistograms: false,
      params: { module: ['http_2xx'], 'match[]': ['{__name__=~"job:.*"}'] },
      limits: { bodyBytes: 10 * 1024 ** 2 },
      histogramLimits: { buckets: undefined, maxSchema: 8 },
      client: {
        authorization: { kind: 'basic', username: { value: 'admin' }, password: { value: 'p$w' } },
        headers: { 'X-Scope': { values: ['a', 'b'], secrets: [{ file: expect.stringMatching(/\/scope$/) }] } },
      },
    });
    expect(second?.protocols).toEqual([
      'OpenMetricsText1.0.0',
      'OpenMetricsText0.0.1',
      'PrometheusText1.0.0',
      'PrometheusText0.0.4',
    ]);
  });

  it('has relabel rules whose groups are none of the environment', async () => {
    const { config } = await load(await readFile(join(testdata, 'full.good.yml'), 'utf8'));
    const rules = config.scrapes[0]?.relabel.map(({ regex, targetLabel, replacement }) => [
      writtenRegex(regex),
      targetLabel,
      replacement,
    ]);
    expect(rules).toEqual([
      ['(.*)some-[regex]', 'job', 'foo-${1}'],
      ['(?P<name>.*)-x', '${name}', '${name}'],
      ['(.*)', 'abc', 'static'],
      // A regex without a value is an empty one.
      ['', 'abc', 'static'],
    ]);
    expect(config.scrapes[1]?.metricRelabel[0]?.action).toBe('drop');
    expect(config.scrapes[1]?.relabel[0]).toMatchObject({ action: 'hashmod', modulus: 8 });
  });

  it('has discoveries of every kind', async () => {
    const { config } = await load(await readFile(join(testdata, 'full.good.yml'), 'utf8'));
    expect(config.scrapes.map(({ discovery }) => discovery)).toMatchObject([
      [
        {
          kind: 'static',
          groups: [{ targets: ['localhost:9090', 'localhost:9191'], labels: { my: 'label', version: '1.10' } }],
        },
        { kind: 'file', refreshIntervalMs: 600_000 },
      ],
      [
        { kind: 'http', url: 'http://sd.example/targets', refreshIntervalMs: 60_000 },
        { kind: 'dns', names: ['first.example', 'second.example'], type: 'SRV', refreshIntervalMs: 15_000 },
        { kind: 'dns', type: 'A', port: 8080, refreshIntervalMs: 30_000 },
      ],
      [
        {
          kind: 'consul',
          server: 'http://localhost:1234/consul',
          token: 'mysecret',
          tagSeparator: ',',
          services: ['nginx', 'cache'],
          nodeMeta: { rack: '123' },
          allowStale: false,
        },
      ],
      [
        {
          kind: 'kubernetes',
          role: 'endpointslice',
          server: { kind: 'own' },
          namespaces: { own: true, names: ['kube-system'] },
          attach: { node: true, namespace: false, deployment: false, job: false, cronjob: false },
        },
        { role: 'node', server: { kind: 'url', url: 'https://api.example:6443/' } },
      ],
      [{ kind: 'static', groups: [{ targets: ['kube-state'] }] }],
    ]);
  });

  it('has remote write and the rules of prometheus-adapter', async () => {
    const { config } = await load(await readFile(join(testdata, 'full.good.yml'), 'utf8'));
    expect(config.remoteWrite).toMatchObject([
      {
        name: 'mimir',
        url: new URL('https://mimir.example/api/v1/push'),
        timeoutMs: 30_000,
        headers: { 'X-Scope-OrgID': 'shop' },
        protobufMessage: 'io.prometheus.write.v2.Request',
        sendNativeHistograms: true,
        queue: { capacity: 10_000, maxShards: 10, minShards: 1, maxSamplesPerSend: 2000, minBackoffMs: 1000 },
        metadata: { send: true, sendIntervalMs: 60_000 },
        client: { enableHttp2: false },
      },
    ]);
    expect(config.adapter).toMatchObject({
      rules: [
        {
          seriesFilters: [{ is: '', isNot: '^go_.*' }],
          resources: { template: 'kube_<<.Resource>>', overrides: { ns: { group: '', resource: 'namespace' } } },
          name: { matches: '^(.*)_total$', as: '${1}_per_second' },
        },
      ],
      resourceRules: { cpu: { containerLabel: 'container' }, memory: { containerQuery: 'm' }, windowMs: 300_000 },
    });
  });

  it('may be empty, and then has the defaults', async () => {
    const { config } = await load('');
    expect(config).toMatchObject({
      evaluationIntervalMs: 60_000,
      scrapes: [],
      remoteWrite: [],
      otlp: DEFAULT_OTLP,
      engine: undefined,
      adapter: undefined,
      metricsApi: undefined,
      kubeState: undefined,
      listen: { address: { host: '127.0.0.1', port: 9090 } },
      storage: { path: '/var/lib/vigie/metrics', retentionMs: undefined, outOfOrderWindowMs: 0 },
    });
  });
});

it('says how many series there can be', async () => {
  expect(await problemsOf('storage: { series: { max: 4194304 } }')).toEqual([
    'prometheus.yml:1:27: storage.series.max: expected at most 4194303, got "4194304"',
  ]);
});

describe('files that it names', () => {
  it('are jobs of scrape_config_files, whose paths begin at their own folder', async () => {
    const { config } = await load('scrape_config_files: [jobs/*.yml]', {
      'jobs/b.yml': 'scrape_configs: [{job_name: b, file_sd_configs: [{files: [x.json]}]}]',
      'jobs/a.yml': 'scrape_configs: [{job_name: a}]',
    });
    expect(config.scrapes.map(({ jobName }) => jobName)).toEqual(['a', 'b']);
    expect(config.scrapes[1]?.discovery).toMatchObject([{ files: [expect.stringMatching(/\/jobs\/x\.json$/)] }]);
  });

  it('are refused where two have a job of one name', async () => {
    const yaml = `scrape_config_files: [jobs/*.yml]\n${job()}`;
    expect(await problemsOf(yaml, { 'jobs/b.yml': 'scrape_configs: [{job_name: a}]' })).toEqual([
      'b.yml:1:29: scrape_configs[0].job_name: expected a job_name that no other job has (it is in prometheus.yml), got "a"',
    ]);
  });

  it('are rules of prometheus-adapter, in which nothing is expanded', async () => {
    const { config } = await load('adapter: {file: adapter.yaml}', {
      'adapter.yaml': 'externalRules: [{seriesQuery: q, metricsQuery: "${HOME}", resources: {namespaced: false}}]',
    });
    expect(config.adapter?.externalRules).toMatchObject([
      { metricsQuery: '${HOME}', resources: { namespaced: false } },
    ]);
  });
});

it('leaves the URL of http_sd_configs as it is written, for relabeling knows it so', async () => {
  const { config } = await load('scrape_configs: [{ job_name: a, http_sd_configs: [{ url: http://Inventory:80 }] }]');
  expect(config.scrapes[0]?.discovery[0]).toMatchObject({ kind: 'http', url: 'http://Inventory:80' });
});

it('warns of what it does not do, by name and position', async () => {
  const yaml = [
    'global: {query_log_file: q.log, external_labels: {zone: "${ZONE}"}}',
    'alerting: {alertmanagers: [{static_configs: [{targets: [am:9093]}]}]}',
    'remote_read: [{url: http://x/}]',
    'tracing:',
    'scrape_configs:',
    '  - job_name: a',
    '    scrape_failure_log_file: f.log',
    '    convert_classic_histograms_to_nhcb: true',
    '  - { job_name: b, convert_classic_histograms_to_nhcb: false }',
    'storage:',
    '  tsdb: {stale_series_compaction_threshold: 0.3, retention: {time: 6h, percentage: 80}, chunk_encoding: {floats: xor2}}',
  ].join('\n');
  const { config, warnings } = await load(yaml);
  expect(config.externalLabels.toJSON()).toEqual({});
  expect(config.scrapes.map(({ convertsClassicHistograms }) => convertsClassicHistograms)).toEqual([true, false]);
  expect(warnings.map((warning) => formatWarning({ ...warning, file: 'prometheus.yml' }))).toEqual([
    'prometheus.yml:2:1: warning: alerting: alerts are sent by `vigie alerting`: its alertmanagers stand in alerting.yaml',
    'prometheus.yml:3:1: warning: remote_read: not supported: queries see what the collector holds, or all that engine.remote has',
    'prometheus.yml:1:10: warning: global.query_log_file: not supported: queries are not logged',
    'prometheus.yml:7:5: warning: scrape_configs[0].scrape_failure_log_file: not supported: failures are in the log and at /api/v1/targets',
    'prometheus.yml:1:51: warning: global.external_labels.zone: ${ZONE} is not set',
    'prometheus.yml:11:72: warning: storage.tsdb.retention.percentage: not supported: retention.size bounds the database',
    'prometheus.yml:11:10: warning: storage.tsdb.stale_series_compaction_threshold: not needed: what has ended is compacted within minutes, however much it is',
    'prometheus.yml:11:89: warning: storage.tsdb.chunk_encoding: not needed: chunks have an encoding of their own',
  ]);
});
