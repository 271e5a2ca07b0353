/** Series that are there several times because several targets are one endpoint: a pod that is asked for by its own annotation and by its
 *  service's, or by two services. Added up they would be twice what the pod has, and an HPA would make twice the pods. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Gap, Reading } from './series-reading.ts';

export interface SharedEndpoint {
  /** Of all its targets. */
  readonly id: string;
  /** The labels that its targets give their series; what else a series has is the endpoint's own. */
  readonly labelNames: ReadonlySet<string>;
}

export interface SharedEndpoints {
  /** @param instance the label of a series
   *  @returns undefined for an endpoint that one target is about */
  of(instance: string): SharedEndpoint | undefined;
}

export interface ReadSeries {
  /** Whose value it is a part of. */
  readonly group: string;
  readonly labels: LabelSet;
  readonly outcome: Reading | Gap;
}

/** @param read of one name
 *  @param isWithinGroups whether the same in two groups is a part of both
 *  @returns one of each: one that has a value, and of those the newest
 *  Cost: a look at a map for each, where no endpoint is shared. */
export function withoutRepeats(
  read: readonly ReadSeries[],
  endpoints: SharedEndpoints,
  isWithinGroups: boolean,
): readonly ReadSeries[] {
  const kept: ReadSeries[] = [];
  const places = new Map<string, number>();
  for (const one of read) {
    const endpoint = endpoints.of(one.labels.get('instance'));
    const key = endpoint && `${isWithinGroups ? one.group : ''}\n${endpoint.id}\n${ownLabels(one.labels, endpoint)}`;
    const place = key === undefined ? undefined : places.get(key);
    if (place === undefined) {
      if (key !== undefined) places.set(key, kept.length);
      kept.push(one);
    } else if (isBetter(one.outcome, kept[place]!.outcome)) kept[place] = one;
  }
  return kept;
}

function ownLabels(labels: LabelSet, { labelNames }: SharedEndpoint): string {
  return labels.filter((name) => !labelNames.has(name)).key;
}

function isBetter(one: Reading | Gap, than: Reading | Gap): boolean {
  if (one.status !== 'value') return false;
  return than.status !== 'value' || one.timestampMs > than.timestampMs;
}
