/** Which endpoints several targets are about, of one job or of several. */
import type { Clock } from '@vigie/core/clock';
import type { SharedEndpoint, SharedEndpoints } from '../adapter/repeated-series.ts';
import type { ScrapePool } from './scrape-pool.ts';
import type { Target } from './target.ts';

/** Each request for the metrics of pods asks of every series; all targets are gone through at most so often. */
const KEPT_MS = 5000;

interface Endpoint extends SharedEndpoint {
  readonly labelNames: Set<string>;
}

export class EndpointTargets implements SharedEndpoints {
  readonly #pools: () => Iterable<Pick<ScrapePool, 'eachTarget'>>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #shared: ReadonlyMap<string, SharedEndpoint> = new Map();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** @param pools those of now */
  constructor(pools: () => Iterable<Pick<ScrapePool, 'eachTarget'>>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#pools = pools;
    this.#clock = clock;
  }

  of(instance: string): SharedEndpoint | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedAtMs >= KEPT_MS) {
      this.#lookedAtMs = nowMs;
      this.#shared = this.#look();
    }
    return this.#shared.get(instance);
  }

  /** By the label instance. */
  #look(): ReadonlyMap<string, SharedEndpoint> {
    const firsts = new Map<string, Target>();
    const shared = new Map<string, Endpoint>();
    for (const pool of this.#pools()) {
      for (const target of pool.eachTarget()) {
        const first = firsts.get(target.url);
        if (first === undefined) firsts.set(target.url, target);
        else share(first, target, shared);
      }
    }
    return shared;
  }
}

/** They may call it by two instances, where relabeling has. */
function share(first: Target, target: Target, shared: Map<string, Endpoint>): void {
  const id = first.publicLabels.get('instance');
  const endpoint = shared.get(id) ?? { id, labelNames: new Set<string>() };
  for (const { publicLabels } of [first, target]) {
    for (const name of publicLabels.names) endpoint.labelNames.add(name);
    const instance = publicLabels.get('instance');
    if (!shared.has(instance)) shared.set(instance, endpoint);
  }
}
