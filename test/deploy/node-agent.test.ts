import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAgentConfig } from '@vigie/node-agent/config';
import { tailedSources } from '@vigie/node-agent/source-config';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, ResourceQuota, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/node-agent', import.meta.url));
const DEFAULT_PORT = 9880;

const kustomization: unknown = parse(await readFile(join(FOLDER, 'kustomization.yaml'), 'utf8'));
const files = (await readdir(FOLDER)).filter((name) => name !== 'kustomization.yaml');
const manifests = new Map<string, unknown>();
for (const file of files) manifests.set(file, parse(await readFile(join(FOLDER, file), 'utf8')));

/** The one manifest of a kind. */
function only<T>(is: (value: unknown) => value is T): T {
  const [found, ...others] = [...manifests.values()].filter(is);
  if (found === undefined || others.length > 0) throw new Error('not exactly one manifest of the kind');
  return found;
}

const daemonSet = only(DaemonSet.is);
const configMap = only(ConfigMap.is);
const policy = only(NetworkPolicy.is);
const pod = daemonSet.spec?.template.spec;
const container = pod?.containers[0];

const config = await loadedConfig(configMap.data?.['agent.yaml'] ?? '');

async function loadedConfig(text: string, environment: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-deploy-'));
  try {
    await writeFile(join(folder, 'agent.yaml'), text);
    return await loadAgentConfig(join(folder, 'agent.yaml'), environment, undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('manifests', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization', () => {
    expect(kustomization).toMatchObject({ resources: expect.arrayContaining(files) });
  });

  it('the check itself finds misspelt fields and wrong types', () => {
    const misspelt = structuredClone(manifests.get('daemon-set.yaml')) as {
      spec: { template: { spec: Record<string, unknown> } };
    };
    misspelt.spec.template.spec.tolerationz = [];
    expect(manifestProblems(misspelt)).toEqual(['unknown field .spec.template.spec.tolerationz']);
    const mistyped = structuredClone(manifests.get('daemon-set.yaml')) as { spec: Record<string, unknown> };
    mistyped.spec.minReadySeconds = 'ten';
    expect(manifestProblems(mistyped)).toEqual([expect.stringContaining('minReadySeconds')]);
  });
});

