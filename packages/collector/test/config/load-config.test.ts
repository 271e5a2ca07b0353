import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatWarning } from '../../src/config/findings.ts';
import { type LoadedCollectorConfig, loadCollectorConfig } from '../../src/config/load-config.ts';
import { DEFAULT_OTLP } from '../../src/config/otlp-config.ts';
import { DEFAULT_KUBE_STATE } from '../../src/kube-state/kube-state.ts';
import { writtenRegex } from '../../src/relabel/relabel-regex.ts';
import { tempFolder } from '../temp-folder.ts';

const testdata = fileURLToPath(new URL('../../testdata/config/', import.meta.url));
const environment = { REGION: 'eu', PASSWORD: 'p$w' };

/** @param files by name, beside the configuration */
async function load(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = environment,
): Promise<LoadedCollectorConfig> {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries({ ...files, 'prometheus.yml': yaml })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return loadCollectorConfig(join(folder, 'prometheus.yml'), variables);
}

/** Without the folder in front of each file. */
async function problemsOf(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const outcome = await load(yaml, files).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return outcome.split('\n').map((line) => line.replaceAll(/\/\S*\//g, ''));
}

/** A job with these lines, below `scrape_configs`. */
function job(...lines: readonly string[]): string {
  return ['scrape_configs:', '  - job_name: a', ...lines.map((line) => `    ${line}`)].join('\n');
}

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
          attach: { node: true, namespace: false },
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

describe('sharding', () => {
  const remote = "engine: { remote: { url: 'http://mimir' } }";

  it.each([
    ['{ shards: 3, shard: 2 }', {}, { shards: 3, shard: 2 }],
    ['{ shards: 3 }', { POD_NAME: 'vigie-collector-1' }, { shards: 3, shard: 1 }],
    ['{ shards: 3 }', { HOSTNAME: 'vigie-collector-0' }, { shards: 3, shard: 0 }],
    ['{ shards: 3, shard: "${SHARD}" }', { SHARD: '1', POD_NAME: 'vigie-collector-2' }, { shards: 3, shard: 1 }],
  ])('%s with %j', async (section, variables, sharding) => {
    expect((await load(`sharding: ${section}\n${remote}`, {}, variables)).config.sharding).toEqual(sharding);
  });

  it('is refused in front of the embedded engine, which has a part of the samples', async () => {
    expect(await problemsOf('sharding: { shards: 3, shard: 0 }')).toEqual([
      'prometheus.yml:1:1: sharding: expected engine.remote beside it: a shard has a part of the samples, and alone would answer queries and HPAs wrongly, got "sharding"',
    ]);
  });

  it.each([
    ['{ shards: 3 }', 'sharding: expected shard, or a pod of a StatefulSet'],
    ['{ shard: 0 }', 'sharding.shards: expected how many there are, from 1 to 1000'],
    ['{ shards: 3, shard: 3 }', 'sharding.shard: expected a shard from 0 to 2'],
    ['{ shards: 0, shard: 0 }', 'sharding.shards: expected how many'],
  ])('says what is wrong with %s', async (section, problem) => {
    expect(await problemsOf(`sharding: ${section}\n${remote}`)).toEqual([expect.stringContaining(problem)]);
  });

  it('says that a pod is one too many', async () => {
    const loading = load(`sharding: { shards: 2 }\n${remote}`, {}, { POD_NAME: 'vigie-collector-2' });
    await expect(loading).rejects.toThrow('sharding: expected a shard from 0 to 1, where the name of the pod says 2');
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

describe('rules of prometheus-adapter that are wrong', () => {
  const rules = [
    'rules:',
    "  - { seriesQuery: 'hits{', metricsQuery: '' }",
    '  - seriesQuery: hits',
    "    seriesFilters: [{ is: a, isNot: b }, { isNot: '(x' }]",
    "    resources: { template: 'kube_<<.Group>>' }",
    "    name: { matches: '(a)(b)' }",
    "    metricsQuery: 'sum(<<.Series)'",
    'externalRules:',
    "  - { seriesQuery: q, metricsQuery: q, name: { matches: '(x' } }",
    'resourceRules:',
    '  cpu: { containerQuery: c, resources: { overrides: { pod: { resource: pod } } } }',
  ];
  const flaws: readonly (readonly [place: string, path: string, expected: string])[] = [
    ['2:5', 'rules[0].resources', 'a template or overrides that say which label is which resource'],
    ['2:20', 'rules[0].seriesQuery', 'a selector of series ('],
    ['2:43', 'rules[0].metricsQuery', 'the template of a query'],
    ['4:21', 'rules[1].seriesFilters[0]', 'either is or isNot'],
    ['4:51', 'rules[1].seriesFilters[1].isNot', 'a regular expression (error parsing regexp: missing closing ): `(x`)'],
    ['5:28', 'rules[1].resources.template', 'a template of labels (expected <<.Resource>> in it)'],
    ['6:11', 'rules[1].name.as', 'a name, for matches has several groups'],
    ['7:19', 'rules[1].metricsQuery', 'the template of a query (template: '],
    ['9:57', 'externalRules[0].name.matches', 'a regular expression (error parsing regexp: missing closing ): `(x`)'],
    ['11:3', 'resourceRules.memory.containerQuery', 'the template of a query'],
    ['11:3', 'resourceRules.memory.resources', 'a template or overrides'],
  ];

  it.each([
    [
      'in a file of their own',
      'adapter: {file: adapter.yaml}',
      { 'adapter.yaml': rules.join('\n') },
      'adapter.yaml',
      '',
    ],
    ['inline', ['adapter:', ...rules.map((line) => `  ${line}`)].join('\n'), {}, 'prometheus.yml', 'adapter.'],
  ] as const)('are all refused when they are read, %s', async (_where, yaml, files, file, prefix) => {
    const problems = await problemsOf(yaml, files);
    const shift = prefix === '' ? 0 : 1;
    const expected = flaws.map(([place, path, text]) => {
      const [line, column] = place.split(':').map(Number);
      const at = `${file}:${(line ?? 0) + shift}:${(column ?? 0) + 2 * shift}`;
      return expect.stringContaining(`${at}: ${prefix}${path}: expected ${text}`);
    });
    expect(problems).toEqual(expected);
  });
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
    '  tsdb: {stale_series_compaction_threshold: 0.3, retention: {time: 6h, percentage: 80}}',
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
  ]);
});

const KINDS = DEFAULT_KUBE_STATE.resources.join(', ');

describe('mistakes', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'several at once',
      'global: {scrape_interval: 10s, scrape_timeout: 20s}\nscrape_configs:\n  - job_name: a\n  - job_name: a\n    scrape_timeout: 11s',
      [
        'prometheus.yml:1:48: global.scrape_timeout: expected at most scrape_interval (10s), got "20s"',
        'prometheus.yml:4:15: scrape_configs[1].job_name: expected a job_name that no other job has, got "a"',
        'prometheus.yml:5:21: scrape_configs[1].scrape_timeout: expected at most the scrape interval (10s), got "11s"',
      ],
    ],
    [
      'a job without a name',
      'scrape_configs: [{}]',
      ['prometheus.yml:1:18: scrape_configs[0].job_name: expected a value, got nothing'],
    ],
    [
      'an unknown key of a section',
      'storage: {pat: x}',
      [
        'prometheus.yml:1:11: storage.pat: expected one of the keys path, retention, series, snapshot_interval, tsdb, exemplars, got "pat"',
      ],
    ],
    [
      'a discovery that is not supported',
      job('ec2_sd_configs: [{region: x}]'),
      [
        'prometheus.yml:3:5: scrape_configs[0].ec2_sd_configs: expected a discovery that Vigie has: static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, consul_sd_configs or kubernetes_sd_configs, got "ec2_sd_configs"',
      ],
    ],
    [
      'a URL among the targets',
      job('static_configs: [{targets: ["x/metrics"]}]'),
      [
        'prometheus.yml:3:33: scrape_configs[0].static_configs[0].targets[0]: expected a host and a port, not a URL, got "x/metrics"',
      ],
    ],
    [
      'a regex of a rule',
      job('relabel_configs: [{action: keep, regex: "(x"}]'),
      [
        `prometheus.yml:3:45: scrape_configs[0].relabel_configs[0].regex: expected a regular expression (error parsing regexp: missing closing ): \`(x\`), got "(x"`,
      ],
    ],
    [
      'rules that lack what their action needs',
      job('relabel_configs: [{}, {action: hashmod, target_label: a}, {action: labelmap, replacement: ""}]'),
      [
        'prometheus.yml:3:23: scrape_configs[0].relabel_configs[0].target_label: expected a target_label for the action replace, got nothing',
        'prometheus.yml:3:27: scrape_configs[0].relabel_configs[1].modulus: expected a modulus above 0 for the action hashmod, got nothing',
        'prometheus.yml:3:95: scrape_configs[0].relabel_configs[2].replacement: expected the name of a label, with groups or without, got ""',
      ],
    ],
    [
      'rules with keys that have no effect',
      job(
        'relabel_configs:',
        '  - {action: labeldrop, regex: x, source_labels: [a]}',
        '  - {action: keepequal, target_label: x, regex: y}',
        '  - {action: lowercase, target_label: x, replacement: y}',
      ),
      [
        'prometheus.yml:4:39: scrape_configs[0].relabel_configs[0].source_labels: expected only regex for the action labeldrop, got "source_labels"',
        'prometheus.yml:5:46: scrape_configs[0].relabel_configs[1].regex: expected only source_labels and target_label for the action keepequal, got "regex"',
        'prometheus.yml:6:46: scrape_configs[0].relabel_configs[2].replacement: expected no replacement for the action lowercase, got "replacement"',
      ],
    ],
    [
      'an action that is none',
      job('relabel_configs: [{action: replaced}]'),
      [
        'prometheus.yml:3:32: scrape_configs[0].relabel_configs[0].action: expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase, got "replaced"',
      ],
    ],
    [
      'two ways to authorise',
      job('basic_auth: {username: u, password: p, password_file: f}', 'authorization: {credentials: secret}'),
      [
        'prometheus.yml:3:44: scrape_configs[0].basic_auth.password_file: expected at most one of password and password_file, got "password_file"',
        'prometheus.yml:4:5: scrape_configs[0].authorization: expected at most one of basic_auth, authorization, oauth2, bearer_token and bearer_token_file, got "authorization"',
      ],
    ],
    [
      'TLS and headers',
      job('tls_config: {cert_file: x}', 'http_headers: {Host: {values: [x]}}'),
      [
        'prometheus.yml:3:17: scrape_configs[0].tls_config: expected key or key_file beside the client certificate, got a mapping',
        'prometheus.yml:4:20: scrape_configs[0].http_headers.Host: expected a header that may be set, got "Host"',
      ],
    ],
    [
      'protocols',
      job('scrape_protocols: [PrometheusProto, PrometheusProto]', 'fallback_scrape_protocol: text'),
      [
        'prometheus.yml:3:23: scrape_configs[0].scrape_protocols: expected every protocol once, got a list',
        'prometheus.yml:4:31: scrape_configs[0].fallback_scrape_protocol: expected the name of a protocol, got "text"',
      ],
    ],
    [
      'a Kubernetes discovery',
      job(
        'kubernetes_sd_configs:',
        '  - {role: pod, selectors: [{role: service, label: "a==("}], bearer_token: x}',
        '  - {role: pods}',
        '  - {role: node, api_server: "http://x", namespaces: {own_namespace: true}}',
      ),
      [
        'prometheus.yml:5:16: scrape_configs[0].kubernetes_sd_configs[1].role: expected "node" or "pod" or "service" or "endpoints" or "endpointslice" or "ingress", got "pods"',
      ],
    ],
    [
      'a Kubernetes discovery, as far as its values go together',
      job(
        'kubernetes_sd_configs:',
        '  - {role: pod, selectors: [{role: service, label: "a==("}], bearer_token: x}',
        '  - {role: node, api_server: "http://x", namespaces: {own_namespace: true}}',
      ),
      [
        'prometheus.yml:4:40: scrape_configs[0].kubernetes_sd_configs[0].selectors[0].role: expected pod or node, which the role pod selects, got "service"',
        'prometheus.yml:4:56: scrape_configs[0].kubernetes_sd_configs[0].selectors[0].label: expected a label selector such as app=web,tier!=db, got "a==("',
        'prometheus.yml:4:66: scrape_configs[0].kubernetes_sd_configs[0].bearer_token: expected api_server beside options of its HTTP client, which a kubeconfig or the pod says, got "bearer_token"',
        'prometheus.yml:5:59: scrape_configs[0].kubernetes_sd_configs[1].namespaces.own_namespace: expected no own_namespace beside api_server or kubeconfig_file, got "own_namespace"',
      ],
    ],
    [
      'other discoveries',
      job(
        'file_sd_configs: [{files: []}, {files: [a.txt]}]',
        'dns_sd_configs: [{names: [x], type: A}, {}]',
        'http_sd_configs: [{}]',
        'consul_sd_configs: [{server: "", username: u, basic_auth: {username: v}}]',
      ),
      [
        'prometheus.yml:3:31: scrape_configs[0].file_sd_configs[0].files: expected at least one path, got a list',
        'prometheus.yml:3:45: scrape_configs[0].file_sd_configs[1].files[0]: expected a path that ends in .json, .yml or .yaml, with * in its last part only, got "a.txt"',
        'prometheus.yml:4:22: scrape_configs[0].dns_sd_configs[0].port: expected a port, which records of type A lack, got nothing',
        'prometheus.yml:4:45: scrape_configs[0].dns_sd_configs[1].names: expected at least one name, got nothing',
        'prometheus.yml:5:23: scrape_configs[0].http_sd_configs[0].url: expected a URL of http or https, got nothing',
        'prometheus.yml:6:34: scrape_configs[0].consul_sd_configs[0].server: expected the host and port of a Consul agent, with http or https, got ""',
        'prometheus.yml:6:38: scrape_configs[0].consul_sd_configs[0].username: expected no username beside basic_auth, authorization or oauth2, got "username"',
      ],
    ],
    [
      'remote write',
      'remote_write: [{}, {url: http://a/, name: x, sigv4: {}}, {url: http://b/, name: x, headers: {Authorization: x}}]',
      [
        'prometheus.yml:1:46: remote_write[1].sigv4: expected basic_auth, authorization or oauth2: signing for a cloud is not supported, got "sigv4"',
      ],
    ],
    [
      'remote write, as far as its values go together',
      'remote_write: [{}, {url: http://a/, name: x}, {url: http://b/, name: x, headers: {Authorization: x}}]',
      [
        'prometheus.yml:1:16: remote_write[0].url: expected the URL of a receiver, of http or https, got nothing',
        'prometheus.yml:1:70: remote_write[2].name: expected a name that no other remote_write has, got "x"',
        'prometheus.yml:1:83: remote_write[2].headers.Authorization: expected a header that may be set (Authorization has sections of its own), got "Authorization"',
      ],
    ],
    [
      'a listener of the metrics APIs that anybody reaches, without authentication',
      'metrics_api: {listen: ":8443", auth: none, self_signed: {service: a}}',
      [
        'prometheus.yml:1:38: metrics_api.auth: expected kubernetes: none is for an address of this host alone, got "none"',
      ],
    ],
    [
      'metrics APIs with two certificates',
      'metrics_api: {tls: {cert_file: a, key_file: b}, self_signed: {service: a}}',
      [
        'prometheus.yml:1:14: metrics_api: expected either tls, with a certificate of others, or self_signed, with the service that leads here, got a mapping',
      ],
    ],
    [
      'the state of objects that are not known, and a job of the same name',
      'kube_state: {resources: [pods, podz], labels: {node: [a]}}\nscrape_configs: [{job_name: kube-state-metrics}]',
      [
        'prometheus.yml:1:1: kube_state: expected no job_name kube-state-metrics beside it, got "kube_state"',
        `prometheus.yml:1:32: kube_state.resources[1]: expected one of ${KINDS}, got "podz"`,
        `prometheus.yml:1:48: kube_state.labels.node: expected one of ${KINDS}, got "node"`,
      ],
    ],
    [
      'which objects of the operator are read',
      'operator_objects: {mode: on, selector: "a==b=c"}',
      ['prometheus.yml:1:26: operator_objects.mode: expected "auto" or "off", got "on"'],
    ],
    [
      'a selector that is none',
      'operator_objects: {selector: "a=b c"}',
      [
        'prometheus.yml:1:30: operator_objects.selector: expected a label selector such as release=prometheus,team in (shop, web), got "a=b c"',
      ],
    ],
    [
      'a variable that is not set',
      job('bearer_token: ${TOKEN}'),
      ['prometheus.yml:3:19: expected the environment variable TOKEN to be set, or ${TOKEN:-DEFAULT}, got nothing'],
    ],
    [
      'a pattern with two stars',
      'rule_files: ["*/*.yml"]',
      ['prometheus.yml:1:14: rule_files[0]: expected a path, with * in its last part only, got "*/*.yml"'],
    ],
  ])('%s', async (_title, yaml, expected) => {
    expect(await problemsOf(yaml)).toEqual(expected);
  });
});

