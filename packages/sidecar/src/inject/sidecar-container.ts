/** The container that is injected. */
import type { Asked } from './annotations.ts';
import { fittedResources } from './fitted-resources.ts';
import { type LogMounts, POD_ENVIRONMENT, type VolumeMount } from './log-mounts.ts';
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
};

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
    env: POD_ENVIRONMENT.map((name) => ({ name, valueFrom: { fieldRef: { fieldPath: FIELDS[name] } } })),
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

function modeArguments({ mode, prefix, port }: Asked, globs: readonly string[]): readonly string[] {
  // Every address of the pod, whichever family it has: the kubelet probes the first one.
  const listen = ['--listen', `:${port}`];
  if (mode === 'ship') return ['ship', '--config', `${CONFIG_DIR}/${CONFIG_KEY}`, ...listen];
  return ['stream', '--data-dir', DATA_DIR, '--prefix', prefix, ...listen, ...globs.map(unexpanded)];
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
      ? [{ name: CONFIG_VOLUME, configMap: { name: config, items: [{ key: CONFIG_KEY, path: CONFIG_KEY }] } }]
      : []),
  ];
}
