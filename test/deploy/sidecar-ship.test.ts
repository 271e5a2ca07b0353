import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadShipConfig, type ShipConfig } from '@vigie/sidecar/ship/config';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ConfigMap, Namespace } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/sidecar-ship', import.meta.url));

const kustomization: unknown = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
const manifests = new Map<string, unknown>(
  files.map((file) => [file, parse(readFileSync(join(FOLDER, file), 'utf8'))]),
);

/** The one manifest of a kind. */
function only<T>(is: (value: unknown) => value is T): T {
  const [found, ...others] = [...manifests.values()].filter(is);
  if (found === undefined || others.length > 0) throw new Error('not exactly one manifest of the kind');
  return found;
}

const deployment = only(Deployment.is);
const configMap = only(ConfigMap.is);
const policy = only(NetworkPolicy.is);
const namespace = only(Namespace.is).metadata;
const pod = deployment.spec?.template.spec;
const sidecar = pod?.initContainers?.[0];
const app = pod?.containers[0];
const config = await loadedConfig(configMap.data?.['sidecar.yaml'] ?? '');

async function loadedConfig(text: string): Promise<ShipConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-deploy-'));
  try {
    writeFileSync(join(folder, 'sidecar.yaml'), text);
    return await loadShipConfig(join(folder, 'sidecar.yaml'), {}, { listen: undefined, files: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mountOf = (container: typeof sidecar, volume: string) =>
  container?.volumeMounts?.find(({ name }) => name === volume);

describe('manifests of an application with the sidecar that ships its logs', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization, in one namespace', () => {
    expect(kustomization).toMatchObject({ resources: expect.arrayContaining(files) });
    const namespaced = [...manifests.values()] as { readonly metadata: { readonly namespace?: string } }[];
    const named = namespaced.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(new Set(named)).toEqual(new Set([namespace?.name]));
  });
});

describe('the sidecar', () => {
  it('is a native one, with the configuration that its command names', () => {
    expect(sidecar?.restartPolicy).toBe('Always');
    expect(sidecar?.command).toEqual(['vigie', 'sidecar', 'ship', '--config', '/etc/vigie/sidecar.yaml']);
    expect(mountOf(sidecar, 'config')?.mountPath).toBe('/etc/vigie');
    const sources = pod?.volumes?.find(({ name }) => name === 'config')?.projected?.sources;
    expect(sources?.[0]?.configMap?.name).toBe(configMap.metadata?.name);
  });

  it('reads where the application writes, and takes what it pushes', () => {
    const source = config.sources.files;
    const folder = mountOf(sidecar, 'logs')?.mountPath;
    expect(source?.type === 'file' ? source.paths : []).toEqual([`${folder}/*.log`]);
    expect(source?.type === 'file' ? source.container : undefined).toBe(app?.name);
    expect(mountOf(app, 'logs')?.mountPath).toBe(folder);
    const script = app?.command?.at(-1);
    expect(script).toContain(`>> ${folder}/`);
    const receiver = config.sources.otlp;
    const address = receiver?.type === 'otlp' ? receiver.listen.address : undefined;
    expect(script).toContain(`http://${address?.host}:${address?.port}/v1/logs`);
  });

  it('knows which pod it is in, of the downward API', () => {
    const fields = sidecar?.env?.map(({ name, value, valueFrom }) => [name, value ?? valueFrom?.fieldRef?.fieldPath]);
    expect(Object.fromEntries(fields ?? [])).toEqual({
      POD_NAME: 'metadata.name',
      POD_NAMESPACE: 'metadata.namespace',
      POD_UID: 'metadata.uid',
      POD_IP: 'status.podIP',
      NODE_NAME: 'spec.nodeName',
      CONTAINER_NAME: app?.name,
      POD_LABELS_FILE: '/etc/vigie/labels',
    });
    const sources = pod?.volumes?.find(({ name }) => name === 'config')?.projected?.sources;
    expect(sources?.[1]?.downwardAPI?.items).toEqual([{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }]);
  });

  it('keeps its state in a volume that has room for the disk buffer', () => {
    expect(config.data_dir).toBe(mountOf(sidecar, 'data')?.mountPath);
    expect(config.sinks.es?.buffer?.max_size).toBe(64 * 1024 * 1024);
    expect(pod?.volumes?.find(({ name }) => name === 'data')?.emptyDir?.sizeLimit).toBe('100Mi');
  });

  it('listens where probes, annotations and the network policy expect it', () => {
    const { port } = config.listen.address;
    expect(sidecar?.ports).toEqual([{ name: 'http', containerPort: port, protocol: 'TCP' }]);
    expect(deployment.spec?.template.metadata?.annotations?.['prometheus.io/port']).toBe(String(port));
    expect(policy.spec?.ingress?.flatMap(({ ports }) => ports ?? []).map((one) => one.port)).toEqual([port]);
    expect([sidecar?.startupProbe, sidecar?.livenessProbe].map((probe) => probe?.httpGet)).toEqual([
      { path: '/livez', port: 'http' },
      { path: '/livez', port: 'http' },
    ]);
  });

  it('may talk to its sink', () => {
    const ports = policy.spec?.egress?.flatMap((rule) => rule.ports ?? []).map(({ port }) => port);
    const endpoints = config.sinks.es?.type === 'elasticsearch' ? config.sinks.es.endpoints : [];
    expect(endpoints.map((endpoint) => Number(new URL(endpoint).port))).toEqual(ports?.slice(-1));
  });

  it('has time to drain before it is killed', () => {
    const closeMs = 3000;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(config.shutdown_grace + closeMs);
  });

  it('runs, with the application, at the level restricted, without a token', () => {
    expect(namespace?.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(pod?.automountServiceAccountToken).toBe(false);
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of [sidecar, app]) {
      expect(container?.securityContext).toEqual({
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container?.resources?.limits?.memory).toBeDefined();
    }
  });
});
