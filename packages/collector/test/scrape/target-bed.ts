/** Targets whose scrapes go into a database without log. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { HeadOptions } from '@vigie/tsdb/head/options';
import type { ScrapeConfig } from '../../src/config/collector-config.ts';
import { AppendRows } from '../../src/scrape/append-rows.ts';
import { JobCounts } from '../../src/scrape/job-counts.ts';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { ScrapeError } from '../../src/scrape/scrape-error.ts';
import { TargetSamples } from '../../src/scrape/target-samples.ts';
import { scrapeConfig, TARGET } from './configs.ts';
import { type RecordingStore, recordingStore } from './recorded.ts';

/** Of the first scrape of each target. */
export const START_MS = 1_700_000_000_000;

export class TargetBed {
  readonly store: RecordingStore;
  readonly counts = new JobCounts();
  #nowMs = START_MS;

  constructor(head: Partial<HeadOptions> = {}) {
    this.store = recordingStore(START_MS, () => this.#nowMs, head);
  }

  /** Each call of its `scrape` is the next one, 15 s later. */
  target(config: Partial<ScrapeConfig> = {}, labels = TARGET) {
    const { store, counts } = this;
    const deps = { store, rows: new AppendRows(), metadata: new MetadataPool() };
    const samples = new TargetSamples(labels, scrapeConfig(config), 10_000, deps);
    let scrapes = 0;
    const scrape = (
      body: string | Buffer | ScrapeError,
      contentType = 'text/plain; version=0.0.4',
    ): string | undefined => {
      this.#nowMs = START_MS + 15_000 * scrapes++;
      const fetched = body instanceof ScrapeError ? body : { body: Buffer.from(body), contentType };
      return samples.record(fetched, this.#nowMs, () => 0.25, counts).failure?.message;
    };
    return { samples, scrape };
  }

  /** Samples of the series that has no labels but those of the target. */
  async report(name: string): Promise<string | undefined> {
    return (await this.store.recorded(name))[series()];
  }
}

/** As the store has it recorded. */
export function series(labels: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify(LabelSet.of({ ...TARGET.toJSON(), ...labels }));
}
