/** How often series come, by their label job: relabeling may give targets another one than the name of the job, as that of every object of the
 *  Prometheus operator does. */
import type { Clock } from '@vigie/core/clock';
import type { ScrapeIntervals } from '../adapter/default-metrics.ts';
import type { ScrapePool } from './scrape-pool.ts';

/** Of series that nobody scrapes here: what OpenTelemetry's SDKs push comes so often unless they are told otherwise, and by remote write
 *  what Prometheus scrapes. */
const PUSHED_INTERVAL_MS = 60_000;
/** Each request for the metrics of pods asks of every series; all targets are gone through at most so often. */
const KEPT_MS = 5000;

interface Known {
  readonly byLabel: ReadonlyMap<string, number>;
  readonly longestMs: number;
}

export class JobIntervals implements ScrapeIntervals {
  readonly #pools: () => Iterable<Pick<ScrapePool, 'config' | 'jobIntervals'>>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #known: Known | undefined;
  #knownAtMs = 0;

  /** @param pools those of now */
  constructor(pools: () => Iterable<Pick<ScrapePool, 'config' | 'jobIntervals'>>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#pools = pools;
    this.#clock = clock;
  }

  /** Of jobs that share a label, the longest; of a label that no target has, the longest of all, and at least that of what is pushed. */
  ofJob(job: string): number {
    const { byLabel, longestMs } = this.#now();
    return byLabel.get(job) ?? longestMs;
  }

  get longestMs(): number {
    return this.#now().longestMs;
  }

  #now(): Known {
    const nowMs = this.#clock.monotonicMs();
    if (this.#known !== undefined && nowMs - this.#knownAtMs < KEPT_MS) return this.#known;
    const byLabel = new Map<string, number>();
    let longestMs = PUSHED_INTERVAL_MS;
    for (const { config, jobIntervals } of this.#pools()) {
      longestMs = Math.max(longestMs, config.intervalMs);
      for (const [label, intervalMs] of jobIntervals) {
        byLabel.set(label, Math.max(byLabel.get(label) ?? 0, intervalMs));
        longestMs = Math.max(longestMs, intervalMs);
      }
    }
    this.#knownAtMs = nowMs;
    this.#known = { byLabel, longestMs };
    return this.#known;
  }
}
