/** What the cluster of the benchmark has: 100 applications of 100 pods, all in one namespace. */

export const PODS = 10_000;
export const APPS = 100;
export const NAMESPACE = 'shop';
export const INTERVAL_MS = 15_000;

export const SERIES = [
  'requests_total',
  'errors_total',
  'queue_depth',
  'latency_seconds_sum',
  'latency_seconds_count',
] as const;

/** Of these series, by the names that they are offered by. */
export const METRICS = [
  'requests_per_second',
  'errors_per_second',
  'queue_depth',
  'latency_seconds',
  'latency_seconds_per_second',
] as const;

/** As a ReplicaSet calls them. */
export function podName(pod: number): string {
  const suffix = ((pod * 2_654_435_761) >>> 0).toString(36).padStart(7, '0');
  return `app-${pod % APPS}-5d4f8c7b9-${suffix}`;
}