describe('otlp', () => {
  it("is Prometheus' section, with the keys of the receiver", async () => {
    const { config, warnings } = await load(`otlp:
  translation_strategy: NoUTF8EscapingWithSuffixes
  promote_all_resource_attributes: true
  ignore_resource_attributes: [host.id]
  keep_identifying_resource_attributes: true
  convert_histograms_to_nhcb: true
  promote_scope_metadata: true
  label_name_underscore_sanitization: false
  label_name_preserve_multiple_underscores: false
  listen: 127.0.0.1:4318
  max_body: 1MB
  max_pending: 2MB
  delta: { max_streams: 10, max_stale: 1m }
`);
    expect(warnings).toEqual([]);
    expect(config.otlp).toEqual({
      translation: {
        hasSuffixes: true,
        isEscaped: false,
        promoted: { kind: 'all_but', attributes: new Set(['host.id']) },
        keepsIdentifying: true,
        hasScopeLabels: true,
        convertsHistograms: true,
        hasKeyPrefix: false,
        keepsUnderscores: false,
      },
      listen: { address: { host: '127.0.0.1', port: 4318 }, auth: { type: 'none' } },
      maxBodyBytes: 1 << 20,
      maxPendingBytes: 2 << 20,
      maxDeltaStreams: 10,
      maxDeltaStaleMs: 60_000,
    });
  });

  it.each([
    ['otlp: {promote_all_resource_attributes: true, promote_resource_attributes: [a]}', 'not both'],
    ['otlp: {ignore_resource_attributes: [a]}', 'promote_all_resource_attributes: true beside it'],
    ['otlp: {promote_resource_attributes: [a, a]}', 'every attribute once'],
    ['otlp: {promote_resource_attributes: [""]}', 'the name of an attribute'],
    [
      '{otlp: {translation_strategy: NoTranslation}, global: {metric_name_validation_scheme: legacy}}',
      'one that escapes',
    ],
    ['otlp: {translation_strategy: Other}', 'translation_strategy'],
  ])('is refused as Prometheus refuses it: %s', async (yaml, problem) => {
    expect((await problemsOf(yaml)).join()).toContain(problem);
  });
});
