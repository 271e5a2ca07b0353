/** What a kubelet tells of disks at /stats/summary, as JSON: how much of them containers, their logs, pods, volumes and images take. A
 *  scrape of it becomes text, by the names of kube-summary-exporter.
 *  Source: k8s.io/kubelet, pkg/apis/stats/v1alpha1/types.go; utilitywarehouse/kube-summary-exporter, main.go. */
import { formatFamily, formatSample } from '@vigie/wire/exposition/text-writer';
import * as v from 'valibot';
import type { FetchedExposition } from '../scrape/fetch-exposition.ts';
import { giveBack } from '../scrape/give-back.ts';
import { ScrapeError } from '../scrape/scrape-error.ts';

const SUMMARY_PATH = /\/stats\/summary(?:\?|$)/;
const JSON_TYPE = /^application\/json(?:;|$)/i;

const amount = v.nullish(v.number());
const diskEntries = {
  availableBytes: amount,
  capacityBytes: amount,
  usedBytes: amount,
  inodesFree: amount,
  inodes: amount,
  inodesUsed: amount,
};
const disk = v.nullish(v.object(diskEntries));
const list = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item), []);

const podSchema = v.object({
  podRef: v.object({ name: v.string(), namespace: v.string(), uid: v.string() }),
  containers: list(v.object({ name: v.string(), rootfs: disk, logs: disk })),
  volume: list(
    v.object({
      name: v.string(),
      pvcRef: v.nullish(v.object({ name: v.string(), namespace: v.string() })),
      ...diskEntries,
    }),
  ),
  'ephemeral-storage': disk,
});
const summarySchema = v.object({
  node: v.object({ nodeName: v.string(), runtime: v.nullish(v.object({ imageFs: disk })) }),
  pods: list(podSchema),
});

type Disk = v.InferOutput<typeof disk>;

const AMOUNTS = [
  ['availableBytes', 'available_bytes', 'Bytes that are free on the disk'],
  ['capacityBytes', 'capacity_bytes', 'Bytes of the disk'],
  ['usedBytes', 'used_bytes', 'Bytes that are taken'],
  ['inodesFree', 'inodes_free', 'Inodes that are free on the disk'],
  ['inodes', 'inodes', 'Inodes of the disk'],
  ['inodesUsed', 'inodes_used', 'Inodes that are taken'],
] as const;

const SCOPES = {
  container_logs: 'logs of a container',
  container_rootfs: 'what a container writes beside its volumes',
  pod_ephemeral_storage: 'a pod, with its logs and the volumes that end with it',
  pod_volume_storage: 'a volume of a pod',
  node_runtime_imagefs: 'images',
} as const;

type Scope = keyof typeof SCOPES;

/** @param url that was scraped
 *  @returns of a kubelet's summary the text, of anything else what was fetched
 *  @throws {ScrapeError} malformed: JSON that is none of a kubelet */
export function readSummary(url: string, fetched: FetchedExposition): FetchedExposition {
  const { body, contentType } = fetched;
  if (!SUMMARY_PATH.test(url) || !JSON_TYPE.test(contentType)) return fetched;
  const text = body.toString();
  giveBack(body);
  return { body: Buffer.from(summaryText(text)), contentType: 'text/plain; version=0.0.4' };
}

function summaryText(written: string): string {
  const { node, pods } = decode(written);
  const families = new Families();
  const of = ['node', node.nodeName];
  families.add('node_runtime_imagefs', of, node.runtime?.imageFs);
  for (const { podRef, containers, volume: volumes, 'ephemeral-storage': ephemeral } of pods) {
    const pod = [...of, 'pod', podRef.name, 'uid', podRef.uid, 'namespace', podRef.namespace];
    families.add('pod_ephemeral_storage', pod, ephemeral);
    for (const { name, rootfs, logs } of containers) {
      families.add('container_rootfs', [...pod, 'name', name], rootfs);
      families.add('container_logs', [...pod, 'name', name], logs);
    }
    for (const { name, pvcRef: claim, ...volume } of volumes) {
      const ofClaim = claim == null ? [] : ['persistentvolumeclaim', claim.name, 'pvc_namespace', claim.namespace];
      families.add('pod_volume_storage', [...pod, 'name', name, ...ofClaim], volume);
    }
  }
  return families.text();
}

function decode(written: string): v.InferOutput<typeof summarySchema> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch (error) {
    throw new ScrapeError('malformed', 'the summary of the kubelet is no JSON', { cause: error });
  }
  const summary = v.safeParse(summarySchema, parsed);
  if (summary.success) return summary.output;
  const [{ message }] = summary.issues;
  throw new ScrapeError('malformed', `no summary of a kubelet: ${v.getDotPath(summary.issues[0]) ?? ''}: ${message}`);
}

/** Lines by metric: in the text format those of one stand together. */
class Families {
  readonly #lines = new Map<string, string[]>();

  add(scope: Scope, labels: readonly string[], amounts: Disk): void {
    if (amounts == null) return;
    for (const [key, suffix, help] of AMOUNTS) {
      const value = amounts[key];
      if (value == null) continue;
      const name = `kube_summary_${scope}_${suffix}`;
      const lines = this.#lines.get(name) ?? [formatFamily(name, 'gauge', `${help}: ${SCOPES[scope]}.`)];
      this.#lines.set(name, lines);
      lines.push(formatSample(['__name__', name, ...labels], value));
    }
  }

  text(): string {
    return [...this.#lines.values()].flat().join('');
  }
}
