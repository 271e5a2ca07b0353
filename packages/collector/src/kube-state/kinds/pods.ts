/** Pods. Source: kube-state-metrics, internal/store/pod.go. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { entriesAt, isAt, listAt, numberAt, secondsAt, textAt } from '../fields.ts';
import type { Labels, Sample } from '../kind.ts';
import {
  conditionOf,
  controllerOf,
  created,
  deleted,
  gauge,
  info,
  namespaced,
  one,
  oneOf,
  owners,
  states,
  timeGauge,
} from '../samples.ts';
import { containerFamilies } from './containers.ts';

const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'];
const REASONS = ['Evicted', 'NodeAffinity', 'NodeLost', 'Shutdown', 'UnexpectedAdmissionError'];
const QOS_CLASSES = ['BestEffort', 'Burstable', 'Guaranteed'];

const TOLERATION_LABELS = ['key', 'operator', 'value', 'effect', 'toleration_seconds'];

export const pods = namespaced(
  {
    resource: 'pods',
    goType: '*v1.Pod',
    group: '',
    path: '/api/v1/pods',
    prefix: 'kube_pod',
    families: [
      gauge('kube_pod_info', 'Information about pod.', (pod) => info(infoOf(pod)), [
        'host_ip',
        'pod_ip',
        'node',
        'created_by_kind',
        'created_by_name',
        'priority_class',
        'host_network',
      ]),
      gauge(
        'kube_pod_ips',
        'Pod IP addresses',
        (pod) => listAt(pod, 'status', 'podIPs').flatMap((entry) => ipSamples(textAt(entry, 'ip'))),
        ['ip', 'ip_family'],
      ),
      timeGauge('kube_pod_start_time', 'Start time in unix timestamp for a pod.', 'status', 'startTime'),
      gauge('kube_pod_completion_time', 'Completion time in unix timestamp for a pod.', (pod) => one(completedAt(pod))),
      owners('kube_pod', 'Pod'),
      created('kube_pod'),
      deleted('kube_pod'),
      gauge(
        'kube_pod_restart_policy',
        'Describes the restart policy in use by this pod.',
        (pod) => info([['type', textAt(pod, 'spec', 'restartPolicy')]]),
        ['type'],
      ),
      gauge(
        'kube_pod_status_phase',
        'The pods current phase.',
        (pod) => oneOf('phase', PHASES, textAt(pod, 'status', 'phase')),
        ['phase'],
      ),
      gauge(
        'kube_pod_status_qos_class',
        'The pods current qosClass.',
        (pod) => oneOf('qos_class', QOS_CLASSES, textAt(pod, 'status', 'qosClass')),
        ['qos_class'],
      ),
      gauge(
        'kube_pod_status_ready',
        'Describes whether the pod is ready to serve requests.',
        (pod) => conditionStates(pod, 'Ready'),
        ['condition'],
      ),
      gauge('kube_pod_status_ready_time', 'Readiness achieved time in unix timestamp for a pod.', (pod) =>
        one(trueSince(pod, 'Ready')),
      ),
      gauge(
        'kube_pod_status_container_ready_time',
        'Readiness achieved time in unix timestamp for a pod containers.',
        (pod) => one(trueSince(pod, 'ContainersReady')),
      ),
      gauge('kube_pod_status_initialized_time', 'Initialized time in unix timestamp for a pod.', (pod) =>
        one(trueSince(pod, 'Initialized')),
      ),
      gauge(
        'kube_pod_status_scheduled',
        'Describes the status of the scheduling process for the pod.',
        (pod) => conditionStates(pod, 'PodScheduled'),
        ['condition'],
      ),
      gauge('kube_pod_status_scheduled_time', 'Unix timestamp when pod moved into scheduled status', (pod) =>
        one(trueSince(pod, 'PodScheduled')),
      ),
      gauge('kube_pod_status_unschedulable', 'Describes the unschedulable status for the pod.', (pod) =>
        textAt(conditionOf(pod, 'PodScheduled'), 'status') === 'False' ? one(1) : [],
      ),
      gauge(
        'kube_pod_status_reason',
        'The pod status reasons',
        (pod) => REASONS.map((reason) => ({ labels: [['reason', reason]], value: hasReason(pod, reason) ? 1 : 0 })),
        ['reason'],
      ),
      gauge(
        'kube_pod_overhead_cpu_cores',
        'The pod overhead in regards to cpu cores associated with running a pod.',
        (pod) => one(overheadOf(pod, 'cpu')),
      ),
      gauge(
        'kube_pod_overhead_memory_bytes',
        'The pod overhead in regards to memory associated with running a pod.',
        (pod) => one(overheadOf(pod, 'memory')),
      ),
      gauge(
        'kube_pod_runtimeclass_name_info',
        'The runtimeclass associated with the pod.',
        (pod) => namedInfo('runtimeclass_name', textAt(pod, 'spec', 'runtimeClassName')),
        ['runtimeclass_name'],
      ),
      gauge(
        'kube_pod_service_account',
        'The service account for a pod.',
        (pod) => info([['service_account', textAt(pod, 'spec', 'serviceAccountName')]]),
        ['service_account'],
      ),
      gauge(
        'kube_pod_scheduler',
        'The scheduler for a pod.',
        (pod) => namedInfo('name', textAt(pod, 'spec', 'schedulerName')),
        ['name'],
      ),
      gauge(
        'kube_pod_tolerations',
        'Information about the pod tolerations',
        (pod) => listAt(pod, 'spec', 'tolerations').flatMap((toleration) => info(tolerationLabels(toleration))),
        TOLERATION_LABELS,
      ),
      gauge(
        'kube_pod_spec_volumes_persistentvolumeclaims_info',
        'Information about persistentvolumeclaim volumes in a pod.',
        (pod) => claimSamples(pod, () => 1),
        ['volume', 'persistentvolumeclaim'],
      ),
      gauge(
        'kube_pod_spec_volumes_persistentvolumeclaims_readonly',
        'Describes whether a persistentvolumeclaim is mounted read only.',
        (pod) => claimSamples(pod, (volume) => (isAt(volume, 'persistentVolumeClaim', 'readOnly') ? 1 : 0)),
        ['volume', 'persistentvolumeclaim'],
      ),
      ...containerFamilies('app'),
      ...containerFamilies('init'),
    ],
  },
  'pod',
  ['uid'],
);

function infoOf(pod: unknown) {
  const controller = controllerOf(pod);
  return [
    ['host_ip', textAt(pod, 'status', 'hostIP')],
    ['pod_ip', textAt(pod, 'status', 'podIP')],
    ['node', textAt(pod, 'spec', 'nodeName')],
    ['created_by_kind', textAt(controller, 'kind')],
    ['created_by_name', textAt(controller, 'name')],
    ['priority_class', textAt(pod, 'spec', 'priorityClassName')],
    ['host_network', String(isAt(pod, 'spec', 'hostNetwork'))],
  ] as const;
}

function ipSamples(ip: string): readonly Sample[] {
  if (ip === '') return [];
  return info([
    ['ip', ip],
    ['ip_family', ip.includes(':') ? '6' : '4'],
  ]);
}

/** When the last of its containers has ended. */
function completedAt(pod: unknown): number | undefined {
  const ended = listAt(pod, 'status', 'containerStatuses').flatMap(
    (status) => secondsAt(status, 'state', 'terminated', 'finishedAt') ?? [],
  );
  return ended.length === 0 ? undefined : Math.max(...ended);
}

