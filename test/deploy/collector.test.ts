import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadedCollectorConfig, loadCollectorConfig } from '@vigie/collector/config/load-config';
import { OPERATOR_GROUP, OPERATOR_KINDS } from '@vigie/collector/operator/object-kinds';
import { APIService } from 'kubernetes-models/apiregistration.k8s.io/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/collector', import.meta.url));
const HTTP_PORT = 9090;
const METRICS_API_PORT = 8443;

const kustomization: unknown = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
const manifests = new Map<string, unknown>(
  files.map((file) => [file, parse(readFileSync(join(FOLDER, file), 'utf8'))]),
);

function all<T>(is: (value: unknown) => value is T): readonly T[] {
  return [...manifests.values()].filter(is);
}

/** The one manifest of a kind. */
function only<T>(is: (value: unknown) => value is T): T {
  const [found, ...others] = all(is);
  if (found === undefined || others.length > 0) throw new Error('not exactly one manifest of the kind');
  return found;
}

const deployment = only(Deployment.is);
const configMap = only(ConfigMap.is);
const policy = only(NetworkPolicy.is);
const service = only(Service.is);
const pod = deployment.spec?.template.spec;
const container = pod?.containers[0];
const namespace = only(Namespace.is).metadata?.name;
const { config, warnings } = await loadedConfig(configMap.data?.['collector.yaml'] ?? '');

async function loadedConfig(text: string, environment: Record<string, string> = {}): Promise<LoadedCollectorConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-deploy-'));
  try {
    writeFileSync(join(folder, 'collector.yaml'), text);
    return await loadCollectorConfig(join(folder, 'collector.yaml'), {
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      ...environment,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('manifests of the collector', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization, in one namespace but for one binding', () => {
    expect(kustomization).toMatchObject({ resources: expect.arrayContaining(files) });
    const namespaced = [...manifests.values()] as { readonly metadata: { readonly namespace?: string } }[];
    const named = namespaced.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(new Set(named)).toEqual(new Set([namespace, 'kube-system']));
    expect(named.filter((one) => one === 'kube-system')).toHaveLength(1);
  });
});

