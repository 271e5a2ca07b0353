import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkAlertingFiles } from '@vigie/alerting/check-alerting-files';
import { loadAlertingConfig } from '@vigie/alerting/config/alerting-config-file';
import { loadAgentConfig } from '@vigie/node-agent/config';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Namespace, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const FOLDER = join(DEPLOY, 'alerting');
const HTTP_PORT = 9093;
/** Not manifests: what the generator puts into ConfigMaps. */
const CONFIGURATION = ['alerting.yaml', 'alertmanager.yml'];
const EXAMPLE = 'secret.example.yaml';

interface Generator {
  readonly name: string;
  readonly namespace: string;
  readonly files: readonly string[];
}

const read = (path: string): unknown => parse(readFileSync(join(DEPLOY, path), 'utf8'));
const kustomization = read('alerting/kustomization.yaml') as {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly Generator[];
};
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
const manifests = new Map<string, unknown>(
  files.filter((file) => !CONFIGURATION.includes(file)).map((file) => [file, read(`alerting/${file}`)]),
);

/** The one manifest of a kind. */
function only<T>(is: (value: unknown) => value is T): T {
  const [found, ...others] = [...manifests.values()].filter(is);
  if (found === undefined || others.length > 0) throw new Error('not exactly one manifest of the kind');
  return found;
}

const deployment = only(Deployment.is);
const policy = only(NetworkPolicy.is);
const service = only(Service.is);
const pod = deployment.spec?.template.spec;
const container = pod?.containers[0];
const namespace = only(Namespace.is).metadata?.name;
const { config, warnings } = await loadAlertingConfig(join(FOLDER, 'alerting.yaml'), {});

const home = mkdtempSync(join(tmpdir(), 'vigie-deploy-'));
afterAll(() => rmSync(home, { recursive: true }));

function volumeOf(name: string) {
  return pod?.volumes?.find((volume) => volume.name === name);
}

function mountOf(name: string): string | undefined {
  return container?.volumeMounts?.find((mount) => mount.name === name)?.mountPath;
}

describe('manifests of alerting', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization but for the example of a Secret, in one namespace', () => {
    expect([...kustomization.resources].sort()).toEqual(
      [...manifests.keys()].filter((file) => file !== EXAMPLE).sort(),
    );
    const namespaced = [...manifests.values()] as { readonly metadata: { readonly namespace?: string } }[];
    const named = namespaced.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(new Set(named)).toEqual(new Set([namespace]));
  });

  it('put every rule file into a ConfigMap, and the configuration into another', () => {
    const rules = readdirSync(join(FOLDER, 'rules')).sort();
    expect(kustomization.configMapGenerator).toEqual([
      { name: 'vigie-alerting', namespace, files: CONFIGURATION },
      { name: 'vigie-alerting-rules', namespace, files: rules.map((name) => `rules/${name}`) },
    ]);
    expect([volumeOf('config')?.configMap?.name, volumeOf('rules')?.configMap?.name]).toEqual([
      'vigie-alerting',
      'vigie-alerting-rules',
    ]);
  });
});

