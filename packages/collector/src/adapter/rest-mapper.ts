/** Which resources a cluster has, and what their kinds are: the few that metrics are mostly of are known, the rest is asked for when
 *  somebody names it. Source: client-go, restmapper/discovery.go. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { describeObstacle } from '@vigie/kube/answer';
import type { KubeClient } from '@vigie/kube/client';
import * as v from 'valibot';
import type { GroupResource } from '../metrics-api/request-path.ts';

export interface MappedResource {
  /** Plural. */
  readonly resource: string;
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly singular: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

export interface RestMapper {
  /** @param written plural or singular; without a group, of whatever group has it, the core group first
   *  @returns undefined for what the cluster does not have */
  resolve(written: GroupResource): Promise<MappedResource | undefined>;
}

/** A resource that is asked for and not there may be a new custom one: the cluster is asked again, at most so often. */
const REFRESH_INTERVAL_MS = 30_000;
const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

export const WELL_KNOWN: readonly MappedResource[] = [
  known('pods', '', 'v1', 'Pod', true),
  known('services', '', 'v1', 'Service', true),
  known('namespaces', '', 'v1', 'Namespace', false),
  known('nodes', '', 'v1', 'Node', false),
  known('persistentvolumeclaims', '', 'v1', 'PersistentVolumeClaim', true),
  known('persistentvolumes', '', 'v1', 'PersistentVolume', false),
  known('configmaps', '', 'v1', 'ConfigMap', true),
  known('deployments', 'apps', 'v1', 'Deployment', true),
  known('statefulsets', 'apps', 'v1', 'StatefulSet', true),
  known('daemonsets', 'apps', 'v1', 'DaemonSet', true),
  known('replicasets', 'apps', 'v1', 'ReplicaSet', true),
  known('jobs', 'batch', 'v1', 'Job', true),
  known('cronjobs', 'batch', 'v1', 'CronJob', true),
  known('ingresses', 'networking.k8s.io', 'v1', 'Ingress', true),
];

function known(resource: string, group: string, version: string, kind: string, isNamespaced: boolean): MappedResource {
  return { resource, group, version, singular: kind.toLowerCase(), kind, isNamespaced };
}

export class DiscoveredResources implements RestMapper {
  readonly #client: KubeClient;
  readonly #deps: { readonly clock: Clock; readonly log: Log };
  readonly #signal: AbortSignal;
  #discovered: readonly MappedResource[] = [];
  #asking: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  /** @param signal ends what is being asked */
  constructor(client: KubeClient, deps: { readonly clock: Clock; readonly log: Log }, signal: AbortSignal) {
    this.#client = client;
    this.#deps = deps;
    this.#signal = signal;
  }

  async resolve(written: GroupResource): Promise<MappedResource | undefined> {
    const found = findResource(WELL_KNOWN, written) ?? findResource(this.#discovered, written);
    if (found !== undefined) return found;
    await this.#refresh();
    return findResource(this.#discovered, written);
  }

  async #refresh(): Promise<void> {
    const { clock, log } = this.#deps;
    if (this.#asking === undefined && clock.monotonicMs() - this.#askedAtMs < REFRESH_INTERVAL_MS) return;
    this.#askedAtMs = clock.monotonicMs();
    this.#asking ??= this.#discover()
      .catch((error: unknown) => {
        if (!this.#signal.aborted) log.warn('the resources of the cluster cannot be asked for', { error });
      })
      .finally(() => {
        this.#asking = undefined;
      });
    await this.#asking;
  }

  async #discover(): Promise<void> {
    const core = await this.#get('/api/v1', undefined);
    const groups = await this.#get('/apis', AGGREGATED);
    if (core === undefined || groups === undefined) return;
    const found = [...resourcesOfList(core)];
    const aggregated = v.safeParse(aggregatedSchema, groups);
    if (aggregated.success) found.push(...aggregated.output.items.flatMap(resourcesOfGroup));
    else {
      const { groups: plain } = v.parse(groupListSchema, groups);
      for (const { preferredVersion } of plain) {
        const list = await this.#get(`/apis/${preferredVersion.groupVersion}`, undefined);
        if (list !== undefined) found.push(...resourcesOfList(list));
      }
    }
    this.#discovered = found;
  }

  async #get(path: string, accept: string | undefined): Promise<unknown> {
    const request = { method: 'GET', path, ...(accept === undefined ? {} : { accept }) } as const;
    const answer = await this.#client.request(request, this.#signal);
    if (answer.status === 'ok') return answer.body;
    // One group whose server is away must not hide the others.
    this.#deps.log.warn('part of the resources of the cluster cannot be asked for', {
      path,
      detail: describeObstacle(answer),
    });
    return undefined;
  }
}

/** As client-go's mapper, `Pod` is found as well as `pod`. */
export function findResource(
  resources: readonly MappedResource[],
  { resource: written, group }: GroupResource,
): MappedResource | undefined {
  const resource = written.toLowerCase();
  return resources.find(
    (candidate) =>
      (candidate.resource === resource || candidate.singular === resource) &&
      (group === '' || candidate.group === group),
  );
}

const text = v.optional(v.string(), '');
const listSchema = v.object({
  groupVersion: v.string(),
  resources: v.array(v.object({ name: v.string(), singularName: text, namespaced: v.boolean(), kind: v.string() })),
});
const groupListSchema = v.object({
  groups: v.array(v.object({ preferredVersion: v.object({ groupVersion: v.string() }) })),
});
const aggregatedGroupSchema = v.object({
  metadata: v.object({ name: v.string() }),
  versions: v.array(
    v.object({
      version: v.string(),
      resources: v.optional(
        v.array(
          v.object({
            resource: v.string(),
            singularResource: text,
            scope: v.string(),
            responseKind: v.optional(v.object({ kind: text })),
          }),
        ),
        [],
      ),
    }),
  ),
});
const aggregatedSchema = v.object({
  kind: v.literal('APIGroupDiscoveryList'),
  items: v.array(aggregatedGroupSchema),
});

function resourcesOfList(body: unknown): readonly MappedResource[] {
  const list = v.safeParse(listSchema, body);
  if (!list.success) return [];
  const slash = list.output.groupVersion.indexOf('/');
  const [group, version] =
    slash < 0
      ? ['', list.output.groupVersion]
      : [list.output.groupVersion.slice(0, slash), list.output.groupVersion.slice(slash + 1)];
  return list.output.resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName, namespaced, kind }) => ({
      resource: name,
      group,
      version,
      singular: singularName || kind.toLowerCase(),
      kind,
      isNamespaced: namespaced,
    }));
}

/** Its preferred version. */
function resourcesOfGroup({
  metadata,
  versions,
}: v.InferOutput<typeof aggregatedGroupSchema>): readonly MappedResource[] {
  const [preferred] = versions;
  return (preferred?.resources ?? []).map(({ resource, singularResource, scope, responseKind }) => ({
    resource,
    group: metadata.name,
    version: preferred?.version ?? '',
    singular: singularResource || (responseKind?.kind ?? '').toLowerCase(),
    kind: responseKind?.kind ?? '',
    isNamespaced: scope === 'Namespaced',
  }));
}