describe('the agent', () => {
  it('has the configuration that its command names', () => {
    const at = container?.command?.indexOf('--config') ?? -1;
    const mount = container?.volumeMounts?.find(({ name }) => name === 'config');
    expect(container?.command?.[at + 1]).toBe(`${mount?.mountPath}/agent.yaml`);
    expect(pod?.volumes?.find(({ name }) => name === 'config')?.configMap?.name).toBe(configMap.metadata?.name);
  });

  it('listens where probes, annotations and the network policy expect it', () => {
    expect(config.listen.address).toEqual({ host: '', port: DEFAULT_PORT });
    expect(container?.ports).toEqual([{ name: 'http', containerPort: DEFAULT_PORT, protocol: 'TCP' }]);
    expect(daemonSet.spec?.template.metadata?.annotations?.['prometheus.io/port']).toBe(String(DEFAULT_PORT));
    expect(policy.spec?.ingress?.flatMap(({ ports }) => ports ?? [])).toEqual([
      { protocol: 'TCP', port: DEFAULT_PORT },
    ]);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/livez', port: 'http' },
      { path: '/livez', port: 'http' },
      { path: '/readyz', port: 'http' },
    ]);
  });

  it('may reach its sink', () => {
    const ports = policy.spec?.egress?.flatMap(({ ports }) => ports ?? []).map(({ port }) => port);
    for (const sink of Object.values(config.sinks)) {
      if (sink.type !== 'elasticsearch') continue;
      for (const endpoint of sink.endpoints) expect(ports).toContain(Number(new URL(endpoint).port));
    }
  });

  it('can read the logs and write its state, and nothing else of the node', () => {
    const mounts = Object.fromEntries((container?.volumeMounts ?? []).map(({ name, ...mount }) => [name, mount]));
    const hostPaths = (pod?.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined);
    const writable = hostPaths.filter(({ name }) => mounts[name]?.readOnly !== true);
    expect(writable.map(({ hostPath }) => hostPath?.path)).toEqual([config.data_dir]);
    const { procfs, sysfs, rootfs } = config.host_metrics ?? {};
    const places: Readonly<Record<string, string | undefined>> = { '/proc': procfs, '/sys': sysfs };
    for (const { name, hostPath: { path } = { path: '' } } of hostPaths)
      expect(mounts[name]?.mountPath).toBe(places[path] ?? path);
    expect(hostPaths.map(({ hostPath }) => hostPath?.path)).toEqual(expect.arrayContaining(Object.keys(places)));
    expect(rootfs).toBeUndefined();
    const logRoots = hostPaths
      .filter(({ name }) => !['data', 'proc', 'sys'].includes(name))
      .map(({ hostPath }) => `${hostPath?.path}/`);
    for (const path of Object.values(tailedSources(config.sources)).flatMap(({ paths }) => paths)) {
      expect(logRoots.some((root) => path.startsWith(root))).toBe(true);
    }
  });

  it('keeps its dead letters where they outlive the pod', () => {
    for (const { dead_letter: deadLetter } of Object.values(config.sinks)) {
      expect(deadLetter?.path.startsWith(`${config.data_dir}/`)).toBe(true);
    }
  });

  it('has time to drain before it is killed', () => {
    const closeMs = 3000;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(config.shutdown_grace + closeMs);
  });

  it('knows its node and its own pod, so that it does not ship its own log', () => {
    const names = container?.env?.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef?.fieldPath]);
    expect(names).toEqual([
      ['NODE_NAME', 'spec.nodeName'],
      ['POD_NAME', 'metadata.name'],
      ['POD_NAMESPACE', 'metadata.namespace'],
    ]);
  });

  it('has the rights that its configuration uses, and no others', () => {
    expect(only(ClusterRole.is).rules).toEqual(rightsOf(config));
    const binding = only(ClusterRoleBinding.is);
    const account = only(ServiceAccount.is).metadata;
    expect(binding.roleRef).toEqual({
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: only(ClusterRole.is).metadata?.name,
    });
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: account?.name, namespace: account?.namespace }]);
    expect(pod?.serviceAccountName).toBe(account?.name);
    expect(pod?.automountServiceAccountToken).toBe(true);
    expect(only(ServiceAccount.is).automountServiceAccountToken).toBe(false);
    const ports = policy.spec?.egress?.flatMap((rule) => rule.ports ?? []).map(({ port }) => port);
    expect(ports).toEqual(expect.arrayContaining([443, 6443]));
  });

  it('runs without privileges, on every node, before others are evicted', () => {
    expect(container?.securityContext).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.securityContext?.seccompProfile).toEqual({ type: 'RuntimeDefault' });
    expect(pod?.tolerations).toEqual([{ operator: 'Exists' }]);
    const admitted = only(ResourceQuota.is).spec?.scopeSelector?.matchExpressions?.[0]?.values;
    expect(admitted).toEqual([pod?.priorityClassName]);
  });
});

/** What the requests of `metadata` need: packages/node-agent/test/metadata holds that the agent makes no others. */
function rightsOf({ sources }: Awaited<ReturnType<typeof loadedConfig>>): object[] {
  const rule = (resource: string, ...verbs: string[]): object => ({ apiGroups: [''], resources: [resource], verbs });
  const logs = Object.values(sources).flatMap((source) => (source.type === 'kubernetes_logs' ? [source] : []));
  return [
    ...(logs.some(({ metadata }) => metadata === 'api') ? [rule('pods', 'list', 'watch')] : []),
    ...(logs.some(({ metadata }) => metadata === 'kubelet') ? [rule('nodes/pods', 'get')] : []),
    ...(logs.some((source) => source.namespace_labels) ? [rule('namespaces', 'list', 'watch')] : []),
  ];
}

