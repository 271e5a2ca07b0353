/** Pods as a cluster has them: with the managedFields, volumes and conditions that make most of their bytes. */
import type { KubeObject } from './object-store.ts';

export interface TestPodOptions {
  readonly namespace?: string;
  readonly nodeName?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly containers?: readonly string[];
}

/** About 7 KB of JSON. */
export function testPod(name: string, options: TestPodOptions = {}): KubeObject {
  const { namespace = 'default', nodeName = 'node-0', labels = { app: name }, annotations = {}, owner } = options;
  const containers = options.containers ?? ['web', 'metrics'];
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace,
      uid: options.uid ?? `uid-of-${namespace}-${name}`,
      creationTimestamp: '2026-11-21T10:00:00Z',
      labels,
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [ownerReference(owner)] }),
      managedFields: [managedBy('kube-controller-manager', containers), managedBy('kubelet', containers)],
    },
    spec: {
      nodeName,
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      volumes: ['kube-api-access', 'config', 'data', 'tmp'].map((volume) => ({
        name: `${volume}-${name}`,
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] },
      })),
      containers: containers.map((container) => ({
        name: container,
        image: `registry.example/${container}:1.4.2`,
        env: Array.from({ length: 12 }, (_, index) => ({ name: `SETTING_${index}`, value: `value of "${index}"` })),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        volumeMounts: [{ name: `config-${name}`, mountPath: '/etc/config', readOnly: true }],
      })),
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.1.2.3',
      startTime: '2026-11-21T10:00:01Z',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: '2026-11-21T10:00:02Z',
      })),
      containerStatuses: containers.map((container, index) => ({
        name: container,
        image: `registry.example/${container}:1.4.2`,
        imageID: `registry.example/${container}@sha256:${'ab'.repeat(32)}`,
        containerID: `containerd://${String(index).repeat(64)}`,
        restartCount: index,
        ready: true,
        state: { running: { startedAt: '2026-11-21T10:00:02Z' } },
      })),
    },
  };
}

function ownerReference({ kind, name }: { readonly kind: string; readonly name: string }): object {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return { apiVersion, kind, name, uid: `uid-of-${name}`, controller: true, blockOwnerDeletion: true };
}

function managedBy(manager: string, containers: readonly string[]): object {
  const fields = { '.': {}, 'f:image': {}, 'f:imagePullPolicy': {}, 'f:name': {}, 'f:resources': {}, 'f:env': {} };
  return {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-11-21T10:00:02Z',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} }, 'f:ownerReferences': { '.': {} } },
      'f:spec': {
        'f:containers': Object.fromEntries(containers.map((name) => [`k:{"name":"${name}"}`, fields])),
        'f:dnsPolicy': {},
        'f:enableServiceLinks': {},
        'f:restartPolicy': {},
        'f:schedulerName': {},
        'f:securityContext': {},
        'f:terminationGracePeriodSeconds': {},
      },
    },
  };
}
