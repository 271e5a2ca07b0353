import { COLLECTORS, type CollectorName } from './collector-names.ts';

/** hanging: it was not asked, because it has not come back from an earlier scrape. */
export const COLLECTOR_FAILURES = ['error', 'timeout', 'hanging'] as const;
export type CollectorFailure = (typeof COLLECTOR_FAILURES)[number];

/** What the agent counts of its scrapes of the host. It outlives reloads, and is there before the first scrape. */
export class HostMetricsCounters {
  scrapes = 0;
  readonly #failures = new Map<string, number>();

  /** @returns whether it is the first of its kind */
  fail(collector: CollectorName, reason: CollectorFailure): boolean {
    const key = `${collector} ${reason}`;
    const before = this.#failures.get(key) ?? 0;
    this.#failures.set(key, before + 1);
    return before === 0;
  }

  /** Those that have happened. */
  *failures(): Iterable<{
    readonly collector: CollectorName;
    readonly reason: CollectorFailure;
    readonly count: number;
  }> {
    for (const collector of COLLECTORS) {
      for (const reason of COLLECTOR_FAILURES) {
        const count = this.#failures.get(`${collector} ${reason}`) ?? 0;
        if (count > 0) yield { collector, reason, count };
      }
    }
  }
}
