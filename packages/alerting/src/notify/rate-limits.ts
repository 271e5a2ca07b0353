/** The rates of all integrations that have one. They outlive a configuration: what was told before a reload counts behind it, and what waits goes on
 *  waiting while there is a rate. */
import { RateLimit, type RateLimitDeps } from './rate-limit.ts';
import type { Receiver } from './receiver.ts';

/** What an integration was told. */
interface Told {
  readonly integration: string;
  readonly entry: { readonly timeMs: number };
}

export class RateLimits {
  readonly #deps: RateLimitDeps;
  readonly #limits = new Map<string, RateLimit>();

  constructor(deps: RateLimitDeps) {
    this.#deps = deps;
  }

  /** By the ids of integrations. */
  get all(): ReadonlyMap<string, RateLimit> {
    return this.#limits;
  }

  /** Another configuration is in force. */
  apply(receivers: Iterable<Receiver>): void {
    const limited = new Set<string>();
    for (const { integrations, options } of receivers) {
      if (options.rateLimit === undefined) continue;
      for (const { id, kind } of integrations) {
        limited.add(id);
        const known = this.#limits.get(id);
        if (known === undefined) this.#limits.set(id, new RateLimit(options.rateLimit, kind, this.#deps));
        else known.retune(options.rateLimit);
      }
    }
    for (const [id, limit] of this.#limits) {
      if (limited.has(id)) continue;
      this.#limits.delete(id);
      limit.lift();
    }
  }

  /** After a start: what was told of late, by this process' predecessor or another replica, counts.
   *  @param all of each group what was told last, which is less than all, and of a digest more than one: the next may wait for longer than it had to */
  restore(all: Iterable<Told>): void {
    const nowMs = this.#deps.clock.nowMs();
    const counts = new Map<string, number>();
    for (const { integration, entry } of all) {
      const limit = this.#limits.get(integration);
      if (limit === undefined || entry.timeMs > nowMs || entry.timeMs <= nowMs - limit.periodMs) continue;
      counts.set(integration, (counts.get(integration) ?? 0) + 1);
    }
    for (const [integration, count] of counts) this.#limits.get(integration)?.spend(count);
  }
}