describe('alerting', () => {
  it('has the configuration that its command names, with the rules, and without a warning', async () => {
    const at = container?.command?.indexOf('--config') ?? -1;
    expect(container?.command?.slice(0, 2)).toEqual(['vigie', 'alerting']);
    expect(container?.command?.[at + 1]).toBe(`${mountOf('config')}/alerting.yaml`);
    expect(container?.env?.find(({ name }) => name === 'RULES')?.value).toBe(mountOf('rules'));
    expect(warnings).toEqual([]);
    let said = '';
    const code = await checkAlertingFiles(
      [join(FOLDER, 'alerting.yaml')],
      {},
      {
        write: (text) => {
          said += text;
        },
      },
    );
    expect([code, said]).toEqual([0, expect.stringMatching(/: ok, 4 receivers, \d\d rules\n$/)]);
  });

  it('asks, and writes to, the collector that is shipped, with the token that is mounted', () => {
    const collector = read('collector/service.yaml') as { readonly metadata: { name: string; namespace: string } };
    const { name, namespace: of } = collector.metadata;
    const authorization = {
      kind: 'credentials',
      type: 'Bearer',
      credentials: { file: `${mountOf('collector-token')}/token` },
    };
    expect(config.metrics?.url.host).toBe(`${name}.${of}.svc:9090`);
    expect(config.remoteWrite?.url.href).toBe(`http://${name}.${of}.svc:9090/api/v1/write`);
    for (const endpoint of [config.metrics, config.remoteWrite])
      expect(endpoint?.http.authorization).toEqual(authorization);
    expect(JSON.stringify(policy.spec?.egress)).toContain(`"kubernetes.io/metadata.name":"${of}"`);
  });

  it('reads keys of receivers from files that the example of the Secret has, and starts without', () => {
    const example = only(Secret.is);
    expect(volumeOf('receivers')?.secret).toEqual({ secretName: example.metadata?.name, optional: true });
    const written = Array.from(
      readFileSync(join(FOLDER, 'alertmanager.yml'), 'utf8').matchAll(/_file: (\S+)$/gm),
      ([, path]) => path,
    );
    const keys = Object.keys(example.stringData ?? {}).map((key) => `${mountOf('receivers')}/${key}`);
    expect(written.sort()).toEqual(keys.sort());
  });

  it('has a fallback for who is to be told', () => {
    for (const name of ['on-call', 'chat']) expect(config.receivers.get(name)?.fallback?.receiver).toBe('mail');
  });

  it('listens where Service, probes, annotations and the network policy expect it', () => {
    expect(config.listen.address).toEqual({ host: '', port: HTTP_PORT });
    expect(container?.ports).toEqual([{ name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' }]);
    expect(service.spec?.ports?.map(({ port, targetPort }) => [port, targetPort])).toEqual([[HTTP_PORT, 'http']]);
    expect(service.spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
    expect(config.externalUrl).toBe(`http://${service.metadata?.name}.${namespace}.svc:${HTTP_PORT}`);
    expect(deployment.spec?.template.metadata?.annotations?.['prometheus.io/port']).toBe(String(HTTP_PORT));
    const ingress = policy.spec?.ingress?.flatMap(({ ports }) => ports ?? []).map(({ port }) => port);
    expect(ingress).toEqual([HTTP_PORT]);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/livez', port: 'http' },
      { path: '/livez', port: 'http' },
      { path: '/readyz', port: 'http' },
    ]);
  });

  it('keeps its state in a volume of its own', () => {
    expect(config.dataDir).toBe(mountOf('data'));
    expect(volumeOf('data')?.emptyDir).toBeDefined();
  });

  it('is there once at a time, has time to drain, and holds no drain of a node back', () => {
    expect([deployment.spec?.replicas, deployment.spec?.strategy]).toEqual([1, { type: 'Recreate' }]);
    const closeMs = 3000;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(config.shutdownGraceMs + closeMs);
    const budget = only(PodDisruptionBudget.is).spec;
    expect(budget?.maxUnavailable).toBe(1);
    expect(budget?.selector).toEqual(deployment.spec?.selector);
  });

  it('runs at the level restricted, and asks the API server nothing', () => {
    expect(only(Namespace.is).metadata?.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(container?.securityContext).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod?.serviceAccountName).toBe(only(ServiceAccount.is).metadata?.name);
    expect(pod?.automountServiceAccountToken).toBe(false);
  });
});

describe('the overlay alerting-persistent', () => {
  it('puts the state into a claim', () => {
    expect(read('overlays/alerting-persistent/kustomization.yaml')).toMatchObject({
      resources: ['../../alerting', 'persistent-volume-claim.yaml'],
      patches: [{ path: 'deployment.yaml' }],
    });
    const claim = read('overlays/alerting-persistent/persistent-volume-claim.yaml');
    expect(manifestProblems(claim)).toEqual([]);
    expect(read('overlays/alerting-persistent/deployment.yaml')).toMatchObject({
      metadata: { name: deployment.metadata?.name, namespace },
      spec: { template: { spec: { volumes: [{ name: 'data', emptyDir: null }] } } },
    });
  });
});

describe('the overlay collector-queries', () => {
  it('is the shipped configuration of the collector, open to who has the token', () => {
    const shipped = read('collector/config-map.yaml') as { readonly data: Readonly<Record<string, string>> };
    const overlay = read('overlays/collector-queries/config-map.yaml') as typeof shipped;
    const without = (text = ''): unknown => ({ ...(parse(text) as object), listen: undefined });
    expect(without(overlay.data['collector.yaml'])).toEqual(without(shipped.data['collector.yaml']));
    expect(parse(overlay.data['collector.yaml'] ?? '')).toMatchObject({
      listen: { address: ':9090', auth: { type: 'bearer', token_file: '/etc/vigie-api/token' }, metrics: 'open' },
    });
  });
});

describe('the overlay node-agent-log-metrics', () => {
  it('is the shipped configuration of the agent, and what counts lines by severity', async () => {
    const shipped = read('node-agent/config-map.yaml') as { readonly data: Readonly<Record<string, string>> };
    const overlay = read('overlays/node-agent-log-metrics/config-map.yaml') as typeof shipped;
    const text = overlay.data['agent.yaml'] ?? '';
    const file = join(home, 'agent.yaml');
    writeFileSync(file, text);
    const loaded = await loadAgentConfig(file, {}, undefined);
    expect(Object.keys(loaded.sinks)).toEqual(['es', 'log_metrics']);
    const written = parse(text) as { sinks: Record<string, unknown>; transforms: Record<string, unknown> };
    const { log_metrics: sink, ...sinks } = written.sinks;
    const { levels: _levels, ...transforms } = written.transforms;
    expect({ ...written, sinks, transforms }).toEqual(parse(shipped.data['agent.yaml'] ?? ''));
    expect(sink).toMatchObject({
      metrics: [{ name: 'log_messages_total', type: 'counter', labels: { level: '{{ log.level }}' } }],
    });
  });
});

describe('the overlay alerting-ha', () => {
  it('is the shipped configuration with ha, two replicas of it, and the rights that it takes', () => {
    const overlay = readFileSync(join(DEPLOY, 'overlays/alerting-ha/alerting.yaml'), 'utf8');
    expect(overlay.startsWith(readFileSync(join(FOLDER, 'alerting.yaml'), 'utf8'))).toBe(true);
    expect(parse(overlay)).toMatchObject({ ha: { type: 'kubernetes' } });
    for (const file of ['role.yaml', 'role-binding.yaml'])
      expect(manifestProblems(read(`overlays/alerting-ha/${file}`))).toEqual([]);
    expect(read('overlays/alerting-ha/role.yaml')).toMatchObject({
      kind: 'Role',
      metadata: { name: 'vigie-alerting-ha', namespace },
    });
    expect(read('overlays/alerting-ha/role-binding.yaml')).toMatchObject({
      roleRef: { kind: 'Role', name: 'vigie-alerting-ha' },
      subjects: [{ kind: 'ServiceAccount', name: only(ServiceAccount.is).metadata?.name, namespace }],
    });
    expect(read('overlays/alerting-ha/deployment.yaml')).toMatchObject({
      metadata: { name: deployment.metadata?.name, namespace },
      spec: { replicas: 2, template: { spec: { automountServiceAccountToken: true } } },
    });
  });
});

describe('the overlay alerting-log-rules', () => {
  const folder = 'overlays/alerting-log-rules';

  it('is the shipped configuration with rules on logs, which are mounted', () => {
    const { datasources, log_rule_files, ...rest } = read(`${folder}/alerting.yaml`) as Record<string, unknown>;
    const shipped = read('alerting/alerting.yaml') as Record<string, unknown>;
    expect({ ...rest, datasources: shipped.datasources }).toEqual(shipped);
    expect(datasources).toMatchObject({ ...Object(shipped.datasources), logs: { type: 'loki' } });
    expect(log_rule_files).toEqual(['${LOG_RULES:-log-rules}/*.yaml']);
    const patch = JSON.stringify(read(`${folder}/deployment.yaml`));
    expect(patch).toContain('{"name":"LOG_RULES","value":"/etc/vigie-log-rules"}');
    expect(patch).toContain('"configMap":{"name":"vigie-alerting-log-rules"}');
    expect(read(`${folder}/kustomization.yaml`)).toMatchObject({
      configMapGenerator: [
        { name: 'vigie-alerting', behavior: 'merge', files: ['alerting.yaml'] },
        { name: 'vigie-alerting-log-rules', files: ['log-rules/errors.yaml'] },
      ],
    });
  });
});