function conditionStates(pod: unknown, type: string): readonly Sample[] {
  const condition = conditionOf(pod, type);
  return condition === undefined ? [] : states(condition, 'condition');
}

function trueSince(pod: unknown, type: string): number | undefined {
  const condition = conditionOf(pod, type);
  return textAt(condition, 'status') === 'True' ? secondsAt(condition, 'lastTransitionTime') : undefined;
}

function hasReason(pod: unknown, reason: string): boolean {
  return (
    textAt(pod, 'status', 'reason') === reason ||
    listAt(pod, 'status', 'conditions').some((condition) => textAt(condition, 'reason') === reason) ||
    listAt(pod, 'status', 'containerStatuses').some(
      (status) => textAt(status, 'state', 'terminated', 'reason') === reason,
    )
  );
}

function overheadOf(pod: unknown, resource: string): number | undefined {
  const entry = entriesAt(pod, 'spec', 'overhead').find(([name]) => name === resource);
  return entry === undefined ? undefined : parseQuantity(entry[1]);
}

function tolerationLabels(toleration: unknown): Labels {
  const seconds = numberAt(toleration, 'tolerationSeconds');
  const texts = (['key', 'operator', 'value', 'effect'] as const).map(
    (name) => [name, textAt(toleration, name)] as const,
  );
  return [...texts, ['toleration_seconds', seconds === undefined ? '' : String(seconds)]];
}

function namedInfo(label: string, name: string): readonly Sample[] {
  return name === '' ? [] : info([[label, name]]);
}

function claimSamples(pod: unknown, measure: (volume: unknown) => number): readonly Sample[] {
  return listAt(pod, 'spec', 'volumes').flatMap((volume) => {
    const claim = textAt(volume, 'persistentVolumeClaim', 'claimName');
    if (claim === '') return [];
    const labels = [
      ['volume', textAt(volume, 'name')],
      ['persistentvolumeclaim', claim],
    ] as const;
    return [{ labels, value: measure(volume) }];
  });
}
