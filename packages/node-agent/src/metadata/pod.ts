/** What the agent keeps of a pod: a few KiB, with the annotations that it acts on or copies and no others. */
import type { Owner } from '@vigie/log-pipeline/encode/document';

export interface PodEntry {
  /** What stands in the path of its logs: the uid, or for a static pod the hash of its configuration. */
  readonly pathUid: string;
  /** The API server's uid, of a static pod that of its mirror. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly ip: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly controller: Owner | undefined;
  /** Image by container; init and ephemeral containers too. */
  readonly images: Readonly<Record<string, string>>;
}

/** What is read of a pod as the API server or the kubelet describes it; @vigie/kube/objects decodes it. */
export interface PodObject {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly podIp: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}

/** The kubelet writes it into static pods and into the mirrors that stand for them at the API server. */
export const CONFIG_HASH_ANNOTATION = 'kubernetes.io/config.hash';
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

export function podEntry(pod: PodObject): PodEntry {
  const { [CONFIG_HASH_ANNOTATION]: configHash, ...annotations } = pod.annotations;
  const { owner, controller } = ownersOf(pod);
  return {
    pathUid: configHash ?? pod.uid,
    uid: pod.uid,
    namespace: pod.namespace,
    name: pod.name,
    ip: pod.podIp === '' ? undefined : pod.podIp,
    labels: pod.labels,
    annotations,
    owner,
    controller,
    images: Object.fromEntries(pod.containers.map(({ name, image }) => [name, image])),
  };
}

/** Whether both say the same, so that nothing has to be built anew: a pod's status changes far more often. */
export function samePod(a: PodEntry, b: PodEntry): boolean {
  return a === b || textOf(a) === textOf(b);
}

function textOf(entry: PodEntry): string {
  const sorted = (texts: Readonly<Record<string, string>>): unknown => Object.entries(texts).sort(byName);
  const { labels, annotations, images, ...rest } = entry;
  return JSON.stringify([rest, sorted(labels), sorted(annotations), sorted(images)]);
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Who stands above the pod's own controller is told by names, so that no ReplicaSets or Jobs have to be watched: a
 *  Deployment's ReplicaSet is called `NAME-HASH`, and its pods carry the hash as a label; a CronJob's Job `NAME-MINUTES`.
 *  Source: kubernetes pkg/controller/deployment/sync.go, pkg/controller/cronjob/utils.go (getJobName). */
function ownersOf({ owner, labels }: PodObject): Pick<PodEntry, 'owner' | 'controller'> {
  // The mirror of a static pod belongs to its node, which is no workload.
  if (owner === undefined || owner.kind === 'Node') return { owner: undefined, controller: undefined };
  const controller: Owner = { kind: owner.kind, name: owner.name };
  const above = nameAbove(controller, labels);
  return above === undefined ? { owner: controller, controller: undefined } : { owner: above, controller };
}

function nameAbove({ kind, name }: Owner, labels: Readonly<Record<string, string>>): Owner | undefined {
  if (kind === 'ReplicaSet') {
    const suffix = `-${labels[TEMPLATE_HASH_LABEL] ?? ''}`;
    const isDeployment = suffix.length > 1 && name.endsWith(suffix) && name.length > suffix.length;
    return isDeployment ? { kind: 'Deployment', name: name.slice(0, -suffix.length) } : undefined;
  }
  if (kind !== 'Job') return undefined;
  const [, cronJob, minutes] = SCHEDULED.exec(name) ?? [];
  if (cronJob === undefined || Number(minutes) < CRON_SINCE_MINUTES) return undefined;
  return { kind: 'CronJob', name: cronJob };
}

const SCHEDULED = /^(.+)-(\d{8})$/;
/** 2015, before there were CronJobs, in minutes since 1970: a Job that somebody calls `migrate-20261121` is below. */
const CRON_SINCE_MINUTES = 23_667_840;
