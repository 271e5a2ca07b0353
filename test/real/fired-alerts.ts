/** Which alerts of the shipped rules are made true in alert-pack.test.ts, and who is told of each. test/alerting/default-pack.test.ts holds that
 *  no rule is left out. */
import { mountPointOf } from './filling-disks.ts';
import { NODE_NAME } from './parts/kubernetes-node.ts';
import { BLIND, SMALL_MACHINE, TROUBLED } from './troubled-vigie.ts';
import { API_SERVER_JOB, CERTIFICATES_JOB } from './watched-certificates.ts';

/** Receivers of the shipped alertmanager.yml. */
export type Receiver = 'on-call' | 'chat' | 'mail' | 'heartbeat';

/** Its cluster is `kubernetes` unless given. */
type AlertLabels = Readonly<Record<string, string>> & { readonly alertname: string };

type Awaited = readonly [receiver: Receiver, labels: AlertLabels];

/** Where the workloads are with which something is wrong. */
export const NAMESPACE = 'shop';

const inShop = { namespace: NAMESPACE } as const;
const onNode = { instance: NODE_NAME } as const;

export const OF_CLUSTER: readonly Awaited[] = [
  ['chat', { alertname: 'PodCrashLooping', ...inShop, pod: 'looping', container: 'app' }],
  ['chat', { alertname: 'ContainerCPUThrottled', ...inShop, container: 'app' }],
  ['chat', { alertname: 'ContainerOOMKilled', ...inShop, pod: 'forgetful', container: 'app' }],
  ['chat', { alertname: 'PodPending', ...inShop, pod: 'huge' }],
  ['chat', { alertname: 'PodNotReady', ...inShop, pod: 'unready-set-0' }],
  ['chat', { alertname: 'DeploymentNotRolledOut', ...inShop, deployment: 'unready' }],
  ['chat', { alertname: 'StatefulSetNotRolledOut', ...inShop, statefulset: 'unready-set' }],
  ['chat', { alertname: 'DaemonSetNotRolledOut', ...inShop, daemonset: 'unready-daemons' }],
  ['chat', { alertname: 'JobFailed', ...inShop, job_name: 'hopeless' }],
  ['chat', { alertname: 'HPAAtMaximum', ...inShop, horizontalpodautoscaler: 'burner' }],
  ['chat', { alertname: 'HPAWithoutMetrics', ...inShop, horizontalpodautoscaler: 'unmeasured' }],
  ['chat', { alertname: 'TargetDown', ...inShop, pod: 'silent', node: NODE_NAME }],
  ['chat', { alertname: 'LogErrorsHigh', ...inShop, container: 'app' }],
  ['on-call', { alertname: 'NodeNotReady', node: 'gone' }],
  ['chat', { alertname: 'NodeMemoryAlmostFull', instance: SMALL_MACHINE }],
  ['chat', { alertname: 'NodeDiskFillingUp', ...onNode, mountpoint: mountPointOf('filling') }],
  ['on-call', { alertname: 'NodeDiskFillingUp', ...onNode, mountpoint: mountPointOf('narrow') }],
  ['chat', { alertname: 'NodeDiskAlmostFull', ...onNode, mountpoint: mountPointOf('narrow') }],
  ['on-call', { alertname: 'NodeDiskAlmostFull', ...onNode, mountpoint: mountPointOf('full') }],
  ['chat', { alertname: 'NodeDiskAlmostOutOfInodes', ...onNode, mountpoint: mountPointOf('crowded') }],
  ['chat', { alertname: 'VolumeFillingUp', ...inShop, persistentvolumeclaim: 'narrow' }],
  ['on-call', { alertname: 'VolumeAlmostFull', ...inShop, persistentvolumeclaim: 'full' }],
  ['chat', { alertname: 'VolumeAlmostOutOfInodes', ...inShop, persistentvolumeclaim: 'crowded' }],
  ['chat', { alertname: 'CertificateExpiring', job: CERTIFICATES_JOB, severity: 'warning' }],
  ['on-call', { alertname: 'CertificateExpiring', job: CERTIFICATES_JOB, severity: 'critical' }],
  ['on-call', { alertname: 'KubeletCertificateExpiring', node: NODE_NAME, certificate: 'client' }],
  ['on-call', { alertname: 'KubeletCertificateExpiring', node: NODE_NAME, certificate: 'serving' }],
  ['on-call', { alertname: 'APIClientCertificateExpiring', job: API_SERVER_JOB }],
];

