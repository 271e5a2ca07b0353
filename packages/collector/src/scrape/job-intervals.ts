/** How often series come, by their label job: relabeling may give targets another one than the name of the job, as that of every object of the
 *  Prometheus operator does. */
import type { Clock } from '@vigie/core/clock';
import type { ScrapeIntervals } from '../adapter/default-metrics.ts';
import { keptLook } from './kept-look.ts';
import type { ScrapePool } from './scrape-pool.ts';

/** Of series that nobody scrapes here: what OpenTelemetry's SDKs push comes so often unless they are told otherwise, and by remote write
 *  what Prometheus scrapes. */
const PUSHED_INTERVAL_MS = 60_000;

type Pool = Pick<ScrapePool, 'config' | 'jobIntervals'>;

interface Known {
  readonly byLabel: ReadonlyMap<string, number>;
  readonly longestMs: number;
}

export class JobIntervals implements ScrapeIntervals {
  readonly #known: () => Known;

  /** @param pools those of now */
  constructor(pools: () => Iterable<Pool>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#known = keptLook(() => intervalsOf(pools()), clock);
  }

  /** Of jobs that share a label, the longest; of a label that no target has, the longest of all, and at least that of what is pushed. */
  ofJob(job: string): number {
    const { byLabel, longestMs } = this.#known();
    return byLabel.get(job) ?? longestMs;
  }

  get longestMs(): number {
    return this.#known().longestMs;
  }
}

function intervalsOf(pools: Iterable<Pool>): Known {
  const byLabel = new Map<string, number>();
  let longestMs = PUSHED_INTERVAL_MS;
  for (const { config, jobIntervals } of pools) {
    longestMs = Math.max(longestMs, config.intervalMs);
    for (const [label, intervalMs] of jobIntervals) {
      byLabel.set(label, Math.max(byLabel.get(label) ?? 0, intervalMs));
      longestMs = Math.max(longestMs, intervalMs);
    }
  }
  return { byLabel, longestMs };
}
