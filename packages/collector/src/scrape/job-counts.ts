/** What happened to the scrapes of one job, as plain numbers. */
import { SCRAPE_FAILURES, type ScrapeFailure } from './scrape-error.ts';

export class JobCounts {
  scrapes = 0;
  /** Those that were due while the one before was still under way. */
  missed = 0;
  /** Taken or not. */
  samples = 0;
  syncs = 0;
  /** Targets that discovery gave and that could be none. */
  invalidTargets = 0;
  readonly failures: Record<ScrapeFailure, number>;
  /** Samples that the database did not take, by reason. */
  readonly refused = new Map<string, number>();

  constructor() {
    const zeros = SCRAPE_FAILURES.map((failure) => [failure, 0] as const);
    this.failures = Object.fromEntries(zeros) as Record<ScrapeFailure, number>;
  }

  refuse(reason: string, count: number): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + count);
  }
}