const ofAgent = { namespace: TROUBLED, pod: 'agent' } as const;
const ofCollector = { namespace: TROUBLED, pod: 'collector' } as const;
const ofAlerting = { namespace: TROUBLED, pod: 'alerting' } as const;

export const OF_VIGIE: readonly Awaited[] = [
  ['heartbeat', { alertname: 'Watchdog' }],
  ['on-call', { alertname: 'VigieSeesNothing', cluster: BLIND }],
  ['on-call', { alertname: 'VigieLogsLost', ...ofAgent, sink: 'kept', reason: 'truncated' }],
  ['chat', { alertname: 'VigieLogsRefused', ...ofAgent, sink: 'refusing' }],
  ['chat', { alertname: 'VigieLogsBehind', ...ofAgent, sink: 'away' }],
  ['on-call', { alertname: 'VigieSinkDown', namespace: 'vigie', sink: 'es' }],
  ['on-call', { alertname: 'VigieSinkHeld', ...ofAgent, sink: 'held' }],
  ['chat', { alertname: 'VigieBufferFillingUp', ...ofAgent, sink: 'buffered' }],
  ['chat', { alertname: 'VigieCheckpointFailing', ...ofAgent }],
  ['on-call', { alertname: 'VigieRemoteWriteFailing', ...ofCollector, remote_name: 'away' }],
  ['on-call', { alertname: 'VigieRemoteWriteDropping', ...ofCollector, remote_name: 'refusing', reason: 'http_400' }],
  ['chat', { alertname: 'VigieScrapesMissed', ...ofCollector, scrape_job: 'hanging' }],
  ['chat', { alertname: 'VigieSamplesRefused', ...ofCollector, scrape_job: 'own', reason: 'no_series' }],
  ['on-call', { alertname: 'VigieDatabaseLogFailing', ...ofCollector }],
  ['chat', { alertname: 'VigieKubeStateDown', ...ofCollector, resource: 'pods' }],
  ['chat', { alertname: 'VigieDiscoveryFailing', ...ofCollector, kind: 'kubernetes' }],
  ['on-call', { alertname: 'VigieRulesMissed', ...ofAlerting }],
  ['on-call', { alertname: 'VigieRulesFailing', ...ofAlerting }],
  ['chat', { alertname: 'VigieRuleSamplesRefused', ...ofCollector }],
  ['chat', { alertname: 'VigieNotificationsWaiting', ...ofAlerting, receiver: 'patient' }],
  ['on-call', { alertname: 'VigieAlertsDropped', ...ofAlerting, queue: 'remote_write', reason: 'refused' }],
  ['on-call', { alertname: 'VigieAlertsRefused', ...ofAlerting, reason: 'too_large' }],
  ['on-call', { alertname: 'VigieAlertingStateIncomplete', ...ofAlerting }],
  ['chat', { alertname: 'VigieAlertingStateDamaged', ...ofAlerting }],
  ['chat', { alertname: 'VigieAlertHistoryDropped', ...ofAlerting }],
  ['chat', { alertname: 'VigieReplicasDiffer', namespace: TROUBLED, pod: 'replica-0' }],
  ['chat', { alertname: 'VigieConfigRefused', ...ofCollector }],
  ['on-call', { alertname: 'VigieCertificateProblem', ...ofCollector }],
  ['chat', { alertname: 'VigieWebhookFailing', namespace: 'vigie-sidecar' }],
];

/** Those that something has to be done for in a test of their own. */
export const RECEIVER_REFUSES: Awaited = ['on-call', { alertname: 'VigieNotificationsFailing', receiver: 'chat' }];
export const NODE_UNDER_PRESSURE: Awaited = [
  'chat',
  { alertname: 'NodePressure', node: 'pressed', condition: 'MemoryPressure' },
];
export const NO_TARGET_LEFT: Awaited = ['on-call', { alertname: 'AllTargetsDown', job: 'kubernetes-pods' }];

export const FIRED: readonly Awaited[] = [
  ...OF_CLUSTER,
  ...OF_VIGIE,
  RECEIVER_REFUSES,
  NODE_UNDER_PRESSURE,
  NO_TARGET_LEFT,
];
