/** What discoveries count, for telemetry. */

export const DISCOVERY_KINDS = ['static', 'file', 'http', 'dns', 'consul', 'kubernetes'] as const;
export type DiscoveryKind = (typeof DISCOVERY_KINDS)[number];

export interface DiscoveryCounts {
  /** Updates of target groups that were handed on. */
  updates: number;
  /** Files, answers and lookups that could not be had or read; the targets of before stay. */
  failures: number;
}

export type DiscoveryCounters = Readonly<Record<DiscoveryKind, DiscoveryCounts>>;

export function createDiscoveryCounters(): DiscoveryCounters {
  const zero = (): DiscoveryCounts => ({ updates: 0, failures: 0 });
  return { static: zero(), file: zero(), http: zero(), dns: zero(), consul: zero(), kubernetes: zero() };
}