describe.each(['node-agent-kubelet', 'node-agent-namespace-labels'])('the overlay %s', async (name) => {
  const folder = fileURLToPath(new URL(`../../deploy/overlays/${name}`, import.meta.url));
  const read = async (file: string): Promise<unknown> => parse(await readFile(join(folder, file), 'utf8'));
  const overlay = (await read('kustomization.yaml')) as {
    readonly resources: readonly string[];
    readonly patches: readonly { readonly path?: string; readonly target?: { readonly name: string } }[];
  };
  const role = await read('cluster-role.yaml');
  const patched = (await read('daemon-set.yaml')) as typeof daemonSet;
  const env = patched.spec?.template.spec?.containers[0]?.env ?? [];

  it('changes what the manifests have, and is whole', async () => {
    expect(overlay.resources).toEqual(['../../node-agent']);
    const paths = overlay.patches.flatMap(({ path }) => path ?? []);
    expect([...paths, 'kustomization.yaml'].sort()).toEqual((await readdir(folder)).sort());
    expect(patched.metadata).toEqual({ name: daemonSet.metadata?.name, namespace: daemonSet.metadata?.namespace });
    expect(patched.spec?.template.spec?.containers.map((one) => one.name)).toEqual([container?.name]);
    for (const { target } of overlay.patches) if (target !== undefined) expect(target.name).toBe(policy.metadata?.name);
  });

  it('grants what the configuration then uses, and nothing else', async () => {
    const values = Object.fromEntries(
      env.flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value]])),
    );
    const changed = await loadedConfig(configMap.data?.['agent.yaml'] ?? '', values);
    expect(rightsOf(changed)).not.toEqual(rightsOf(config));
    expect(role).toMatchObject({ metadata: { name: only(ClusterRole.is).metadata?.name }, rules: rightsOf(changed) });
    expect(manifestProblems(role)).toEqual([]);
  });
});

describe('the overlay node-agent-events', async () => {
  const folder = fileURLToPath(new URL('../../deploy/overlays/node-agent-events', import.meta.url));
  const names = (await readdir(folder)).filter((name) => name !== 'kustomization.yaml');
  const read = async (file: string): Promise<unknown> => parse(await readFile(join(folder, file), 'utf8'));
  const all = new Map<string, unknown>();
  for (const name of names) all.set(name, await read(name));
  const account = { kind: 'ServiceAccount', ...only(ServiceAccount.is).metadata };
  const subjects = [{ kind: account.kind, name: account.name, namespace: account.namespace }];

  it('is whole, and valid', async () => {
    expect(await read('kustomization.yaml')).toMatchObject({
      resources: expect.arrayContaining(['../../node-agent', ...names.filter((name) => name !== 'config-map.yaml')]),
      patches: [{ path: 'config-map.yaml' }],
    });
    for (const manifest of all.values()) expect(manifestProblems(manifest)).toEqual([]);
  });

  it('has the configuration of the manifests, and one source more', async () => {
    const patch = all.get('config-map.yaml');
    if (!ConfigMap.is(patch)) throw new Error('no ConfigMap');
    expect(patch.metadata).toEqual({ name: configMap.metadata?.name, namespace: configMap.metadata?.namespace });
    const text = patch.data?.['agent.yaml'] ?? '';
    const added = /^.*\n.*kubernetes_events.*\n/m;
    expect(text.replace(added, '').replace('[json, cluster]', '[json]')).toBe(configMap.data?.['agent.yaml']);
    expect((await loadedConfig(text)).sources.cluster).toMatchObject({ lease: { name: 'vigie-events' } });
  });

  it('grants the agents one Lease of their namespace and all events, and nothing else', () => {
    const [clusterRole, role] = [all.get('cluster-role.yaml'), all.get('role.yaml')];
    const [clusterBinding, binding] = [all.get('cluster-role-binding.yaml'), all.get('role-binding.yaml')];
    if (!ClusterRole.is(clusterRole) || !Role.is(role)) throw new Error('no roles');
    expect(clusterRole.rules).toEqual([{ apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] }]);
    const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
    expect(role.rules).toEqual([
      { ...leases, verbs: ['create'] },
      { ...leases, resourceNames: ['vigie-events'], verbs: ['get', 'update'] },
    ]);
    const refersTo = (kind: string, name: string | undefined): object => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects,
    });
    expect(clusterBinding).toMatchObject(refersTo('ClusterRole', clusterRole.metadata?.name));
    expect(binding).toMatchObject(refersTo('Role', role.metadata?.name));
    if (!ClusterRoleBinding.is(clusterBinding) || !RoleBinding.is(binding)) throw new Error('no bindings');
    expect([role.metadata?.namespace, binding.metadata?.namespace]).toEqual([account.namespace, account.namespace]);
  });
});

