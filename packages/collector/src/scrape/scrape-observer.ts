/** Durations of scrapes, for histograms. */
export interface ScrapeObserver {
  /** How late a scrape began. */
  startDelay(seconds: number): void;
  duration(seconds: number): void;
}
