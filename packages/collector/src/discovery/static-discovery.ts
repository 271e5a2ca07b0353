/** Targets that stand in the configuration. */
import type { StaticDiscoveryConfig } from './discovery-config.ts';
import type { DiscoveryCounts } from './discovery-counters.ts';
import type { Discovery, TargetGroup } from './target-group.ts';

export class StaticDiscovery implements Discovery {
  readonly #groups: readonly TargetGroup[];
  readonly #counts: DiscoveryCounts;

  constructor({ groups }: StaticDiscoveryConfig, counts: DiscoveryCounts) {
    this.#groups = groups.map(({ targets, labels }, index) => ({
      source: String(index),
      labels,
      targets: targets.map((address) => ({ __address__: address })),
    }));
    this.#counts = counts;
  }

  run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#counts.updates++;
      update(this.#groups);
    });
  }
}
