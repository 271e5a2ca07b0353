/** What /api/v1/targets, /api/v1/targets/metadata and /api/v1/scrape_pools answer, in Prometheus' JSON. Source: Prometheus,
 *  web/api/v1/api.go. */
import { formatDuration } from '@vigie/core/durations';
import type { TargetsMetadataQuery, TargetsQuery } from '@vigie/promql/api/options';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { ScrapePool } from '../scrape/scrape-pool.ts';
import { labelsBefore, type Target } from '../scrape/target.ts';

export type Pools = ReadonlyMap<string, ScrapePool>;

interface ActiveTargetJson {
  readonly discoveredLabels: LabelSet;
  readonly labels: LabelSet;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** As others reach it. */
  readonly globalUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: Target['health'];
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

interface TargetsJson {
  readonly activeTargets: readonly ActiveTargetJson[];
  readonly droppedTargets: readonly { readonly discoveredLabels: LabelSet; readonly scrapePool: string }[];
  readonly droppedTargetCounts: Readonly<Record<string, number>> | null;
}

interface TargetMetadataJson {
  readonly target: LabelSet;
  readonly metric?: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** How Go writes a time that is none. */
const NO_TIME = '0001-01-01T00:00:00Z';
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @param hostName of this host, for targets that are on it */
export function answerTargets(pools: Pools, query: TargetsQuery, hostName: string): TargetsJson {
  const asked = [...pools].filter(([name]) => query.scrapePool === '' || query.scrapePool === name);
  const active = query.active ? asked : [];
  const dropped = query.dropped ? asked : [];
  return {
    activeTargets: active.flatMap(([name, pool]) => pool.targets.map((target) => targetJson(target, name, hostName))),
    droppedTargets: dropped.flatMap(([scrapePool, pool]) =>
      pool.dropped.map((target) => ({ discoveredLabels: labelsBefore(target), scrapePool })),
    ),
    // Of all pools, whichever is asked for.
    droppedTargetCounts: query.dropped
      ? Object.fromEntries([...pools].map(([name, { droppedCount }]) => [name, droppedCount]))
      : null,
  };
}

export function answerTargetsMetadata(pools: Pools, query: TargetsMetadataQuery): readonly TargetMetadataJson[] {
  const { matchers, metric, limit = Number.POSITIVE_INFINITY } = query;
  const found: TargetMetadataJson[] = [];
  for (const { publicLabels: target, metadata } of [...pools.values()].flatMap(({ targets }) => targets)) {
    if (!matchers.every((matcher) => matcher.matches(target.get(matcher.name)))) continue;
    const one = metadata.get(metric);
    for (const { type, help, unit, metric: family } of metric === ''
      ? metadata.values()
      : one === undefined
        ? []
        : [one]) {
      if (found.length >= limit) return found;
      found.push({ target, ...(metric === '' ? { metric: family } : {}), type, help, unit });
    }
  }
  return found;
}

export function answerScrapePools(pools: Pools): { readonly scrapePools: readonly string[] } {
  return { scrapePools: [...pools.keys()] };
}

function targetJson(target: Target, scrapePool: string, hostName: string): ActiveTargetJson {
  const { lastScrape } = target;
  return {
    discoveredLabels: labelsBefore(target.discovered),
    labels: target.publicLabels,
    scrapePool,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, hostName),
    lastError: lastScrape?.error ?? '',
    lastScrape: lastScrape === undefined ? NO_TIME : goTime(lastScrape.startedMs),
    lastScrapeDuration: (lastScrape?.durationMs ?? 0) / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
  };
}

function globalUrl(url: string, hostName: string): string {
  const match = /^([a-z]+:\/\/)(\[[^\]]*\]|[^:/]*)(.*)$/.exec(url);
  if (match === null) return url;
  const [, scheme = '', host = '', rest = ''] = match;
  return LOCAL_HOSTS.has(host) ? scheme + hostName + rest : url;
}

/** RFC 3339 without trailing zeros. */
function goTime(timestampMs: number): string {
  return new Date(timestampMs).toISOString().replace(/\.?0+Z$/, 'Z');
}
