/** Discoveries that ask again and again for all that there is: files, HTTP, DNS. Source: Prometheus, discovery/refresh. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { DiscoveryCounts } from './discovery-counters.ts';
import { GroupChanges } from './group-changes.ts';
import type { Discovery, TargetGroup } from './target-group.ts';

export interface RefreshSource {
  readonly intervalMs: number;
  /** All groups as of now.
   *  @throws what keeps them from being known: the groups of before stay */
  refresh(signal: AbortSignal): Promise<readonly TargetGroup[]>;
  /** Calls `changed` when a refresh is worth its while before the interval is over.
   *  @returns ends that */
  watch?(changed: () => void): () => void;
  /** Called once, when nothing of it runs any more. */
  close?(): void;
}

export interface RefreshDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
}

/** A file is written in several steps, and folders of a ConfigMap are swapped in several: one refresh for all of them. */
const SETTLE_MS = 100;

export class RefreshedDiscovery implements Discovery {
  readonly #source: RefreshSource;
  readonly #deps: RefreshDeps;

  constructor(source: RefreshSource, deps: RefreshDeps) {
    this.#source = source;
    this.#deps = deps;
  }

  async run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void> {
    const changes = new GroupChanges();
    const waiting = new Waiting(this.#deps.clock);
    const unwatch = this.#source.watch?.(() => waiting.change());
    try {
      while (!signal.aborted) {
        waiting.begin();
        const groups = await this.#refresh(signal);
        if (signal.aborted) return;
        const changed = groups === undefined ? undefined : changes.since(groups);
        if (changed !== undefined) {
          this.#deps.counts.updates++;
          update(changed);
        }
        await waiting.end(this.#source.intervalMs, signal);
      }
    } finally {
      unwatch?.();
      this.#source.close?.();
    }
  }

  async #refresh(signal: AbortSignal): Promise<readonly TargetGroup[] | undefined> {
    try {
      return await this.#source.refresh(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#deps.counts.failures++;
      this.#deps.log.warn('targets could not be found out, those of before stay', { error });
      return undefined;
    }
  }
}

/** Between two refreshes: until the interval is over, or shortly after a change, also one that came during the first. */
class Waiting {
  readonly #clock: Clock;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#changed = false;
  }

  change(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves when the signal aborts too. */
  async end(intervalMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#changed) await this.#sleep(intervalMs, signal);
    this.#wake = undefined;
    if (this.#changed) await this.#sleep(SETTLE_MS, signal);
  }

  #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#clock.setTimer(delayMs, end);
      signal.addEventListener('abort', end, { once: true });
      this.#wake = this.#changed ? undefined : end;
    });
  }
}
