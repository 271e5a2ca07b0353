import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadWebhookConfig, type WebhookConfig } from '@vigie/sidecar/webhook/config';
import { MutatingWebhookConfiguration } from 'kubernetes-models/admissionregistration.k8s.io/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/sidecar-webhook', import.meta.url));
const HTTP_PORT = 9881;

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
const service = only(Service.is);
const hooks = only(MutatingWebhookConfiguration.is);
const pod = deployment.spec?.template.spec;
const container = pod?.containers[0];
const namespace = only(Namespace.is).metadata?.name;
const config = await loadedConfig(configMap.data?.['webhook.yaml'] ?? '');

async function loadedConfig(text: string): Promise<WebhookConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-deploy-'));
  try {
    writeFileSync(join(folder, 'webhook.yaml'), text);
    return await loadWebhookConfig(join(folder, 'webhook.yaml'), {}, undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('manifests of the sidecar webhook', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization, in one namespace', () => {
    expect(kustomization).toMatchObject({ resources: expect.arrayContaining(files) });
    const namespaced = [...manifests.values()] as { readonly metadata: { readonly namespace?: string } }[];
    const named = namespaced.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(new Set(named)).toEqual(new Set([namespace]));
  });
});

describe('the webhook', () => {
  it('has the configuration that its command names', () => {
    const at = container?.command?.indexOf('--config') ?? -1;
    const mount = container?.volumeMounts?.find(({ name }) => name === 'config');
    expect(container?.command?.slice(0, 3)).toEqual(['vigie', 'sidecar', 'webhook']);
    expect(container?.command?.[at + 1]).toBe(`${mount?.mountPath}/webhook.yaml`);
    expect(pod?.volumes?.find(({ name }) => name === 'config')?.configMap?.name).toBe(configMap.metadata?.name);
  });

  it('injects the image that it is itself', () => {
    expect(config.injection.image).toBe(container?.image);
  });

  it('listens where Service, probes, annotations and the network policy expect it', () => {
    const admissionPort = config.admission.listen.port;
    expect(config.listen.address).toEqual({ host: '', port: HTTP_PORT });
    expect(container?.ports).toEqual([
      { name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' },
      { name: 'admission', containerPort: admissionPort, protocol: 'TCP' },
    ]);
    expect(service.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(['admission']);
    expect(service.spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
    expect(deployment.spec?.template.metadata?.annotations?.['prometheus.io/port']).toBe(String(HTTP_PORT));
    const ingress = policy.spec?.ingress?.flatMap(({ ports }) => ports ?? []).map(({ port }) => port);
    expect(ingress).toEqual([admissionPort, HTTP_PORT]);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/livez', port: 'http' },
      { path: '/livez', port: 'http' },
      { path: '/readyz', port: 'http' },
    ]);
  });

  it('keeps its certificate where it may, for the name by which it is called', () => {
    const selfSigned = config.admission.self_signed;
    expect(selfSigned?.secret).toBe(only(Secret.is).metadata?.name);
    expect(only(Secret.is).data).toBeUndefined();
    expect(selfSigned?.service).toBe(service.metadata?.name);
    expect(selfSigned?.webhook_configuration).toBe(hooks.metadata?.name);
    for (const { clientConfig } of hooks.webhooks ?? []) {
      expect(clientConfig).toEqual({
        service: { name: service.metadata?.name, namespace, path: '/mutate', port: service.spec?.ports?.[0]?.port },
      });
    }
  });

  it('has the rights to that, by name, and no others', () => {
    const verbs = ['get', 'update'];
    expect(only(Role.is).rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: [only(Secret.is).metadata?.name], verbs },
    ]);
    expect(only(ClusterRole.is).rules).toEqual([
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        resourceNames: [hooks.metadata?.name],
        verbs,
      },
    ]);
    const account = only(ServiceAccount.is);
    expect(account.automountServiceAccountToken).toBe(false);
    expect(pod?.serviceAccountName).toBe(account.metadata?.name);
    const subjects = [{ kind: 'ServiceAccount', name: account.metadata?.name, namespace }];
    const apiGroup = 'rbac.authorization.k8s.io';
    for (const [binding, kind, role] of [
      [only(RoleBinding.is), 'Role', only(Role.is)],
      [only(ClusterRoleBinding.is), 'ClusterRole', only(ClusterRole.is)],
    ] as const) {
      expect(binding.roleRef).toEqual({ apiGroup, kind, name: role.metadata?.name });
      expect(binding.subjects).toEqual(subjects);
    }
  });

  it('has time to drain before it is killed', () => {
    const closeMs = 3000;
    const preStopMs = (container?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(
      preStopMs + config.shutdown_grace + closeMs,
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

describe('the webhook configuration', () => {
  it.each(
    hooks.webhooks ?? [],
  )('$name lets pods pass when there is no webhook, asks opted-in namespaces only, and not itself', (hook) => {
    expect(hook).toMatchObject({
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      namespaceSelector: { matchLabels: { 'vigie.io/injection': 'enabled' } },
      objectSelector: {
        matchExpressions: [
          {
            key: 'app.kubernetes.io/name',
            operator: 'NotIn',
            values: [deployment.spec?.template.metadata?.labels?.['app.kubernetes.io/name']],
          },
        ],
      },
    });
    expect(hook.timeoutSeconds).toBeLessThanOrEqual(5);
  });

  it('comes again when another webhook has changed a pod', () => {
    expect(hooks.webhooks?.map(({ name, reinvocationPolicy }) => [name, reinvocationPolicy])).toEqual([
      ['pods.injection.vigie.io', 'IfNeeded'],
      ['templates.injection.vigie.io', 'Never'],
    ]);
  });
});
