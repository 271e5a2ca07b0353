/** One `scrape_configs` entry at work: its discoveries, and the pool of targets that they find. */
import type { Timer } from '@vigie/core/clock';
import type { ScrapeConfig } from '../config/collector-config.ts';
import { configText } from '../config/config-text.ts';
import type { DiscoveryConfig } from '../discovery/discovery-config.ts';
import type { Discovery, TargetGroup } from '../discovery/target-group.ts';
import { ScrapePool, type ScrapePoolDeps } from './scrape-pool.ts';

export interface ScrapeJobDeps extends ScrapePoolDeps {
  readonly discover: (config: DiscoveryConfig, jobName: string) => Discovery;
}

interface RunningDiscovery {
  readonly ending: AbortController;
  readonly running: Promise<void>;
  /** Names of its groups. */
  readonly groups: Set<string>;
}

/** Changes that come one after the other are taken together: a rollout is hundreds. */
const UPDATE_DELAY_MS = 250;

export class ScrapeJob {
  readonly pool: ScrapePool;
  readonly #deps: ScrapeJobDeps;
  #discoveries: readonly RunningDiscovery[] = [];
  #discoveryText = '';
  /** By name, the newest of each. */
  #changed = new Map<string, TargetGroup>();
  #timer: Timer | undefined;
  /** Groups of discoveries by the configuration before, until those of now have said what there is. */
  #outdated = new Map<number, ReadonlySet<string>>();
  #generation = 0;
  readonly #firstUpdate: Promise<void>;
  #updated: () => void = () => undefined;

  constructor(config: ScrapeConfig, deps: ScrapeJobDeps) {
    this.#deps = deps;
    this.#firstUpdate = new Promise((resolve) => {
      this.#updated = resolve;
    });
    this.pool = new ScrapePool(config, deps);
  }

  start(): void {
    this.#discover();
  }

  /** Discoveries go on undisturbed where their configuration is the same. */
  async reload(config: ScrapeConfig): Promise<void> {
    await this.pool.reload(config);
    if (configText(config.discovery) !== this.#discoveryText) this.#discover();
  }

  /** When each of the targets that are found first has been scraped once; at the latest when the job ends. */
  async firstScrapes(): Promise<void> {
    await this.#firstUpdate;
    await this.pool.firstScrapes();
  }

  /** The job is no more: its series end. */
  retire(): void {
    this.#stopDiscoveries();
    this.#updated();
    this.pool.retire();
  }

  /** To be called when `shutdown` is aborted, or after `retire`. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    const ended = this.#discoveries.map(({ running }) => running);
    this.#stopDiscoveries();
    this.#updated();
    await Promise.all([...ended, this.pool.close()]);
  }

  #discover(): void {
    const { discovery, jobName } = this.pool.config;
    const before = this.#discoveries.flatMap(({ groups }) => [...groups]);
    this.#stopDiscoveries();
    this.#discoveryText = configText(discovery);
    const generation = ++this.#generation;
    this.#outdated = new Map([[generation, new Set(before)]]);
    let isSilent = discovery.length;
    if (isSilent === 0) this.#endOutdated(generation);
    this.#discoveries = discovery.map((config, index) => {
      const ending = new AbortController();
      const groups = new Set<string>();
      let hasSpoken = false;
      const update = (changed: readonly TargetGroup[]): void => {
        if (ending.signal.aborted) return;
        for (const group of changed) {
          const name = `${generation}/${index}/${group.source}`;
          this.#changed.set(name, group);
          // Those of an object are made when they are asked for; of one that has gone there are none.
          if (group.outline === undefined && group.targets.length === 0) groups.delete(name);
          else groups.add(name);
        }
        if (!hasSpoken && --isSilent === 0) this.#endOutdated(generation);
        hasSpoken = true;
        this.#flushLater();
      };
      const running = this.#deps
        .discover(config, jobName)
        .run(update, ending.signal)
        .catch((error: unknown) =>
          this.#deps.log.error('targets are not discovered any more', { job: jobName, error }),
        );
      return { ending, running, groups };
    });
  }

  /** With the first words of the discoveries of now, in one update: targets that both know are scraped on. */
  #endOutdated(generation: number): void {
    for (const name of this.#outdated.get(generation) ?? []) {
      this.#changed.set(name, { source: name, labels: {}, targets: [] });
    }
    this.#outdated = new Map();
    this.#flushLater();
  }

  /** The first words at once, others together. */
  #flushLater(): void {
    this.#timer ??= this.#deps.clock.setTimer(this.pool.counts.syncs === 0 ? 0 : UPDATE_DELAY_MS, () => {
      this.#timer = undefined;
      const changed = this.#changed;
      this.#changed = new Map();
      this.pool.update(changed);
      this.#updated();
    });
  }

  #stopDiscoveries(): void {
    for (const { ending } of this.#discoveries) ending.abort();
    this.#discoveries = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed = new Map();
  }
}
