/** A number in [0, 1) of a label set, the one that Prometheus has for it. Source: Prometheus, promql/engine.go, HashRatioSampler. */
import { hashLabels } from '../../labels/hash.ts';
import type { LabelSet } from '../../labels/label-set.ts';

const cache = new WeakMap<LabelSet, number>();

export function sampleOffset(labels: LabelSet): number {
  let offset = cache.get(labels);
  if (offset === undefined) {
    offset = Number(hashLabels(labels)) / 2 ** 64;
    cache.set(labels, offset);
  }
  return offset;
}
