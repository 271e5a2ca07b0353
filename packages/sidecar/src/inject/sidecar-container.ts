/** The container that is injected. */
import type { Asked } from './annotations.ts';
import { fittedResources } from './fitted-resources.ts';
import { LOGS_ROOT, type LogMounts, POD_ENVIRONMENT, type VolumeMount } from './log-mounts.ts';
import type { PodView } from './pod-view.ts';
import type { RunAs } from './run-as.ts';
import type { InjectionSettings } from './settings.ts';

export const SIDECAR_NAME = 'vigie-sidecar';
export const DATA_VOLUME = 'vigie-sidecar-data';
export const CONFIG_VOLUME = 'vigie-sidecar-config';
const DATA_DIR = '/var/lib/vigie-sidecar';
const CONFIG_DIR = '/etc/vigie';
const CONFIG_KEY = 'sidecar.yaml';

const FIELDS: Readonly<Record<string, string>> = {
  POD_NAME: 'metadata.name',
  POD_NAMESPACE: 'metadata.namespace',
  POD_UID: 'metadata.uid',
  NODE_NAME: 'spec.nodeName',
  POD_IP: 'status.podIP',
};

/** Beside the configuration: what may change while the pod runs, so that no variable can hold it. */
const LABELS_KEY = 'labels';
const ANNOTATIONS_KEY = 'annotations';

/** A native sidecar: an init container that starts before the application, restarts by itself, and ends after it. */
export function sidecarContainer(
  asked: Asked,
  { sidecarMounts, globs }: LogMounts,
  runAs: RunAs,
  pod: PodView,
  { imagePullPolicy }: InjectionSettings,
): object {
  const { image, port } = asked;
  const mounts: VolumeMount[] = [...sidecarMounts, { name: DATA_VOLUME, mountPath: DATA_DIR }];
  if (asked.config !== undefined && asked.mode === 'ship') {
    mounts.push({ name: CONFIG_VOLUME, mountPath: CONFIG_DIR, readOnly: true });
  }
  return {
    name: SIDECAR_NAME,
    image,
    imagePullPolicy,
    restartPolicy: 'Always',
    command: ['vigie', 'sidecar', ...modeArguments(asked, globs)],
    env: environment(asked),
    ports: [
      {
        name: SIDECAR_NAME,
        containerPort: port,
        protocol: 'TCP',
        // So that the scheduler keeps two of them off one node.
        ...(pod.spec.hostNetwork === true ? { hostPort: port } : {}),
      },
    ],
    // The application waits for it: a second more is a second later for each pod.
    startupProbe: { httpGet: { path: '/livez', port }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/livez', port }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    resources: fittedResources(asked.resources, pod),
    securityContext: {
      runAsUser: runAs.user,
      ...(runAs.group === undefined ? {} : { runAsGroup: runAs.group }),
      runAsNonRoot: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: mounts,
  };
}

function environment({ mode }: Asked): readonly object[] {
  const field = (name: string): object => ({ name, valueFrom: { fieldRef: { fieldPath: FIELDS[name] } } });
  const pod = POD_ENVIRONMENT.map(field);
  if (mode === 'stream') return pod;
  return [
    ...pod,
    field('POD_IP'),
    { name: 'POD_LABELS_FILE', value: `${CONFIG_DIR}/${LABELS_KEY}` },
    { name: 'POD_ANNOTATIONS_FILE', value: `${CONFIG_DIR}/${ANNOTATIONS_KEY}` },
    { name: 'CONTAINER_LOGS_DIR', value: LOGS_ROOT },
  ];
}

function modeArguments({ mode, prefix, port }: Asked, globs: readonly string[]): readonly string[] {
  // Every address of the pod, whichever family it has: the kubelet probes the first one.
  const listen = ['--listen', `:${port}`];
  const files = globs.map(unexpanded);
  if (mode === 'ship') return ['ship', '--config', `${CONFIG_DIR}/${CONFIG_KEY}`, ...listen, ...files];
  return ['stream', '--data-dir', DATA_DIR, '--prefix', prefix, ...listen, ...files];
}

/** Kubernetes expands `$(NAME)` in a command, and makes one `$` of two. */
function unexpanded(argument: string): string {
  return argument.replaceAll('$', '$$$$');
}

/** The volumes of the sidecar itself. */
export function sidecarVolumes({ mode, config, volumeSize }: Asked, { newVolumes }: LogMounts): readonly object[] {
  const emptyDir = volumeSize === undefined ? {} : { sizeLimit: volumeSize };
  return [
    ...newVolumes.map((name) => ({ name, emptyDir })),
    { name: DATA_VOLUME, emptyDir: {} },
    ...(mode === 'ship' && config !== undefined
      ? [{ name: CONFIG_VOLUME, projected: { sources: configSources(config) } }]
      : []),
  ];
}

function configSources(config: string): readonly object[] {
  const item = (path: string) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } });
  return [
    { configMap: { name: config, items: [{ key: CONFIG_KEY, path: CONFIG_KEY }] } },
    { downwardAPI: { items: [item(LABELS_KEY), item(ANNOTATIONS_KEY)] } },
  ];
}