describe('the overlay node-agent-otlp', async () => {
  const folder = fileURLToPath(new URL('../../deploy/overlays/node-agent-otlp', import.meta.url));
  const read = async (file: string): Promise<unknown> => parse(await readFile(join(folder, file), 'utf8'));
  const overlay = (await read('kustomization.yaml')) as {
    readonly resources: readonly string[];
    readonly patches: readonly { readonly path?: string; readonly target?: object; readonly patch?: string }[];
  };
  const [patch, service] = [await read('config-map.yaml'), await read('service.yaml')];
  if (!ConfigMap.is(patch) || !Service.is(service)) throw new Error('other kinds than expected');
  const text = patch.data?.['agent.yaml'] ?? '';
  const { apps } = (await loadedConfig(text)).sources;
  if (apps?.type !== 'otlp') throw new Error('no source otlp');
  const patched = ((await read('daemon-set.yaml')) as typeof daemonSet).spec?.template.spec;
  const [port, ...otherPorts] = patched?.containers[0]?.ports ?? [];

  it('is whole, and valid', async () => {
    const paths = overlay.patches.flatMap(({ path }) => path ?? []);
    expect(overlay.resources).toEqual(['../../node-agent', 'service.yaml']);
    expect([...paths, 'service.yaml', 'kustomization.yaml'].sort()).toEqual((await readdir(folder)).sort());
    expect(manifestProblems(patch)).toEqual([]);
    expect(manifestProblems(service)).toEqual([]);
  });

  it('has the configuration of the manifests, and one source more', () => {
    const added = /^.*\n.*type: otlp.*\n/m;
    expect(text.replace(added, '').replace('[json, apps]', '[json]')).toBe(configMap.data?.['agent.yaml']);
  });

  it('asks of who pushes the token of a Secret that has to be there', () => {
    expect(apps.listen.auth).toEqual({ type: 'bearer', tokenFile: '/etc/vigie-push/token' });
    const [mount] = patched?.containers[0]?.volumeMounts ?? [];
    expect(mount).toEqual({ name: 'push', mountPath: '/etc/vigie-push', readOnly: true });
    expect(patched?.volumes).toEqual([{ name: 'push', secret: { secretName: 'vigie-node-agent-push' } }]);
  });

  it('leads from the Service to the agent of the same node, on the port that it listens on', () => {
    expect(apps.listen.address).toEqual({ host: '', port: port?.containerPort });
    expect(otherPorts).toEqual([]);
    expect(service.spec).toMatchObject({
      selector: daemonSet.spec?.selector.matchLabels,
      internalTrafficPolicy: 'Local',
      ports: [{ port: port?.containerPort, targetPort: port?.name }],
    });
    const [rule] = overlay.patches.filter(({ target }) => target !== undefined);
    expect(rule?.target).toEqual({ kind: 'NetworkPolicy', name: policy.metadata?.name });
    expect(parse(rule?.patch ?? '')).toEqual([
      {
        op: 'add',
        path: '/spec/ingress/-',
        value: {
          from: [{ namespaceSelector: {} }],
          ports: [{ protocol: 'TCP', port: port?.containerPort }],
        },
      },
    ]);
  });
});
