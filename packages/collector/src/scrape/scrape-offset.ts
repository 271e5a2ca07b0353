/** When in its interval a target is scraped: at a place that its labels decide, so that targets are spread, a restart finds the same
 *  place, and two replicas find two. Where Prometheus has as many places as an interval has nanoseconds, here a few targets share one: a
 *  processor that is woken once for all of them, and has its code and tables at hand from the second on, takes half the time for each
 *  (docs/decisions/0028). Source: Prometheus, scrape/target.go, offset, and scrape/manager.go, setOffsetSeed. */
import { hashLabels } from '@vigie/promql/labels/hash';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { describeLabels } from '@vigie/promql/text/labels';

const OFFSET_BASIS = 14695981039346656037n;
const PRIME = 1099511628211n;
const MASK = 2n ** 64n - 1n;
const NS_PER_MS = 1_000_000n;

const TARGETS_OF_A_PLACE = 16;
/** One a second at 15 s. */
const MIN_PLACES = 16;

/** Other for each host and set of external labels: replicas do not scrape at one time. */
export function offsetSeed(hostName: string, externalLabels: LabelSet): bigint {
  return fnv64a(hostName + describeLabels(externalLabels));
}

/** @returns 64 bits. Cost: some 20 µs of big integers, once for each target */
export function targetHash(labels: LabelSet, url: string): bigint {
  return fnv64a(hashLabels(labels).toString().padStart(16, '0') + url);
}

/** How many places an interval has for so many targets: some sixteen share one, and a burst of more would keep others waiting. A power of
 *  two, so that jobs with other intervals, and more targets, have the same ones among theirs. */
export function placesFor(targets: number): number {
  return Math.max(MIN_PLACES, 2 ** Math.ceil(Math.log2(targets / TARGETS_OF_A_PLACE)));
}

export interface Places {
  /** See offsetSeed. */
  readonly seed: bigint;
  readonly intervalMs: number;
  /** See placesFor. */
  readonly places: number;
}

/** @returns ms until the target's next place in the interval, at most the interval */
export function scrapeOffsetMs(hash: bigint, { seed, intervalMs, places }: Places, nowMs: number): number {
  const interval = BigInt(intervalMs) * NS_PER_MS;
  const now = BigInt(Math.round(nowMs)) * NS_PER_MS;
  const gap = interval / BigInt(places);
  const next = interval - (now % interval) + gap * (hash % BigInt(places)) + (seed % gap);
  return Number(next > interval ? next - interval : next) / Number(NS_PER_MS);
}

function fnv64a(text: string): bigint {
  let hash = OFFSET_BASIS;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}
