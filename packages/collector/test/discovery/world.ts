/** What a discovery told, and what it stands in, for tests. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog, type Log } from '@vigie/core/log';
import { onTestFinished } from 'vitest';
import { createDiscoveryCounters, type DiscoveryCounters } from '../../src/discovery/discovery-counters.ts';
import type { Discovery, TargetGroup } from '../../src/discovery/target-group.ts';

export class DiscoveryWorld {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly log: Log = createLog('debug', { write: (line) => void this.logged.push(line) });
  readonly counters: DiscoveryCounters = createDiscoveryCounters();
  /** One entry per update. */
  readonly told: (readonly TargetGroup[])[] = [];
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Runs it until the test is over. */
  run(discovery: Discovery): void {
    this.#running = discovery.run(
      // As they are when they are told of: some are made when they are read.
      (groups) => this.told.push(groups.map(({ source, labels, targets }) => ({ source, labels, targets }))),
      this.#ending.signal,
    );
    onTestFinished(() => this.end());
  }

  /** Resolves when nothing of it runs any more. */
  async end(): Promise<void> {
    this.#ending.abort(new Error('the test is over'));
    await this.#running;
  }

  /** As known from all that was told: addresses by source. */
  get targets(): Readonly<Record<string, readonly string[]>> {
    const known = new Map<string, readonly string[]>();
    for (const { source, targets } of this.told.flat())
      if (targets.length === 0) known.delete(source);
      else
        known.set(
          source,
          targets.map((target) => target.__address__ ?? ''),
        );
    return Object.fromEntries(known);
  }
}

/** @returns resolves when the condition holds; what comes over real files and sockets comes when it comes */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
