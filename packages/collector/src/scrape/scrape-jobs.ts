/** All jobs of a configuration. */
import type { ScrapeConfig } from '../config/collector-config.ts';
import { sameConfig } from './same-samples.ts';
import { ScrapeJob, type ScrapeJobDeps } from './scrape-job.ts';
import type { ScrapePool } from './scrape-pool.ts';

export class ScrapeJobs {
  readonly #deps: ScrapeJobDeps;
  readonly #jobs = new Map<string, ScrapeJob>();
  /** Of the configuration before, until their series have ended. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(deps: ScrapeJobDeps) {
    this.#deps = deps;
  }

  /** By job name. */
  get pools(): ReadonlyMap<string, ScrapePool> {
    const names = [...this.#jobs.keys()].sort();
    return new Map(
      names.flatMap((name) => {
        const job = this.#jobs.get(name);
        return job === undefined ? [] : [[name, job.pool] as const];
      }),
    );
  }

  /** Jobs that are as they were go on undisturbed. Resolves when what was under way in another way is over. */
  async apply(configs: readonly ScrapeConfig[]): Promise<void> {
    const names = new Set(configs.map(({ jobName }) => jobName));
    for (const [name, job] of this.#jobs) {
      if (names.has(name)) continue;
      this.#jobs.delete(name);
      job.retire();
      const leaving = job.close().finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
    const reloads: Promise<void>[] = [];
    for (const config of configs) {
      const known = this.#jobs.get(config.jobName);
      if (known === undefined) {
        const job = new ScrapeJob(config, this.#deps);
        this.#jobs.set(config.jobName, job);
        job.start();
      } else if (!sameConfig(known.pool.config, config)) reloads.push(known.reload(config));
    }
    await Promise.all(reloads);
  }

  /** When each of the targets that are found first has been scraped once. */
  async firstScrapes(): Promise<void> {
    await Promise.all(Array.from(this.#jobs.values(), (job) => job.firstScrapes()));
  }

  /** To be called when `shutdown` is aborted. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    await Promise.all([...Array.from(this.#jobs.values(), (job) => job.close()), ...this.#leaving]);
  }
}
