/** One endpoint that is scraped, and how that went last. */
import { parseDuration } from '@vigie/core/durations';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import type { ScrapeConfig } from '../config/collector-config.ts';
import { discoveredLabels, type Labels, publicLabels, SCRAPE_INTERVAL, SCRAPE_TIMEOUT } from './target-labels.ts';
import { targetUrl } from './target-url.ts';

/** What discovery said of a target, whether it is scraped or not. */
export interface DiscoveredTarget {
  readonly config: ScrapeConfig;
  readonly target: Labels;
  readonly group: Labels;
}

export interface LastScrape {
  /** Unix ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  /** undefined: it went well. */
  readonly error: string | undefined;
}

export class Target {
  /** Those that say how it is scraped among them. */
  readonly labels: LabelSet;
  /** Those that its samples have. */
  readonly publicLabels: LabelSet;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal for targets that are one. */
  readonly key: string;
  /** As it was found last; the configuration may be newer than the target. */
  discovered: DiscoveredTarget;
  lastScrape: LastScrape | undefined;
  /** Type, help and unit of its metrics by family. */
  metadata: ReadonlyMap<string, MetricMetadata> = new Map();

  constructor(labels: LabelSet, discovered: DiscoveredTarget) {
    const { config } = discovered;
    this.labels = labels;
    this.publicLabels = publicLabels(labels);
    this.url = targetUrl(labels, config.params);
    this.intervalMs = parseDuration(labels.get(SCRAPE_INTERVAL)) ?? config.intervalMs;
    this.timeoutMs = parseDuration(labels.get(SCRAPE_TIMEOUT)) ?? config.timeoutMs;
    this.key = `${labels.key}${this.url}`;
    this.discovered = discovered;
  }

  get health(): 'unknown' | 'up' | 'down' {
    if (this.lastScrape === undefined) return 'unknown';
    return this.lastScrape.error === undefined ? 'up' : 'down';
  }
}

/** Before relabeling. */
export function labelsBefore({ config, target, group }: DiscoveredTarget): LabelSet {
  return discoveredLabels(config, target, group);
}