describe('the collector', () => {
  it('has the configuration that its command names, which says nothing in vain', () => {
    const at = container?.command?.indexOf('--config') ?? -1;
    const mount = container?.volumeMounts?.find(({ name }) => name === 'config');
    expect(container?.command?.slice(0, 2)).toEqual(['vigie', 'collector']);
    expect(container?.command?.[at + 1]).toBe(`${mount?.mountPath}/collector.yaml`);
    expect(pod?.volumes?.find(({ name }) => name === 'config')?.configMap?.name).toBe(configMap.metadata?.name);
    expect(warnings).toEqual([]);
  });

  it('scrapes what asks for it, kubelets, and the state of the cluster', () => {
    expect(config.scrapes.map(({ jobName }) => jobName)).toEqual(
      expect.arrayContaining(['kubernetes-pods', 'kubelet-resource', 'kube-state-metrics']),
    );
    expect(config.kubeState).toBeDefined();
  });

  it('listens where Service, probes, annotations and the network policy expect it', () => {
    expect(config.listen.address).toEqual({ host: '', port: HTTP_PORT });
    expect(config.metricsApi?.listen).toEqual({ host: '', port: METRICS_API_PORT });
    expect(container?.ports).toEqual([
      { name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' },
      { name: 'metrics-api', containerPort: METRICS_API_PORT, protocol: 'TCP' },
    ]);
    expect(service.spec?.ports?.map(({ port, targetPort }) => [port, targetPort])).toEqual([
      [HTTP_PORT, 'http'],
      [443, 'metrics-api'],
    ]);
    expect(service.spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
    expect(deployment.spec?.template.metadata?.annotations?.['prometheus.io/port']).toBe(String(HTTP_PORT));
    const ingress = policy.spec?.ingress?.flatMap(({ ports }) => ports ?? []).map(({ port }) => port);
    expect(ingress).toEqual([METRICS_API_PORT, HTTP_PORT]);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/livez', port: 'http' },
      { path: '/livez', port: 'http' },
      { path: '/readyz', port: 'http' },
    ]);
  });

  it('keeps its samples in a volume of its own', () => {
    const mount = container?.volumeMounts?.find(({ name }) => name === 'data');
    expect(config.storage.path.startsWith(`${mount?.mountPath}/`)).toBe(true);
    expect(pod?.volumes?.find(({ name }) => name === 'data')?.emptyDir).toBeDefined();
  });

  it('keeps its certificate where it may, for the name by which it is called', () => {
    expect(config.metricsApi?.certificate).toMatchObject({
      kind: 'self_made',
      service: service.metadata?.name,
      secret: only(Secret.is).metadata?.name,
      takeOver: [],
    });
    expect(only(Secret.is).data).toBeUndefined();
    for (const one of all(APIService.is)) {
      const { group, version, service: target, caBundle } = one.spec ?? {};
      expect(one.metadata?.name).toBe(`${version}.${group}`);
      expect(target).toEqual({ name: service.metadata?.name, namespace, port: 443 });
      expect(caBundle).toBeUndefined();
    }
  });

  it('may change the APIServices that are shipped, and no others', () => {
    const names = all(APIService.is).map(({ metadata }) => metadata?.name);
    expect(names).toHaveLength(4);
    const [rule] =
      all(ClusterRole.is).find(({ metadata }) => metadata?.name === 'vigie-collector-api-services')?.rules ?? [];
    expect(new Set(rule?.resourceNames)).toEqual(new Set(names));
    expect(rule?.verbs).toEqual(['get', 'update']);
    expect(only(Role.is).rules).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: [only(Secret.is).metadata?.name],
        verbs: ['get', 'update'],
      },
    ]);
  });

  it('may create events, and count those that are there', () => {
    const role = all(ClusterRole.is).find(({ metadata }) => metadata?.name === 'vigie-collector-hpa-events');
    expect(role?.rules).toEqual([
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
      { apiGroups: [''], resources: ['events'], verbs: ['get', 'patch'] },
    ]);
    expect(config.metricsApi?.events).toBe(true);
  });

  it('may list and watch every kind of the Prometheus operator that it reads', () => {
    const rules = all(ClusterRole.is).find(({ metadata }) => metadata?.name === 'vigie-collector')?.rules ?? [];
    const rule = rules.find(({ apiGroups }) => apiGroups?.includes(OPERATOR_GROUP) === true);
    expect(rule).toEqual({
      apiGroups: [OPERATOR_GROUP],
      resources: OPERATOR_KINDS.map(({ resource }) => resource).sort(),
      verbs: ['list', 'watch'],
    });
    expect(config.operatorObjects).toMatchObject({ selector: '', namespaces: [], fileAccess: false });
  });

  it('only reads else, under its own account', () => {
    const rules = all(ClusterRole.is).find(({ metadata }) => metadata?.name === 'vigie-collector')?.rules ?? [];
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['get', 'list', 'watch']));
    const account = only(ServiceAccount.is);
    expect(account.automountServiceAccountToken).toBe(false);
    expect(pod?.serviceAccountName).toBe(account.metadata?.name);
    const own = [...all(ClusterRoleBinding.is), ...all(RoleBinding.is)].filter(
      ({ metadata }) => metadata?.name !== 'vigie-custom-metrics-reader',
    );
    expect(own).toHaveLength(6);
    for (const { subjects } of own)
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account.metadata?.name, namespace }]);
  });

  it('lets the controller of HPAs read every custom and external metric', () => {
    const binding = all(ClusterRoleBinding.is).find(({ metadata }) => metadata?.name === 'vigie-custom-metrics-reader');
    expect(binding?.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'horizontal-pod-autoscaler', namespace: 'kube-system' },
    ]);
    const role = all(ClusterRole.is).find(({ metadata }) => metadata?.name === binding?.roleRef.name);
    expect(role?.rules?.[0]?.apiGroups).toEqual(['custom.metrics.k8s.io', 'external.metrics.k8s.io']);
  });

  it('has time to drain before it is killed', () => {
    const closeMs = 3000;
    const preStopMs = (container?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(
      preStopMs + config.shutdownGraceMs + closeMs,
    );
  });

  it('is there twice, and never not at all', () => {
    expect(deployment.spec?.replicas).toBe(2);
    expect(deployment.spec?.strategy?.rollingUpdate?.maxUnavailable).toBe(0);
    const budget = only(PodDisruptionBudget.is).spec;
    expect(budget?.minAvailable).toBe(1);
    expect(budget?.selector).toEqual(deployment.spec?.selector);
  });

  it('runs at the level restricted', () => {
    expect(only(Namespace.is).metadata?.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(container?.securityContext).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });
});

