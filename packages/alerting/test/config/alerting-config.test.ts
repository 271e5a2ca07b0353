import { join } from 'node:path';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESEND_DELAY_MS, DEFAULT_RESTORE } from '@vigie/rules/rule-runner';
import { describe, expect, it } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { formatMatchers } from '../../src/matchers/alert-matcher.ts';
import { folderWith } from '../folder.ts';

const ALERTMANAGER = `route: { receiver: a }
receivers:
  - name: a
    webhook_configs: [{ url: 'http://localhost/' }]
  - name: b
`;

async function load(text: string, alertmanager = ALERTMANAGER) {
  const folder = await folderWith({ 'alerting.yaml': text, 'alertmanager.yml': alertmanager });
  const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), { CLUSTER: 'prod' });
  return { config, folder };
}

const problemsOf = async (text: string, alertmanager?: string): Promise<readonly string[]> => {
  const error: unknown = await load(text, alertmanager).catch((reason: unknown) => reason);
  return error instanceof Error ? error.message.split('\n').map((line) => line.replace(/^.*\//, '')) : [];
};

const BASE = 'data_dir: data\nalertmanager_config: alertmanager.yml\n';

describe('alerting.yaml', () => {
  it('has defaults for all but the folder and who is told', async () => {
    const { config, folder } = await load(BASE);
    expect(config).toMatchObject({
      listen: { address: { host: '127.0.0.1', port: 9093 } },
      logLevel: 'info',
      shutdownGraceMs: 15_000,
      dataDir: join(folder, 'data'),
      externalUrl: '',
      evaluationIntervalMs: 60_000,
      queryOffsetMs: 0,
      corsOrigin: '',
      recordingRules: false,
      graphUrl: '',
      rules: {
        policy: DEFAULT_POLICY,
        resendDelayMs: DEFAULT_RESEND_DELAY_MS,
        restore: DEFAULT_RESTORE,
        watch: { severity: 'warning' },
      },
      alertmanagers: [],
      engine: {
        limits: { alerts: 100_000, alertSize: 65_536 },
        startupHoldMs: 120_000,
        retentionMs: 432_000_000,
        resolveWhatFired: true,
        resolveReason: true,
        silenceEndsAfterMs: 300_000,
        mostSilences: 10_000,
      },
    });
    expect(config.alertmanager?.config.receivers.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('is read whole', async () => {
    const { config, folder } = await load(`${BASE}listen: '127.0.0.1:0'
route_prefix: /alerts/
external_labels: { cluster: '\${CLUSTER}' }
external_url: https://alerts.example/x/
graph_url: https://prometheus.example/
evaluation_interval: 30s
rule_query_offset: 1m
cors_origin: 'https://[a-z]+[.]example'
rule_files: ['rules/*.yml']
recording_rules: true
rules: { no_data: keep, no_data_for: 2h, flap: 5 in 1h, on_error: expire, on_limit: tell, on_removed: expire, watch: false, resend_delay: 2m, for_outage_tolerance: 2h, for_grace_period: 1m }
receivers:
  a: { fallback: b, fallback_after: 5, fallback_timeout: 3s, rate_limit: { notifications: 10, per: 30s, digest: false, digest_alerts: 5 } }
notifications: { resolve_what_fired: false, resolve_reason: false, startup_hold: 0s, retention: 1h }
silences: { until_resolved_after: 1m }
limits: { alerts: 10, alert_size: 1KiB, silences: 20 }
datasources: { metrics: { url: 'http://prometheus:9090', http_config: { basic_auth: { username: u, password: p } } } }
remote_write: { url: 'http://prometheus:9090/api/v1/write', timeout: 5s }
`);
    expect(config).toMatchObject({
      routePrefix: '/alerts',
      externalUrl: 'https://alerts.example/x',
      graphUrl: 'https://prometheus.example',
      evaluationIntervalMs: 30_000,
      queryOffsetMs: 60_000,
      corsOrigin: 'https://[a-z]+[.]example',
      ruleFiles: [join(folder, 'rules/*.yml')],
      recordingRules: true,
      rules: {
        policy: {
          noData: 'keep',
          noDataForMs: 7_200_000,
          tellsNoData: false,
          flap: { fires: 5, windowMs: 3_600_000 },
          onError: 'expire',
          onLimit: 'tell',
          onRemoved: 'expire',
        },
        resendDelayMs: 120_000,
        restore: { outageToleranceMs: 7_200_000, forGraceMs: 60_000 },
        watch: undefined,
      },
      engine: {
        limits: { alerts: 10, alertSize: 1024 },
        mostSilences: 20,
        startupHoldMs: 0,
        resolveWhatFired: false,
        silenceEndsAfterMs: 60_000,
      },
      metrics: { timeoutMs: 120_000, http: { authorization: { kind: 'basic' } } },
      remoteWrite: { timeoutMs: 5000 },
    });
    expect(config.externalLabels.toJSON()).toEqual({ cluster: 'prod' });
    expect(config.receivers.get('a')).toEqual({
      fallback: { receiver: 'b', afterFailures: 5, timeoutMs: 3000 },
      context: undefined,
      escalation: [],
      rateLimit: { notifications: 10, periodMs: 30_000, digest: false, digestAlerts: 5 },
    });
  });

  it.each([
    ['data_dir: data\n', 'alerting.yaml:1:1: expected alertmanager_config, the file that says who is told'],
    [
      `${BASE}alertmanagers: ['http://a:9093']\n`,
      'alerting.yaml:3:1: alertmanagers: expected either alertmanager_config',
    ],
    [`${BASE}route_prefix: alerts\n`, 'alerting.yaml:3:15: route_prefix: expected the beginning of paths'],
    [`${BASE}cors_origin: '('\n`, 'alerting.yaml:3:14: cors_origin: expected a regular expression of the origins'],
    [`${BASE}rule_files: [a.yml]\n`, 'alerting.yaml:3:1: rule_files: expected datasources.metrics beside it'],
    [`${BASE}recording_rules: true\n`, 'alerting.yaml:3:1: recording_rules: expected remote_write beside it'],
    [
      `${BASE}log_rule_files: [a.yml]\n`,
      'alerting.yaml:3:1: log_rule_files: expected datasources.logs beside it, the log store that they ask',
    ],
    [
      `${BASE}receivers: { a: { escalation: [{ after: 5m, receiver: a }] } }\n`,
      'alerting.yaml:3:55: receivers.a.escalation[0].receiver: expected the name of another receiver',
    ],
    [`${BASE}receivers: { c: {} }\n`, 'alerting.yaml:3:14: receivers.c: expected the name of a receiver'],
    [
      `${BASE}receivers: { a: { fallback: a } }\n`,
      'alerting.yaml:3:29: receivers.a.fallback: expected the name of another',
    ],
    [`${BASE}colour: red\n`, 'alerting.yaml:3:1: colour: expected one of the keys listen, log_level'],
    [`${BASE}rules: { flap: often }\n`, 'alerting.yaml:3:16: rules.flap: expected off, or how often in which time'],
    [`${BASE}rules: { no_data: later }\n`, 'alerting.yaml:3:19: rules.no_data: expected'],
    [`${BASE}limits: { alerts: 0 }\n`, 'alerting.yaml:3:19: limits.alerts: expected a whole number, at least 1'],
  ])('says what is wrong with %j', async (text, problem) => {
    const problems = await problemsOf(text);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('tells the problems of alertmanager.yml with its own', async () => {
    const problems = await problemsOf(
      `${BASE}recording_rules: true\n`,
      'route: { receiver: x }\nreceivers: [{ name: a }]\n',
    );
    expect(problems).toEqual([
      expect.stringMatching(/^alerting.yaml:3:1: /),
      expect.stringMatching(/^alertmanager.yml:1:20: /),
    ]);
  });

  it('sends to Alertmanagers by their URLs, or with credentials and a timeout of their own', async () => {
    const sending = 'data_dir: data\nrule_files: [a.yml]\ndatasources: { metrics: { url: http://p } }\n';
    const { config } = await load(`${sending}alertmanagers:
  - http://a:9093/x
  - { url: https://b, timeout: 3s, http_config: { authorization: { credentials: s3cret } } }
`);
    expect(config.alertmanagers).toMatchObject([
      { url: new URL('http://a:9093/x'), timeoutMs: 10_000, http: { authorization: undefined } },
      { timeoutMs: 3000, http: { authorization: { kind: 'credentials', credentials: { value: 's3cret' } } } },
    ]);
    expect(await problemsOf(`${sending}alertmanagers: ['ftp:a']\n`)).toEqual([
      expect.stringContaining('alertmanagers[0]: expected a URL of http or https'),
    ]);
    expect(await problemsOf(`${sending}alertmanagers: [{ url: 'http:a', token: x }]\n`)).toEqual([
      expect.stringContaining('alertmanagers[0].token: expected one of the keys url, timeout, http_config'),
    ]);
  });

  it('names a file that cannot be read', async () => {
    await expect(load('data_dir: data\nalertmanager_config: missing.yml\n')).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
    });
  });

  it('has heartbeats in both directions, and refuses what cannot be one', async () => {
    const { config } =
      await load(`${BASE}heartbeats: [{ url: 'https://hc.example/x' }, { url_file: token, interval: 30s, stuck_after: 5m }]
heartbeats_in: [{ name: backup, every: 24h, labels: { severity: page } }]
`);
    expect(config).toMatchObject({
      heartbeats: [
        { url: { value: 'https://hc.example/x' }, intervalMs: 60_000, timeoutMs: 10_000, stuckAfterMs: 900_000 },
        { intervalMs: 30_000, stuckAfterMs: 300_000 },
      ],
      expectedHeartbeats: [{ name: 'backup', everyMs: 86_400_000, graceMs: 60_000, labels: { severity: 'page' } }],
    });
    const wrong = await problemsOf(`${BASE}heartbeats: [{ interval: 1m }, { url: 'ftp://x' }]
heartbeats_in: [{ name: a, every: 1m }, { name: a, every: 1m }]
`);
    expect(wrong.join('\n')).toContain('one of url or url_file');
    expect(wrong.join('\n')).toContain('a URL of http or https');
    expect(wrong.join('\n')).toContain('a name that no other heartbeat has');
    expect((await problemsOf(`${BASE}heartbeats_in: [{ name: a b, every: 1m }]\n`)).join()).toContain(
      'a name of letters',
    );
  });

  it('refuses steps of escalation to nobody, or to the receiver itself', async () => {
    const steps = (receiver: string) =>
      `${BASE}receivers: { a: { escalation: [{ after: 5m, receiver: ${receiver} }] } }\n`;
    expect((await load(steps('b'))).config.receivers.get('a')?.escalation).toEqual([
      { afterMs: 300_000, receiver: 'b' },
    ]);
    for (const receiver of ['a', 'c'])
      expect((await problemsOf(steps(receiver))).join()).toContain('the name of another receiver');
  });

  it('has inhibitions that alertmanager.yml has no words for', async () => {
    const { config } = await load(`${BASE}inhibition:
  hold: 1m
  rules:
    - { name: node, source_matchers: [alertname="NodeDown"], target_matchers: [severity="page"], equal: [cluster, node = instance] }
  dependencies:
    - label: service
      depends_on: { shop: [pay, db+1], pay: [db+1], 'db+1': [shop], alone: [] }
      source_matchers: [severity="page"]
      equal: [cluster]
`);
    const written = config.inhibitRules.map(({ place, name, source, target, equal, equalOfTarget = [] }) => [
      ...[place, name, formatMatchers(source), formatMatchers(target)],
      ...[equal.join(), equalOfTarget.join()],
    ]);
    const inCluster = ['cluster', 'cluster'];
    const dependency = 'inhibition.dependencies[0]';
    expect(written).toEqual([
      [
        'inhibition.rules[0]',
        'node',
        '{alertname="NodeDown"}',
        '{severity="page"}',
        'cluster,node',
        'cluster,instance',
      ],
      [dependency, 'service=shop', '{service=~"pay|db\\\\+1",severity="page"}', '{service="shop"}', ...inCluster],
      [dependency, 'service=pay', '{service=~"db\\\\+1|shop",severity="page"}', '{service="pay"}', ...inCluster],
      [dependency, 'service=db+1', '{service=~"shop|pay",severity="page"}', '{service="db+1"}', ...inCluster],
    ]);
    expect(config.engine).toMatchObject({ inhibitionHoldMs: 60_000, repeatOnTime: false });
  });

  it('refuses inhibitions of every alert, and pairs of labels that are none', async () => {
    expect(
      await problemsOf(`${BASE}inhibition: { rules: [{ source_matchers: [a=b], equal: [a=b=c, ''] }] }\n`),
    ).toEqual([
      expect.stringMatching(/inhibition\.rules\[0\]\.target_matchers: expected at least one matcher/),
      expect.stringMatching(/inhibition\.rules\[0\]\.equal\[0\]: expected the name of a label, or two/),
      expect.stringMatching(/inhibition\.rules\[0\]\.equal\[1\]: expected the name of a label, or two/),
    ]);
  });
});
