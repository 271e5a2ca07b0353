/** What cAdvisor tells of control groups lies one in the other: a container's is part of its pod's, and that of all pods'. Added up, each would
 *  count again with every group around it; and a container that the kubelet tells of at /metrics/resource, too, would once more. */
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { ReadSeries } from './repeated-series.ts';

const CONTAINER_METRICS = 'container_';

/** @param read of one name
 *  @param isWithinGroups whether the same in two groups is a part of both
 *  @returns without control groups that others lie in, and without containers that are told of without one
 *  Cost: nothing but for cAdvisor's metrics. */
export function withoutNested(read: readonly ReadSeries[], isWithinGroups: boolean): readonly ReadSeries[] {
  // A label id of others is what they like.
  const isOfContainers = read[0]?.labels.get(METRIC_NAME).startsWith(CONTAINER_METRICS) === true;
  if (!isOfContainers || !read.some((one) => pathOf(one) !== undefined)) return read;
  const within = ({ group }: ReadSeries, text: string): string => (isWithinGroups ? `${group}\n${text}` : text);
  const containing = new Set<string>();
  const told = new Set<string>();
  for (const one of read) {
    // What has ended, or has only begun, is told of by nothing but the group around it.
    if (one.outcome.status !== 'value') continue;
    const path = pathOf(one);
    if (path === undefined) told.add(within(one, containerOf(one)));
    else for (const parent of parentsOf(path)) containing.add(within(one, parent));
  }
  return read.filter((one) => {
    const path = pathOf(one);
    return path === undefined || !(containing.has(within(one, path)) || told.has(within(one, containerOf(one))));
  });
}

/** Of the control group; undefined for what is of none. */
function pathOf({ labels }: ReadSeries): string | undefined {
  const id = labels.get('id');
  return id.startsWith('/') ? id : undefined;
}

/** `/a/b/c`: `/a/b`, `/a` and `/`. */
function parentsOf(path: string): readonly string[] {
  if (path === '/') return [];
  const parents: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) parents.push(path.slice(0, at));
  return [...parents, '/'];
}

/** Equal for a group around containers and what is no container's, too: those are told of by one way alone. */
function containerOf({ labels }: ReadSeries): string {
  return [labels.get('namespace'), labels.get('pod'), labels.get('container')].join('/');
}