describe('the overlay collector-operator-secrets', () => {
  const folder = fileURLToPath(new URL('../../deploy/overlays/collector-operator-secrets', import.meta.url));
  const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
  const [role, binding] = [read('cluster-role.yaml'), read('cluster-role-binding.yaml')];

  it('is whole, and valid', () => {
    const names = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
    expect(read('kustomization.yaml')).toMatchObject({ resources: ['../../collector', ...names.sort().reverse()] });
    for (const manifest of [role, binding]) expect(manifestProblems(manifest)).toEqual([]);
  });

  it('grants the collectors to get Secrets and ConfigMaps, and nothing else', () => {
    if (!ClusterRole.is(role) || !ClusterRoleBinding.is(binding)) throw new Error('no role and binding');
    expect(role.rules).toEqual([{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get'] }]);
    expect(binding.roleRef.name).toBe(role.metadata?.name);
    const account = only(ServiceAccount.is);
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: account.metadata?.name, namespace }]);
  });
});

describe('the overlay collector-shards', async () => {
  const folder = fileURLToPath(new URL('../../deploy/overlays/collector-shards', import.meta.url));
  const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
  const [set, map] = [read('stateful-set.yaml'), read('config-map.yaml')];
  if (!StatefulSet.is(set) || !ConfigMap.is(map)) throw new Error('other kinds than expected');
  const text = map.data?.['collector.yaml'] ?? '';

  it('is whole and valid, and stands in place of the Deployment', () => {
    expect(read('kustomization.yaml')).toMatchObject({ resources: ['../../collector', 'stateful-set.yaml'] });
    expect(readdirSync(folder).sort()).toEqual(['config-map.yaml', 'kustomization.yaml', 'stateful-set.yaml']);
    for (const manifest of [set, map]) expect(manifestProblems(manifest)).toEqual([]);
    const { patches } = read('kustomization.yaml') as { readonly patches: readonly { readonly patch?: string }[] };
    expect(parse(patches[1]?.patch ?? '')).toEqual({
      $patch: 'delete',
      apiVersion: deployment.apiVersion,
      kind: deployment.kind,
      metadata: { name: deployment.metadata?.name, namespace },
    });
  });

  it('runs the pods of the Deployment, each with a volume that waits for it', () => {
    const template = deployment.spec?.template;
    const volumes = template?.spec?.volumes?.filter(({ name }) => name !== 'data');
    expect(set.spec?.template).toEqual({ ...template, spec: { ...template?.spec, volumes } });
    expect(set.spec?.volumeClaimTemplates?.map(({ metadata }) => metadata?.name)).toEqual(['data']);
    expect(set.spec?.selector).toEqual(deployment.spec?.selector);
  });

  it('has a shard for each pod, and everything where queries look for it', async () => {
    const shards = await Promise.all(
      Array.from({ length: set.spec?.replicas ?? 0 }, async (_, ordinal) => {
        const loaded = await loadedConfig(text, { POD_NAME: `${set.metadata?.name}-${ordinal}` });
        expect(loaded.config.remoteWrite).toHaveLength(1);
        expect(loaded.config.engine?.url.href).toContain('http');
        return loaded.config.sharding;
      }),
    );
    expect(shards).toEqual([0, 1, 2].map((shard) => ({ shards: 3, shard })));
  });
});

describe('the overlay collector-otlp', async () => {
  const folder = fileURLToPath(new URL('../../deploy/overlays/collector-otlp', import.meta.url));
  const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
  const [map, pushed] = [read('config-map.yaml'), read('service.yaml')];
  if (!ConfigMap.is(map) || !Service.is(pushed)) throw new Error('other kinds than expected');
  const text = map.data?.['collector.yaml'] ?? '';
  const patched = (read('deployment.yaml') as typeof deployment).spec?.template.spec;
  const [port] = patched?.containers[0]?.ports ?? [];

  it('is whole and valid, and has the configuration of the manifests with a port more', () => {
    expect(read('kustomization.yaml')).toMatchObject({ resources: ['../../collector', 'service.yaml'] });
    for (const manifest of [map, pushed]) expect(manifestProblems(manifest)).toEqual([]);
    expect(text.replace(/^otlp:\n.*\n/m, '')).toBe(configMap.data?.['collector.yaml']);
  });

  it('asks of who pushes the token of a Secret that has to be there, on the port that the Service leads to', async () => {
    const { listen } = (await loadedConfig(text)).config.otlp;
    expect(listen).toMatchObject({ auth: { type: 'bearer', tokenFile: '/etc/vigie-push/token' } });
    expect(listen?.address).toEqual({ host: '', port: port?.containerPort });
    expect(patched?.volumes).toEqual([{ name: 'push', secret: { secretName: 'vigie-collector-push' } }]);
    expect(pushed.spec).toMatchObject({
      selector: deployment.spec?.selector.matchLabels,
      ports: [{ port: port?.containerPort, targetPort: port?.name }],
    });
  });
});
