/** Deployments, ReplicaSets, StatefulSets and DaemonSets. Source: kube-state-metrics, internal/store/deployment.go, replicaset.go,
 *  statefulset.go and daemonset.go. */
import { at, listAt, numberAt, textAt } from '../fields.ts';
import {
  CONDITION_LABELS,
  countGauge,
  created,
  deleted,
  flagGauge,
  gauge,
  info,
  isPresent,
  namespaced,
  numberGauge,
  one,
  owners,
  scaledReplicas,
  states,
} from '../samples.ts';

const GENERATION_HELP = 'Sequence number representing a specific generation of the desired state';

/** A Deployment's or a set's `spec.replicas` is 1 where it is left out. */
function replicasOf(object: unknown): number {
  return numberAt(object, 'spec', 'replicas') ?? 1;
}

export const deployments = namespaced(
  {
    resource: 'deployments',
    goType: '*v1.Deployment',
    group: 'apps',
    path: '/apis/apps/v1/deployments',
    prefix: 'kube_deployment',
    families: [
      created('kube_deployment'),
      deleted('kube_deployment'),
      countGauge('kube_deployment_status_replicas', 'The number of replicas per deployment.', 'status', 'replicas'),
      ...(['ready', 'available', 'unavailable', 'updated'] as const).map((state) =>
        countGauge(
          `kube_deployment_status_replicas_${state}`,
          `The number of ${state} replicas per deployment.`,
          'status',
          `${state}Replicas`,
        ),
      ),
      countGauge(
        'kube_deployment_status_observed_generation',
        'The generation observed by the deployment controller.',
        'status',
        'observedGeneration',
      ),
      gauge(
        'kube_deployment_status_condition',
        'The current status conditions of a deployment.',
        (deployment) =>
          listAt(deployment, 'status', 'conditions').flatMap((condition) =>
            states(condition, 'status', [
              ['reason', textAt(condition, 'reason')],
              ['condition', textAt(condition, 'type')],
            ]),
          ),
        ['reason', ...CONDITION_LABELS],
      ),
      gauge('kube_deployment_spec_replicas', 'Number of desired pods for a deployment.', (deployment) =>
        one(replicasOf(deployment)),
      ),
      flagGauge(
        'kube_deployment_spec_paused',
        'Whether the deployment is paused and will not be processed by the deployment controller.',
        'spec',
        'paused',
      ),
      gauge(
        'kube_deployment_spec_strategy_rollingupdate_max_unavailable',
        'Maximum number of unavailable replicas during a rolling update of a deployment.',
        (deployment) => one(rollingUpdate(deployment, 'maxUnavailable', Math.floor)),
      ),
      gauge(
        'kube_deployment_spec_strategy_rollingupdate_max_surge',
        'Maximum number of replicas that can be scheduled above the desired number of replicas during a rolling update of a deployment.',
        (deployment) => one(rollingUpdate(deployment, 'maxSurge', Math.ceil)),
      ),
      countGauge('kube_deployment_metadata_generation', `${GENERATION_HELP}.`, 'metadata', 'generation'),
    ],
  },
  'deployment',
);

function rollingUpdate(deployment: unknown, name: string, round: (share: number) => number): number | undefined {
  return scaledReplicas(at(deployment, 'spec', 'strategy', 'rollingUpdate', name), replicasOf(deployment), round);
}

export const replicasets = namespaced(
  {
    resource: 'replicasets',
    goType: '*v1.ReplicaSet',
    group: 'apps',
    path: '/apis/apps/v1/replicasets',
    prefix: 'kube_replicaset',
    families: [
      created('kube_replicaset'),
      countGauge('kube_replicaset_status_replicas', 'The number of replicas per ReplicaSet.', 'status', 'replicas'),
      countGauge(
        'kube_replicaset_status_fully_labeled_replicas',
        'The number of fully labeled replicas per ReplicaSet.',
        'status',
        'fullyLabeledReplicas',
      ),
      countGauge(
        'kube_replicaset_status_ready_replicas',
        'The number of ready replicas per ReplicaSet.',
        'status',
        'readyReplicas',
      ),
      countGauge(
        'kube_replicaset_status_observed_generation',
        'The generation observed by the ReplicaSet controller.',
        'status',
        'observedGeneration',
      ),
      gauge('kube_replicaset_spec_replicas', 'Number of desired pods for a ReplicaSet.', (set) => one(replicasOf(set))),
      countGauge('kube_replicaset_metadata_generation', `${GENERATION_HELP}.`, 'metadata', 'generation'),
      owners('kube_replicaset', 'ReplicaSet'),
    ],
  },
  'replicaset',
);

const REVISION_HELP = 'Indicates the version of the StatefulSet used to generate Pods in the sequence';

export const statefulsets = namespaced(
  {
    resource: 'statefulsets',
    goType: '*v1.StatefulSet',
    group: 'apps',
    path: '/apis/apps/v1/statefulsets',
    prefix: 'kube_statefulset',
    families: [
      created('kube_statefulset'),
      deleted('kube_statefulset'),
      countGauge('kube_statefulset_status_replicas', 'The number of replicas per StatefulSet.', 'status', 'replicas'),
      ...(['available', 'current', 'ready', 'updated'] as const).map((state) =>
        countGauge(
          `kube_statefulset_status_replicas_${state}`,
          `The number of ${state} replicas per StatefulSet.`,
          'status',
          `${state}Replicas`,
        ),
      ),
      countGauge(
        'kube_statefulset_status_observed_generation',
        'The generation observed by the StatefulSet controller.',
        'status',
        'observedGeneration',
      ),
      gauge('kube_statefulset_replicas', 'Number of desired pods for a StatefulSet.', (set) => one(replicasOf(set))),
      numberGauge('kube_statefulset_ordinals_start', 'Start ordinal of the StatefulSet.', 'spec', 'ordinals', 'start'),
      countGauge(
        'kube_statefulset_metadata_generation',
        `${GENERATION_HELP} for the StatefulSet.`,
        'metadata',
        'generation',
      ),
      gauge(
        'kube_statefulset_persistentvolumeclaim_retention_policy',
        'Count of retention policy for StatefulSet template PVCs',
        (set) =>
          isPresent(set, 'spec', 'persistentVolumeClaimRetentionPolicy')
            ? info([
                ['when_deleted', textAt(set, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted')],
                ['when_scaled', textAt(set, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled')],
              ])
            : [],
        ['when_deleted', 'when_scaled'],
      ),
      gauge(
        'kube_statefulset_status_current_revision',
        `${REVISION_HELP} [0,currentReplicas).`,
        (set) => info([['revision', textAt(set, 'status', 'currentRevision')]]),
        ['revision'],
      ),
      gauge(
        'kube_statefulset_status_update_revision',
        `${REVISION_HELP} [replicas-updatedReplicas,replicas)`,
        (set) => info([['revision', textAt(set, 'status', 'updateRevision')]]),
        ['revision'],
      ),
    ],
  },
  'statefulset',
);

const SHOULD_RUN = 'The number of nodes that should be running the daemon pod';
/** Ends of metric names, fields of the status, help texts. */
const DAEMON_COUNTS = [
  [
    'current_number_scheduled',
    'currentNumberScheduled',
    'The number of nodes running at least one daemon pod and are supposed to.',
  ],
  ['desired_number_scheduled', 'desiredNumberScheduled', `${SHOULD_RUN}.`],
  ['number_available', 'numberAvailable', `${SHOULD_RUN} and have one or more of the daemon pod running and available`],
  ['number_misscheduled', 'numberMisscheduled', 'The number of nodes running a daemon pod but are not supposed to.'],
  ['number_ready', 'numberReady', `${SHOULD_RUN} and have one or more of the daemon pod running and ready.`],
  ['number_unavailable', 'numberUnavailable', `${SHOULD_RUN} and have none of the daemon pod running and available`],
  ['observed_generation', 'observedGeneration', 'The most recent generation observed by the daemon set controller.'],
  [
    'updated_number_scheduled',
    'updatedNumberScheduled',
    'The total number of nodes that are running updated daemon pod',
  ],
] as const;

export const daemonsets = namespaced(
  {
    resource: 'daemonsets',
    goType: '*v1.DaemonSet',
    group: 'apps',
    path: '/apis/apps/v1/daemonsets',
    prefix: 'kube_daemonset',
    families: [
      created('kube_daemonset'),
      deleted('kube_daemonset'),
      ...DAEMON_COUNTS.map(([name, field, help]) => countGauge(`kube_daemonset_status_${name}`, help, 'status', field)),
      countGauge('kube_daemonset_metadata_generation', `${GENERATION_HELP}.`, 'metadata', 'generation'),
    ],
  },
  'daemonset',
);
